"""From the bytes of a request to JSON values, never holding more than the limit and never failing on what they say."""

import json
import math
import re
import zlib
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from typing import Any

import orjson

MOST_BYTES_OF_EVENT = 32 * 1024
MOST_BYTES_OF_BATCH = 20 * 1024 * 1024
MOST_EVENTS_OF_BATCH = 10_000
MOST_VALUES = 1_000_000
PIECE = 64 * 1024
# Text that Python's own reader takes as a whole number; it refuses longer ones with an error of its own.
LONGEST_NUMBER = 4300
TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)
ARRAY = re.compile(rb'\s*(?:\{\s*"events"\s*:\s*)?\[')
# A line with nothing but a bracket opens an object over many lines, not an event.
LINES = re.compile(rb"\s*\{[ \t]*[^\s][^\n]*\n\s*\S")
# Splitting by hand is the slow way for one bad event among good ones; a body of nothing but brackets is not that.
MOST_TOKENS = 2_000_000


class BadBody(Exception):
    """The request cannot be read at all: nothing of it is stored."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class TooLarge(BadBody):
    """Over a limit of bytes or events."""

    def __init__(self, message: str) -> None:
        super().__init__("too_large", message)


class UnknownEncoding(BadBody):
    """A Content-Encoding that is not spoken here."""


class Unreadable(ValueError):
    """Not JSON; the message says where."""


class Infinite(float):
    """A number that no column can hold; of a kind of its own, so that no JSON writer takes it for null."""


def inflate(raw: bytes, encoding: str, most: int) -> bytes:
    """The body as it was before its Content-Encoding; counts while it decompresses."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return raw
    if encoding != "gzip":
        raise UnknownEncoding("unsupported_encoding", "Content-Encoding may be gzip or left out.")
    return gunzip(raw, most)


def gunzip(raw: bytes, most: int) -> bytes:
    return decompress(raw, zlib.decompressobj(wbits=31), most, BadBody("invalid_gzip", "The body is not valid gzip."))


def decompress(raw: bytes, stream: Any, most: int, wrong: BadBody) -> bytes:
    """Everything that a zlib stream holds, in pieces: more than the limit is never held. Raises `wrong` or TooLarge."""
    kept = BytesIO()
    try:
        for piece in _pieces(raw, stream):
            kept.write(piece)
            if kept.tell() > most:
                raise too_large(most)
    except zlib.error as error:
        raise wrong from error
    if not stream.eof:
        raise BadBody(wrong.code, "The compressed body ends too early.")
    return kept.getvalue()


def _pieces(raw: bytes, stream: Any) -> Iterator[bytes]:
    """What comes out, bit by bit. Raises zlib.error, also for anything that follows the end of the stream."""
    whole = memoryview(raw)
    for start in range(0, len(whole), PIECE):
        given: Any = whole[start : start + PIECE]
        if stream.eof:
            raise zlib.error("something follows the end of the stream")
        while True:
            piece = stream.decompress(given, PIECE)
            if piece:
                yield piece
            given = stream.unconsumed_tail
            if len(piece) < PIECE and not given:
                break
    if stream.unused_data:
        raise zlib.error("something follows the end of the stream")


def too_large(most: int) -> TooLarge:
    size = f"{most // 1024} KiB" if most < 1024 * 1024 else f"{most // 1024 // 1024} MiB"
    return TooLarge(f"The body is too large; its size may be at most {size}, counted after decompression.")


def read_json(raw: bytes) -> Any:
    """One JSON value. What one reader cannot represent, the other keeps so that the field can be named."""
    check_values(raw)
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return _read_carefully(raw, error)


def read_event(raw: bytes) -> Any:
    """One JSON value with its organization's id as it was sent."""
    item = read_json(raw)
    return _read_exactly(raw, [item])[0] if _lost_digits(item) else item


def _lost_digits(item: Any) -> bool:
    """Whether the organization's id may be a whole number over 64 bits, of which the fast reader makes a decimal."""
    return type(item) is dict and type(item.get("customer_org_id")) is float


def _read_exactly(raw: bytes, items: list[Any]) -> list[Any]:
    """The same items with every whole number as it was sent; as they are where only the fast reader copes."""
    try:
        exact = _read_carefully(raw, ValueError())
    except Unreadable:
        return items
    return exact if isinstance(exact, list) else exact.get("events", [exact])


def check_values(raw: bytes) -> None:
    """A body of millions of empty lists is small as text and takes 30 times its size as values."""
    if raw.count(b",") > MOST_VALUES:
        raise TooLarge(f"The body has too many values; at most {MOST_VALUES} are allowed.")


