"""The bodies of clients that exist already, as JSON text: what counts is their first bytes, not what headers say.

Compressed bodies come without Content-Encoding, JSON comes as text/plain or as a form, and a form's `data` may be
plain or base64.
"""

import base64
import binascii
import re
import zlib
from io import BytesIO

import zstandard

from tracker.bodies import MOST_BYTES_OF_BATCH, BadBody, decompress, gunzip, too_large

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
JSON = re.compile(rb"\s*[\[{]")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Undoing percent signs costs many times the memory of the text: it is done in pieces. The library's way is slow where
# nothing but percent signs comes.
PIECE_OF_FORM = 64 * 1024
ESCAPED = re.compile(rb"%([0-9A-Fa-f]{2})")
DIGITS = "0123456789abcdefABCDEF"
BYTES = {(first + second).encode(): bytes.fromhex(first + second) for first in DIGITS for second in DIGITS}
LARGEST_WINDOW = 8 * 1024 * 1024
PIECE_OF_ZSTD = 256 * 1024
BASE64 = re.compile(rb"[A-Za-z0-9+/_-]+={0,2}\s*")
FIELD = re.compile(rb"(?:^|&)data=([^&]*)")
# A form field that holds base64 of a compressed body is the most that clients do.
MOST_LAYERS = 4


def unwrap(raw: bytes, most: int = MOST_BYTES_OF_BATCH) -> bytes:
    """The JSON text inside, or the bytes as they are; counts while it decompresses. Raises BadBody."""
    for _ in range(MOST_LAYERS):
        inner = _decode(_decompress(raw, most))
        if inner is raw:
            break
        raw = inner
    return raw


def _decompress(raw: bytes, most: int) -> bytes:
    if raw.startswith(GZIP):
        return gunzip(raw, most)
    if raw.startswith(ZSTD):
        return _decompress_zstd(raw, most)
    return _inflate(raw, most) if raw.startswith(ZLIB) else raw


def _decode(raw: bytes) -> bytes:
    if raw.startswith(BYTE_ORDER_MARK):
        return raw[len(BYTE_ORDER_MARK) :]
    if JSON.match(raw):
        return raw
    if field := FIELD.search(raw):
        value = _unquote(field.group(1))
        return value if JSON.match(value) else value.replace(b" ", b"+")  # base64 that nobody escaped
    return _decode_base64(raw) if BASE64.fullmatch(raw) else raw


def _unquote(text: bytes) -> bytes:
    value, start = BytesIO(), 0
    while start < len(text):
        end = start + PIECE_OF_FORM
        if (sign := text.rfind(b"%", end - 2, end)) > 0:
            end = sign  # what belongs to it stands in the next piece
        value.write(ESCAPED.sub(_byte, text[start:end].replace(b"+", b" ")))
        start = end
    return value.getvalue()


def _byte(escaped: re.Match[bytes]) -> bytes:
    return BYTES[escaped[1]]


def _inflate(raw: bytes, most: int) -> bytes:
    wrong = BadBody("invalid_compression", "The body is not valid deflate.")
    return decompress(raw, zlib.decompressobj(), most, wrong)


def _decompress_zstd(raw: bytes, most: int) -> bytes:
    """One frame. Its window is bounded too: it may ask for gigabytes before its first byte comes out."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW)
    try:
        # The reader stops in time and does not tell whether the frame was whole; the stream tells and does not stop.
        with decompressor.stream_reader(raw) as reader:
            size = 0
            while piece := reader.read(PIECE_OF_ZSTD):
                size += len(piece)
                if size > most:
                    raise too_large(most)
        stream = decompressor.decompressobj()
        body = stream.decompress(raw)
    except zstandard.ZstdError as error:
        raise BadBody("invalid_compression", "The body is not valid zstd.") from error
    if not stream.eof or stream.unused_data:
        raise BadBody("invalid_compression", "The compressed body ends too early, or something follows its end.")
    return body


def _decode_base64(raw: bytes) -> bytes:
    text = raw.strip().rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return raw
