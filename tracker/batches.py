"""The events of a batch, from its bytes: an array, {"events": […]} or one event a line.

Most batches are JSON and are read at once. In the others one event spoils the whole: their envelope is read with a
number in the place of each event, and then each event by itself.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import orjson

from tracker.bodies import (
    MOST_BYTES_OF_EVENT,
    MOST_EVENTS_OF_BATCH,
    BadBody,
    TooLarge,
    Unreadable,
    check_values,
    has_long_number,
    read_event,
    read_json,
)

Span = tuple[int, int]

# A text that does not close takes the rest of the body with it. Nothing here goes back over what it has read.
MARKS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)
BLANK = re.compile(rb"\s*")
LINE = re.compile(rb"\S[^\n]*+")
EVENTS = re.compile(rb'"events"\s*:\s*\[')
ARRAY = re.compile(rb"\s*\[")
# Nothing but a bracket in its line opens an object over many lines, not an event.
ALONE = re.compile(rb"\s*\{[ \t\r]*\n")
# Splitting by hand is the slow way for one bad event among good ones; a body of nothing but brackets is not that.
MOST_MARKS = 2_000_000
# Escaped at worst, an event within its limit has six times as many bytes.
LONGEST_TEXT = 8 * MOST_BYTES_OF_EVENT
# An object with one of them, and no list of events, is an event.
REQUIRED = ("event", "user_hash", "customer_org_id")
QUOTE, COMMA, OPENING, LIST = b'"'[0], b","[0], b"{[", b"["[0]


def read_batch(raw: bytes) -> list[Any]:
    """The items in their order; one that is no JSON stands there as `Unreadable`. Raises BadBody."""
    check_values(raw)
    items = None if has_long_number(raw) else _read_at_once(raw)
    if items is None:
        items = _read_by_hand(raw)
    if len(items) > MOST_EVENTS_OF_BATCH:
        raise TooLarge(f"The batch is too large: {len(items)} events; at most {MOST_EVENTS_OF_BATCH} are allowed.")
    return items


def _read_at_once(raw: bytes) -> list[Any] | None:
    try:
        envelope = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return _items_of(envelope)


def _items_of(envelope: Any) -> list[Any]:
    if isinstance(envelope, list):
        return envelope
    if isinstance(envelope, dict):
        if "event" not in envelope and isinstance(envelope.get("events"), list):
            return envelope["events"]
        if any(name in envelope for name in REQUIRED):
            return [envelope]  # one line of NDJSON
    raise BadBody("invalid_envelope", 'A batch is a JSON array, {"events": […]} or one event a line.')


def _read_by_hand(raw: bytes) -> list[Any]:
    if _begins_with_event(raw):
        return _read_lines(raw)
    spans = list(islice(spans_of_events(raw), MOST_EVENTS_OF_BATCH + 1))
    if spans or ARRAY.match(raw):
        return _read_enveloped(raw, spans)
    if not ALONE.match(raw):
        items = _read_lines(raw)
        if any(type(item) is dict for item in items):
            return items
    return _items_of(_read_envelope(raw))


def _begins_with_event(raw: bytes) -> bool:
    first = LINE.search(raw)
    try:
        event = orjson.loads(first.group() if first else b"")
    except orjson.JSONDecodeError:
        return False
    return isinstance(event, dict) and "event" in event


def _read_lines(raw: bytes) -> list[Any]:
    return _read_each(line.group() for line in LINE.finditer(raw))


def _read_enveloped(raw: bytes, spans: list[Span]) -> list[Any]:
    """What is left without the events has to be JSON, so that nothing between them is lost without a word."""
    _check_count(len(spans))
    envelope, read_to = bytearray(), 0
    for number, (start, end) in enumerate(spans):
        envelope += raw[read_to:start] + b" %d " % number
        read_to = end
    numbers = _items_of(_read_envelope(bytes(envelope + raw[read_to:])))
    return _read_each(raw[slice(*spans[number])] for number in numbers)


def _read_envelope(raw: bytes) -> Any:
    try:
        return read_json(raw)
    except Unreadable:
        message = 'The body is not JSON; a batch is an array, {"events": […]} or NDJSON.'
        raise BadBody("invalid_envelope", message) from None


def _read_each(texts: Iterable[bytes]) -> list[Any]:
    items = [_read_or_keep_error(text) for text in islice(texts, MOST_EVENTS_OF_BATCH + 1)]
    _check_count(len(items))
    return items


def _check_count(events: int) -> None:
    if events > MOST_EVENTS_OF_BATCH:
        raise TooLarge(f"The batch is too large: at most {MOST_EVENTS_OF_BATCH} events are allowed.")


def _read_or_keep_error(text: bytes) -> Any:
    if len(text) > LONGEST_TEXT:
        message = f"The event has {len(text)} bytes; at most {MOST_BYTES_OF_EVENT} are allowed."
        return Unreadable(message, "too_large")
    try:
        return read_event(text)
    except Unreadable as error:
        return error


# --- Where events begin and end ----------------------------------------------------------------------------
def spans_of_events(raw: bytes) -> Iterator[Span]:
    """Each event of the array, or of a list named `events` in the object: from its bracket to the one that closes it,
    or what stands between two commas when that has no brackets. Ends with the array or the object.
    """
    inside = 1 if ARRAY.match(raw) else 2
    depth = name_at = begin = 0
    is_list = has_brackets = False
    for at in _marks(raw):
        mark = raw[at]
        if mark == QUOTE:
            name_at = at
        elif mark in OPENING:
            depth += 1
            if depth == inside:
                is_list = mark == LIST and (inside == 1 or _is_named_events(raw, name_at, at))
                begin, has_brackets = at + 1, False
            elif depth == inside + 1:
                begin, has_brackets = at, True
        elif depth == inside + 1 and mark != COMMA:
            depth -= 1
            if is_list:
                yield begin, at + 1
        elif depth == inside:
            if is_list and not has_brackets and not BLANK.fullmatch(raw, begin, at):
                yield begin, at
            begin, has_brackets = at + 1, False
            depth -= mark != COMMA
        elif mark != COMMA:
            depth -= 1
        if depth <= 0 and mark != QUOTE:
            return


def _is_named_events(raw: bytes, name_at: int, bracket_at: int) -> bool:
    named = EVENTS.match(raw, name_at)
    return named is not None and named.end() == bracket_at + 1


def _marks(raw: bytes) -> Iterator[int]:
    """The places of brackets and commas outside of texts, and of the quotes that open texts."""
    for count, mark in enumerate(MARKS.finditer(raw)):
        if count > MOST_MARKS:
            raise BadBody("invalid_envelope", "The body is not JSON, and has too many values to look for its events.")
        yield mark.start()
