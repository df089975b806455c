"""Bodies that are almost right: what real clients send, with one or two things bent, and sometimes squeezed or cut."""

import base64
import copy
import gzip
import json
import random
import uuid
import zlib
from typing import Any

import zstandard

from tests.tracker.sending import USER

STAMP = "2026-03-10T11:00:00Z"
SIGNED = {
    "event": "page_view",
    "user_hash": USER,
    "customer_org_id": "org_456",
    "path": "/tasks/1?x=2",
    "session_id": "123e4567-e89b-12d3-a456-426614174000",
    "plan": "pro",
    "environment": "production",
    "ts_epoch": 1_767_225_600,
    "event_id": "k-1",
    "properties": {"a": 1, "$set": {"seats": 5}, "$set_once": {"source": "ad"}, "plan": "pro"},
    "context": {"traits": {"plan": "pro"}},
}
POSTHOG = {
    "event": "$pageview",
    "distinct_id": "u-1",
    "uuid": "123e4567-e89b-12d3-a456-426614174001",
    "timestamp": STAMP,
    "properties": {
        "$lib": "posthog-python",
        "$lib_version": "7.9",
        "$groups": {"company": "org_456"},
        "$current_url": "https://app.example.com/tasks?x=1",
        "$session_id": "0190b6a0-0000-7000-8000-000000000000",
        "$set": {"plan": "pro"},
        "$group_type": "company",
        "$group_key": "org_456",
        "$group_set": {"seats": 5},
        "token": "",
    },
    "$set": {"name": "x"},
    "$set_once": {"first": 1},
    "offset": 12,
    "options": {"cookieless_mode": True},
}
SEGMENT = {
    "type": "track",
    "event": "report_opened",
    "messageId": "ajs-1",
    "timestamp": STAMP,
    "originalTimestamp": STAMP,
    "sentAt": STAMP,
    "userId": "u-1",
    "anonymousId": "a-1",
    "groupId": "org_456",
    "previousId": "u-0",
    "properties": {"customer": "org_456", "email": "a@example.com"},
    "traits": {"seats": 3},
    "context": {"groupId": "org_456", "library": {"name": "ajs", "version": "1"}, "page": {"path": "/a"}},
    "integrations": {},
}
KINDS = {
    "event": ["$identify", "$set", "$groupidentify", "$create_alias", "$merge_dangerously", "$screen", ""],
    "type": ["identify", "page", "screen", "group", "alias", "batch"],
}
ODD: list[Any] = [
    *(None, True, False, 0, -1, 5, 1e308, -0.0, 2**31, 2**63, 2**64, 10**30, 10**400),
    *(1_767_225_600_000, 253_402_300_800),
    *("", " ", "null", "undefined", "[object Object]", "{n}", "%00", "../..", "\u202e", "\ufeff", "é"),
    *("\x00", "a\x00b", "\ud800", "\udfff\ud800", "x" * 256, "x" * 2049, "/" + "y" * 2048, "a" * 64, "A" * 63 + "g"),
    *("9999-12-31T23:59:59Z", "0000-00-00", "0001-01-01T00:00:00+23:59", "2026-02-30", "now", "1e999"),
    *("٣" * 36, "{123e4567-e89b-12d3-a456-426614174000}"),
    *([], {}, [[]], [None], {"": ""}, {"$set": {"$set": []}}, {"\x00": "\ud800"}, ["x"] * 300),
]
SCRATCHES = [b"\x00", b"\xff", b"\xed\xa0\x80", b"{", b"}", b"[", b"]", b",", b'"', b"\\", b"NaN", b"1e999"]
SCRATCHES += [b"\n", b"\r\n", b"\xef\xbb\xbf"]


def nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"n": value}
    return value


def places(value: Any, path: tuple = ()) -> list[tuple]:
    """Every place inside a value, as the keys that lead there."""
    found = [path] if path else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        found += places(each, (*path, key))
    return found


