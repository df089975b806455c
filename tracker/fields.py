"""The fields of an event, one small function each. They take what JSON gave and answer what is stored, or BadEvent."""

import json
import math
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import orjson

from orgs.keys import BadId, clean_external_id
from tracker.incoming import BadEvent

LONGEST_NAME = 255
LONGEST_PATH = 2048
LONGEST_PLAN = 64
LONGEST_ENVIRONMENT = 32
LONGEST_KEY = 200
MOST_PROPERTIES = 256
DEEPEST = 32
PRODUCTION = "production"
SESSION_SECONDS = 1800
FURTHEST_AHEAD = timedelta(days=365)
# From here on a number of seconds lies after the year 5138: it can only be milliseconds.
MILLISECONDS_FROM = 10**11
HASH = re.compile(r"[0-9a-fA-F]{64}")
SESSION = re.compile(r"[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}")
# No text column takes NUL or half a surrogate pair, and one such row would lose a whole statement of good ones.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Objects inside the properties that hold properties themselves.
NESTED = ("$set", "$set_once", "user_properties")


def text(value: Any, field: str, longest: int) -> str:
    """Text of 1 to `longest` characters that a database column can hold."""
    if not isinstance(value, str):
        raise BadEvent("invalid_field", f"`{field}` must be text.", field, value)
    if not value:
        raise BadEvent("invalid_field", f"`{field}` is empty.", field, value)
    if len(value) > longest:
        raise BadEvent(
            "too_long", f"`{field}` has {len(value)} characters; at most {longest} are allowed.", field, value
        )
    if not value.isascii() or "\x00" in value:
        storable(value, field)
    return value


def storable(value: str, field: str) -> str:
    if UNSTORABLE.search(value):
        raise BadEvent("unstorable_text", f"`{field}` contains NUL or half a surrogate pair; remove it.", field, value)
    return value


def required(value: Any, field: str) -> Any:
    if value is None:
        raise BadEvent("required", f"`{field}` is required.", field)
    return value


def name(value: Any) -> str:
    return _words(required(value, "event"), "event", LONGEST_NAME)


def _words(value: Any, field: str, longest: int) -> str:
    if text(value, field, longest).isspace():
        raise BadEvent("invalid_field", f"`{field}` is blank.", field, value)
    return value


def user_hash(value: Any) -> bytes:
    required(value, "user_hash")
    if not isinstance(value, str) or not HASH.fullmatch(value):
        message = "`user_hash` must be exactly 64 hexadecimal characters: the SHA-256 of the user's id."
        raise BadEvent("invalid_field", message, "user_hash", value)
    return bytes.fromhex(value)


def organization(value: Any) -> str:
    required(value, "customer_org_id")
    try:
        return clean_external_id(value)
    except BadId as error:
        raise BadEvent("invalid_field", f"`customer_org_id` {error.message}.", "customer_org_id", value) from error


