import base64
import gzip
import tracemalloc
import zlib
from urllib.parse import quote_plus

import pytest
import zstandard

from tracker.bodies import BadBody, TooLarge
from tracker.wrappings import PIECE_OF_FORM, unwrap

BODY = '{"event":"e","text":"a+b &data=c é?"}'.encode()


@pytest.mark.parametrize(
    "raw",
    [
        BODY,
        b"\xef\xbb\xbf" + BODY,
        gzip.compress(BODY, mtime=0),
        zlib.compress(BODY),
        zlib.compress(BODY, 9),
        zstandard.compress(BODY),
        base64.b64encode(BODY),
        base64.urlsafe_b64encode(BODY).rstrip(b"="),
        b"data=" + quote_plus(BODY).encode(),
        b"data=" + base64.b64encode(BODY),
        b"ip=1&data=" + quote_plus(base64.b64encode(BODY)).encode() + b"&compression=base64",
        b"data=" + base64.b64encode(gzip.compress(BODY, mtime=0)),
    ],
)
def test_every_wrapping(raw):
    assert unwrap(raw) == BODY


@pytest.mark.parametrize("raw", [b"", b"hello world", b"\x00\x01", b"=", b"data="])
def test_what_is_nothing_known_stays(raw):
    assert unwrap(raw) in (raw, b"")


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress, zstandard.compress])
def test_a_bomb(compress):
    fits = b"[" + b" " * 999_999
    assert unwrap(compress(fits), most=1_000_000) == fits
    with pytest.raises(TooLarge):
        unwrap(compress(fits + b" "), most=1_000_000)


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress, zstandard.compress])
def test_a_torn_body(compress):
    for torn in (compress(BODY)[:-3], compress(BODY) + b"more", compress(BODY * 5000) + b" "):
        with pytest.raises(BadBody) as refused:
            unwrap(torn)
        assert refused.value.code in ("invalid_gzip", "invalid_compression")


def test_a_frame_that_asks_for_a_huge_window():
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    with pytest.raises(BadBody):
        unwrap(stream.compress(BODY) + stream.flush())


@pytest.mark.parametrize("shift", range(4))
def test_a_long_form_is_read_in_pieces(shift):
    text = b'{"' + b"a" * shift + "é% +".encode() * PIECE_OF_FORM + b'"}'
    assert unwrap(b"data=" + quote_plus(text).encode()) == text


@pytest.mark.parametrize("raw", [b"%" * 5_000_000, b"+" * 5_000_000, b"%41" * 2_000_000])
def test_a_form_of_percent_signs_costs_little_more_than_itself(raw):
    tracemalloc.start()
    try:
        unwrap(b"data=" + raw)
        assert tracemalloc.get_traced_memory()[1] < 6 * len(raw)
    finally:
        tracemalloc.stop()
