"""Batches that are nearly right: what is lost with a bad event, and what with a broken envelope."""

import json
import time
import tracemalloc

import pytest

from tests.tracker.sending import Product, body
from tracker.batches import read_batch, spans_of_events
from tracker.bodies import BadBody, Unreadable
from tracker.models import Event

GOOD = json.dumps(body()).encode()
SPOILED = b'{"event":NaN}'


def ids(items: list) -> list:
    return [type(item) if isinstance(item, Unreadable) else item for item in items]


@pytest.mark.parametrize(
    "raw",
    [
        b'{"events":[1,NaN]',
        b"[1,NaN]}",
        b'{"events":[1,NaN],garbage}',
        b'{"events":[1,2],"x":NaN}',
        b"[1,]",
        b"[,1]",
        b"[1,,NaN]",
        b"[NaN,\x0b]",
        b'[{"a":1}{"a":2}]',
        b'[{"a":1} 2, 3]',
        b'[{"event":"A ,"b":"c"},{"a":2}]',
        b'{"events":[{"a":NaN}]}{"events":[{"a":1}]}',
        b'{"events":[\n{"a":1},\n{"a":2}\n],"x":NaN}',
        b"[\n{\n{},\n{}\n]",
        b'{"\n',
        b"[NaN] x",
        b"[NaN",
        b'["',
        b'["\\',
        b"\x00",
    ],
)
def test_a_broken_envelope_is_refused_as_a_whole(raw):
    with pytest.raises(BadBody) as refused:
        read_batch(raw)
    assert refused.value.code == "invalid_envelope"


@pytest.mark.parametrize(
    ("raw", "items"),
    [
        (b"[1,NaN,{}]", [1, Unreadable, {}]),
        (b'[tru, {"a":NaN} , "x", [] ]', [Unreadable, Unreadable, "x", []]),
        (b'[{"a":1], {"a":"],[{"}]', [Unreadable, {"a": "],[{"}]),
        (b'{"sent_at":1,"events":[{"a":1},{"a":NaN},{"a":"\xff"}]}', [{"a": 1}, Unreadable, Unreadable]),
        (b'{"x":[3,4],"y":{"events":[5]},"events" : [NaN]}', [Unreadable]),
        (b'{"events":[1,NaN],"events":[2]}', [2]),
        (b'{"events":[2],"events":[1,NaN]}', [1, Unreadable]),
        (b'{"x":"\\ud800","events":[NaN]}', [Unreadable]),
        (b'{\n"v": 1,\n"events": [\n{"a": NaN}\n]\n}', [Unreadable]),
        (b'\xff\n{"a":1}\n', [Unreadable, {"a": 1}]),
        (b'nothing\r\n\r\n{"a":1}', [Unreadable, {"a": 1}]),
        (b'{"a":\n{"a":1}', [Unreadable, {"a": 1}]),
        (b'{"event":1,"events":[1]}\n{"a":1}', [{"event": 1, "events": [1]}, {"a": 1}]),
        (b'{"user_hash":1}', [{"user_hash": 1}]),
        (b'{"event":1,"events":[1]}\n', [{"event": 1, "events": [1]}]),
        (b'{\n"event": "\\ud800"\n}', [{"event": "\ud800"}]),
        (b"[12345678901234567890123]", [12345678901234567890123]),
        (b'{"events":[{"a":{"b":-12345678901234567890123}},1.5]}', [{"a": {"b": -12345678901234567890123}}, 1.5]),
        (b'{"event":"e","n":[12345678901234567890]}', [{"event": "e", "n": [12345678901234567890]}]),
    ],
)
def test_a_bad_event_is_found_among_the_good(raw, items):
    assert ids(read_batch(raw)) == items


def test_one_event_that_nests_deep_spoils_no_number_of_another():
    deep = b"[" * 1000 + b"12345678901234567890123" + b"]" * 1000
    [_, item] = read_batch(b"[%s,12345678901234567890123]" % deep)
    assert item == 12345678901234567890123


@pytest.mark.django_db
def test_the_events_of_a_broken_envelope_are_not_stored_and_those_beside_a_bad_one_are():
    product = Product()
    for broken in (b'{"events":[%s,%s]', b"[%s,%s]}", b"[%s%s]", b"[%s,%s,]"):
        answer = product.send_batch(broken % (GOOD, GOOD))
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_envelope")
    assert not Event.objects.exists()
    for number, fair in enumerate((b"[%s,%s]", b'{"sent_at":1,"events":[%s,%s]}', b"%s\n%s"), 1):
        answer = product.send_batch(fair % (SPOILED, GOOD)) if number < 3 else product.send_batch(b"bad\n" + GOOD)
        assert [each["index"] for each in answer.json()["rejected"]] == [0]
        assert Event.objects.count() == number
    [rejected] = product.send_batch(b'{"user_hash":1,"customer_org_id":"o"}\n').json()["rejected"]
    assert (rejected["index"], rejected["field"]) == (0, "event")


# --- A small body never costs much -------------------------------------------------------------------------
@pytest.mark.parametrize(
    "raw",
    [
        b'["' + b'\\"' * 500_000,
        b'["' + b"\\" * 1_000_001,
        b'["' + b'"' * 1_000_001,
        b"[" * 1_000_000,
        b"[" + b"[NaN]" * 100_000,
        b'{"events"' + b" " * 1_000_000,
        b'{"events"' * 100_000,
        b"\n" * 1_000_000,
        b"[" + b" " * 1_000_000 + b",NaN]",
    ],
)
def test_time_grows_with_the_length_alone(raw):
    started = time.process_time()
    with pytest.raises(BadBody):
        read_batch(raw)
    assert time.process_time() - started < 5  # seconds; what is not linear takes minutes


def test_one_long_text_is_not_copied_to_find_its_end():
    raw = b'[NaN,"' + b"x" * 5_000_000 + b'","' + b'\\"' * 1_000_000 + b'"]'
    tracemalloc.start()
    try:
        assert len(list(spans_of_events(raw))) == 3
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
    assert [each.code for each in read_batch(raw)] == ["invalid_json", "too_large", "too_large"]