def _read_carefully(raw: bytes, error: ValueError) -> Any:
    """Half surrogate pairs and numbers too large are JSON all the same; NaN, UTF-16 and endless nesting are not."""
    try:
        return json.loads(
            raw.decode("utf-8"), parse_constant=_refuse, parse_int=_whole_number, parse_float=_decimal_number
        )
    except UnicodeDecodeError as wrong:
        raise Unreadable(f"The body is not UTF-8 (byte {wrong.start}).") from None
    except RecursionError:
        raise Unreadable("The JSON nests too deep.") from None
    except ValueError:
        raise Unreadable(f"The body is not valid JSON: {error}") from None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _whole_number(digits: str) -> int | float:
    return int(digits) if len(digits) <= LONGEST_NUMBER else Infinite("inf")


def _decimal_number(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else Infinite(value)


def read_batch(raw: bytes) -> list[Any]:
    """The items of an array, of {"events": […]} or of NDJSON; one that is no JSON stands there as `Unreadable`."""
    check_values(raw)
    try:
        envelope = orjson.loads(raw)
    except orjson.JSONDecodeError:
        items = _read_by_hand(raw)
    else:
        items = _items_of(envelope)
        if any(_lost_digits(item) for item in items):
            items = _read_exactly(raw, items)
    if len(items) > MOST_EVENTS_OF_BATCH:
        raise TooLarge(f"The batch is too large: {len(items)} events; at most {MOST_EVENTS_OF_BATCH} are allowed.")
    return items


def _items_of(envelope: Any) -> list[Any]:
    if isinstance(envelope, dict) and "events" in envelope:
        envelope = envelope["events"]
    elif isinstance(envelope, dict) and "event" in envelope:
        envelope = [envelope]  # one line of NDJSON
    if not isinstance(envelope, list):
        raise BadBody("invalid_envelope", 'A batch is a JSON array, {"events": […]} or one event a line.')
    return envelope


def _read_by_hand(raw: bytes) -> list[Any]:
    """The envelope as a whole is no JSON: perhaps it is NDJSON, perhaps one of its events spoils it."""
    if opening := ARRAY.match(raw):
        return _read_each(_elements(raw, opening.end()))
    if LINES.match(raw):
        items = _read_each(line for line in BytesIO(raw) if line.strip())
        if not all(type(item) is Unreadable for item in items):
            return items
    return _read_envelope(raw)


def _read_envelope(raw: bytes) -> list[Any]:
    """Other keys stand before the events, and one of those is of the kind that only the careful reader takes."""
    try:
        envelope = _read_carefully(raw, ValueError())
    except Unreadable:
        message = 'The body is not JSON; a batch is an array, {"events": […]} or NDJSON.'
        raise BadBody("invalid_envelope", message) from None
    return _items_of(envelope)


def _read_each(parts: Iterator[bytes]) -> list[Any]:
    found = list(islice(parts, MOST_EVENTS_OF_BATCH + 1))
    if len(found) > MOST_EVENTS_OF_BATCH:
        raise TooLarge(f"The batch is too large: at most {MOST_EVENTS_OF_BATCH} events are allowed.")
    return [_read_or_keep_error(part) for part in found]


def _elements(raw: bytes, start: int) -> Iterator[bytes]:
    """The texts between the commas of the array that opened before `start`. Raises BadBody when it never closes."""
    depth, begin = 0, start
    for count, token in enumerate(TOKENS.finditer(raw, start)):
        mark = token.group()[:1]
        if count > MOST_TOKENS:
            break
        if mark in (b"{", b"["):
            depth += 1
        elif mark in (b"}", b"]") and depth:
            depth -= 1
        elif mark == b"]":
            if raw[begin : token.start()].strip() or begin > start:
                yield raw[begin : token.start()]
            _check_rest(raw[token.end() :])
            return
        elif mark == b"," and not depth:
            yield raw[begin : token.start()]
            begin = token.end()
    raise BadBody("invalid_envelope", "The body is not JSON: the array of events does not end.")


def _check_rest(rest: bytes) -> None:
    """After the array comes nothing, or the end of the object around it."""
    if rest.strip() not in (b"", b"}") and not re.fullmatch(rb"\s*,.*\}\s*", rest, re.DOTALL):
        raise BadBody("invalid_envelope", "The body is not JSON: something follows the array of events.")


def _read_or_keep_error(part: bytes) -> Any:
    try:
        return read_event(part)
    except Unreadable as error:
        return error