def bent(value: dict, dice: random.Random) -> dict:
    """A copy with some values odd, gone, renamed, doubled in kind, or nested; mostly under a key of its own."""
    value = copy.deepcopy(value)
    for name in {"event_id", "uuid", "messageId"} & value.keys():
        if dice.random() < 0.9:
            value[name] = str(uuid.UUID(int=dice.getrandbits(128)))
    for name, kinds in KINDS.items():
        if name in value and dice.random() < 0.4:
            value[name] = dice.choice(kinds)
    for _ in range(dice.choice([0, 1, 1, 2, 3])):
        *way, last = dice.choice(places(value) or [("event",)])
        inside = value
        for key in way:
            inside = inside[key]
        act = dice.random()
        if act < 0.6:
            inside[last] = copy.deepcopy(dice.choice(ODD))
        elif act < 0.75:
            del inside[last]
        elif act < 0.85:
            inside[last] = nested(dice.choice([3, 31, 32, 33, 90]))
        elif act < 0.95 and isinstance(inside, dict):
            inside[str(dice.choice(ODD))[:300]] = inside[last]
        elif isinstance(inside, dict):
            inside |= {f"p{n}": n for n in range(dice.choice([10, 300]))}
    return value


def written(value: Any, dice: random.Random) -> bytes:
    """JSON as different writers make it; now and then with a scratch."""
    raw = json.dumps(value, ensure_ascii=dice.random() < 0.7).encode("utf-8", "surrogatepass")
    for _ in range(dice.choice([0, 0, 0, 0, 0, 1, 2])):
        at = dice.randrange(len(raw) + 1)
        raw = raw[:at] + dice.choice(SCRATCHES) + raw[at + dice.randrange(3) :]
    return raw[: dice.randrange(len(raw) + 1)] if dice.random() < 0.03 else raw


def squeezed(raw: bytes, dice: random.Random) -> bytes:
    """As it travels: often as it is, else compressed, as a form or in base64, rarely broken on the way."""
    ways = [
        gzip.compress,
        zlib.compress,
        zstandard.ZstdCompressor().compress,
        base64.b64encode,
        lambda body: b"data=" + base64.b64encode(body),
        lambda body: gzip.compress(gzip.compress(body)),
        lambda body: gzip.compress(body)[: dice.randrange(1, 40)],
        lambda body: gzip.compress(body) + b"x",
    ]
    return dice.choice(ways)(raw) if dice.random() < 0.25 else raw


def items(kind: dict, dice: random.Random) -> list:
    """A few of them, one of which may be no object at all."""
    made: list = [bent(kind, dice) for _ in range(dice.choice([1, 1, 2, 3, 5]))]
    if dice.random() < 0.1:
        made.insert(dice.randrange(len(made) + 1), copy.deepcopy(dice.choice(ODD)))
    return made


def one(dice: random.Random) -> bytes:
    return written(bent(SIGNED, dice), dice)


def batch(dice: random.Random) -> bytes:
    """An array, an envelope or lines."""
    made, way = items(SIGNED, dice), dice.random()
    if way < 0.4:
        return written(made, dice)
    if way < 0.7:
        return written({"events": made}, dice)
    return b"\n".join(written(each, dice) for each in made)


def posthog(dice: random.Random) -> bytes:
    """A batch, one bare event or a bare array; the key stands beside or inside."""
    made, way = items(POSTHOG, dice), dice.random()
    if way < 0.7:
        envelope = {
            "api_key": "KEY",
            "batch": made,
            "sent_at": dice.choice([STAMP, *ODD]),
            "historical_migration": False,
        }
        return written(envelope if dice.random() < 0.8 else bent(envelope, dice), dice)
    return written(made if way < 0.85 else {"token": "KEY", **(made[0] if isinstance(made[0], dict) else {})}, dice)


def segment(dice: random.Random) -> bytes:
    made = items(SEGMENT, dice)
    if dice.random() < 0.7:
        envelope = {
            "batch": made,
            "sentAt": dice.choice([STAMP, *ODD]),
            "writeKey": "KEY",
            "context": SEGMENT["context"],
        }
        return written(envelope if dice.random() < 0.8 else bent(envelope, dice), dice)
    return written(made[0], dice)
