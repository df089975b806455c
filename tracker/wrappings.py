"""The bodies of clients that exist already, as JSON text: what counts is their first bytes, not what headers say.

Compressed bodies come without Content-Encoding, JSON comes as text/plain or as a form, and a form's `data` may be
plain or base64.
"""

import base64
import binascii
import re
import zlib
from io import BytesIO
from urllib.parse import unquote_to_bytes

import zstandard

from tracker.bodies import MOST_BYTES_OF_BATCH, BadBody, decompress, gunzip, too_large

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
JSON = re.compile(rb"\s*[\[{]")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Undoing percent signs costs many times the memory of the text.
MOST_BYTES_OF_FORM = 2 * 1024 * 1024
LARGEST_WINDOW = 8 * 1024 * 1024
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
    if field := FIELD.search(raw[: MOST_BYTES_OF_FORM + 1]):
        if len(raw) > MOST_BYTES_OF_FORM:
            raise too_large(MOST_BYTES_OF_FORM)
        value = unquote_to_bytes(field.group(1).replace(b"+", b" "))
        return value if JSON.match(value) else value.replace(b" ", b"+")  # base64 that nobody escaped
    return _decode_base64(raw) if BASE64.fullmatch(raw) else raw


def _inflate(raw: bytes, most: int) -> bytes:
    wrong = BadBody("invalid_compression", "The body is not valid deflate.")
    return decompress(raw, zlib.decompressobj(), most, wrong)


def _decompress_zstd(raw: bytes, most: int) -> bytes:
    """The window is bounded too: a frame may ask for gigabytes before its first byte comes out."""
    reader = zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW).stream_reader(BytesIO(raw))
    try:
        body = reader.read(most + 1)
    except zstandard.ZstdError as error:
        raise BadBody("invalid_compression", "The body is not valid zstd.") from error
    if len(body) > most:
        raise too_large(most)
    return body


def _decode_base64(raw: bytes) -> bytes:
    text = raw.strip().rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return raw
