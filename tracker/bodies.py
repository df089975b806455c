"""From the bytes of a request to JSON values, never holding more than the limit and never failing on what they say."""

import json
import math
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import orjson

MOST_BYTES_OF_EVENT = 32 * 1024
MOST_BYTES_OF_BATCH = 20 * 1024 * 1024
MOST_EVENTS_OF_BATCH = 10_000
MOST_VALUES = 1_000_000
# An empty object takes as much memory as many plain values.
MOST_BRACKETS = 200_000
PIECE = 64 * 1024
# Text that Python's own reader takes as a whole number; it refuses longer ones with an error of its own.
LONGEST_NUMBER = 4300
# Every whole number over 64 bits has as many digits; most such runs stand in hashes.
MANY_DIGITS = b"0" * 20
ALL_ALIKE = bytes.maketrans(b"123456789", b"0" * 9)
BEFORE_NUMBERS = frozenset(b":,[- \t\r\n")


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


class Incomplete(BadBody):
    """Fewer bytes came than were announced: the sender hung up."""

    code = "incomplete_body"

    def __init__(self) -> None:
        super().__init__(self.code, "The body ended before the length that its header announced.")


class UnknownEncoding(BadBody):
    """A Content-Encoding that is not spoken here."""


class Unreadable(ValueError):
    """Not JSON, or too much of it to look; the message says where."""

    def __init__(self, message: str, code: str = "invalid_json") -> None:
        super().__init__(message)
        self.code = code


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
        reason = str(error)  # the error itself holds a copy of the body
    return _read_carefully(raw, reason)


def read_event(raw: bytes) -> Any:
    """One JSON value with its whole numbers as they were sent: of those over 64 bits the fast reader makes decimals."""
    value = read_json(raw)
    if not has_long_number(raw):
        return value
    try:
        return _read_carefully(raw, "")
    except Unreadable:  # nests deeper than an event may: only the fast reader copes
        return value


def has_long_number(raw: bytes) -> bool:
    """Whether a whole number over 64 bits may stand in it; at the price of one look, as every good event pays it."""
    digits = raw.translate(ALL_ALIKE)
    at = digits.find(MANY_DIGITS)
    while at > 0:
        if raw[at - 1] in BEFORE_NUMBERS:
            return True
        at = digits.find(MANY_DIGITS, at + 1)
    return at == 0


def check_values(raw: bytes) -> None:
    """A body of millions of empty lists is small as text and takes 30 times its size as values."""
    if len(raw) <= MOST_BRACKETS:
        return
    if raw.count(b",") > MOST_VALUES:
        raise TooLarge(f"The body has too many values; at most {MOST_VALUES} are allowed.")
    if raw.count(b"{") + raw.count(b"[") > MOST_BRACKETS:
        raise TooLarge(f"The body has too many objects and lists; at most {MOST_BRACKETS} are allowed.")


def _read_carefully(raw: bytes, reason: str) -> Any:
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
        raise Unreadable(f"The body is not valid JSON: {reason}") from None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _whole_number(digits: str) -> int | float:
    return int(digits) if len(digits) <= LONGEST_NUMBER else Infinite("inf")


def _decimal_number(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else Infinite(value)