def path(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value.startswith("/"):
        raise BadEvent("invalid_field", "`path` must be text that starts with “/”.", "path", value)
    return text(value, "path", LONGEST_PATH)


def session_id(value: Any) -> bytes:
    # UUID() alone takes braces, "urn:" and digits of any script.
    if not isinstance(value, str) or not SESSION.fullmatch(value):
        raise BadEvent("invalid_field", "`session_id` must be a UUID; leave it out to have it inferred.", "session_id")
    return bytes.fromhex(value.replace("-", ""))


def inferred_session(application_id: int, external_id: str, user: bytes, occurred_at: datetime) -> bytes:
    """The same application, organization, user and half hour give the same session: the 16 bytes of a UUID."""
    bucket = int(occurred_at.timestamp()) // SESSION_SECONDS
    seed = b"%d\x00%s\x00%s%d" % (application_id, external_id.encode(), user, bucket)
    return blake2b(seed, digest_size=16).digest()


def plan(value: Any, properties: Any, context: Any) -> str | None:
    """The field, else text in `properties.plan` or `context.traits.plan`; only the field itself can be refused."""
    if value is not None:
        return _words(value, "plan", LONGEST_PLAN)
    traits = context.get("traits") if isinstance(context, dict) else None
    for place in (properties, traits):
        value = place.get("plan") if isinstance(place, dict) else None
        if value is not None:
            with suppress(BadEvent):
                return _words(value, "plan", LONGEST_PLAN)
    return None


def environment(value: Any) -> str:
    return PRODUCTION if value is None else _words(value, "environment", LONGEST_ENVIRONMENT)


def occurred_at(value: Any, received_at: datetime) -> datetime:
    if value is None:
        return received_at
    if type(value) is not int:
        raise BadEvent("invalid_field", "`ts_epoch` must be a whole number of Unix seconds.", "ts_epoch", value)
    if value >= MILLISECONDS_FROM:
        message = "`ts_epoch` looks like milliseconds; send Unix seconds (divide by 1000)."
        raise BadEvent("milliseconds", message, "ts_epoch", value)
    if value < 0:
        raise BadEvent("invalid_field", "`ts_epoch` lies before 1970; send Unix seconds >= 0.", "ts_epoch", value)
    moment = datetime.fromtimestamp(value, UTC)
    if moment > received_at + FURTHEST_AHEAD:
        raise BadEvent("invalid_field", "`ts_epoch` lies more than one year ahead.", "ts_epoch", value)
    return moment


def event_key(value: Any, field: str = "event_id") -> str | None:
    """The idempotency key."""
    if value is None:
        return None
    if type(value) is int:
        value = str(value) if abs(value) < 10**LONGEST_KEY else ""
    return _words(value, field, LONGEST_KEY)


def header_key(value: str | None) -> str | None:
    """The header that is the same thing as `event_id`."""
    if value == "":  # of a header with other characters the web server leaves nothing
        message = "`Idempotency-Key` is empty, or holds other characters than ASCII."
        raise BadEvent("invalid_field", message, "Idempotency-Key", value)
    return event_key(value, "Idempotency-Key")


def properties(value: dict, denied: frozenset[str]) -> str | None:
    """The JSON text of the properties without the application's denied keys."""
    kept = _without(value, denied)
    return json_text(kept, "properties") if kept else None


def allowed_properties(value: Any, denied: frozenset[str]) -> dict:
    """Without the denied keys; the very same object when none is in it."""
    if not isinstance(value, dict):
        raise BadEvent("invalid_field", "`properties` must be a JSON object.", "properties", value)
    check_count(value)
    return _without(value, denied)


def check_count(value: dict) -> None:
    """As they were sent: what a decoder adds to them does not count."""
    if len(value) > MOST_PROPERTIES:
        message = f"`properties` has {len(value)} keys; at most {MOST_PROPERTIES} are allowed."
        raise BadEvent("too_many_properties", message, "properties")


def _without(value: dict, denied: frozenset[str]) -> dict:
    if not denied.isdisjoint(value):
        value = {key: each for key, each in value.items() if key not in denied}
    for nested in NESTED:
        if nested in value and isinstance(value[nested], dict) and not denied.isdisjoint(value[nested]):
            value = {**value, nested: {key: each for key, each in value[nested].items() if key not in denied}}
    return value


def written(value: dict) -> bytes:
    """Compact JSON of what came, to measure it: also of what cannot be stored. Its depth is known to be harmless."""
    try:
        return orjson.dumps(value)
    except (TypeError, orjson.JSONEncodeError):  # half surrogate pairs, whole numbers over 64 bits
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def json_text(value: dict, field: str) -> str:
    """JSON that jsonb takes: no NUL, no half surrogate pair, no infinity."""
    try:
        written = orjson.dumps(value).decode()
    except (TypeError, orjson.JSONEncodeError):
        return _checked_json_text(value, field)
    # Rare, but also how the harmless text "\\u0000" is written: look closely only then.
    return _checked_json_text(value, field) if "\\u0000" in written else written


def _checked_json_text(value: Any, field: str) -> str:
    """For what orjson does not write: whole numbers over 64 bits; half surrogate pairs and infinity are refused."""
    check_depth(value)
    _check_storable(value, field)
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _check_storable(value: Any, field: str) -> None:
    if isinstance(value, str):
        storable(value, field)
    elif isinstance(value, float) and not math.isfinite(value):
        raise BadEvent("number_out_of_range", f"`{field}` contains a number too large to store.", field)
    elif isinstance(value, dict):
        for key, each in value.items():
            storable(key, field)
            _check_storable(each, field)
    elif isinstance(value, list):
        for each in value:
            _check_storable(each, field)


def check_depth(body: dict) -> None:
    if nests_deeper(body):
        raise BadEvent("too_deep", f"The event nests deeper than {DEEPEST} levels.")


def nests_deeper(value: Any, levels: int = DEEPEST) -> bool:
    """Whether objects and lists stand more than `levels` deep in each other. Never looks further down than that."""
    if levels < 1:
        return True
    for each in value.values() if type(value) is dict else value:
        if type(each) in (dict, list) and nests_deeper(each, levels - 1):
            return True
    return False
