"""Bytes on a socket against the real web server: what no test client can send."""

import json
import socket
from contextlib import closing

import pytest

from tests.tracker.sending import Product, body
from tests.tracker.serving import Server
from tests.tracker.test_bad_ingest import SUITE, is_expected
from tracker.models import Event

pytestmark = [pytest.mark.journey, pytest.mark.usefixtures("events_table")]


@pytest.fixture
def server(tmp_path):
    """granian on the test database; its port."""
    running = Server(tmp_path / "log")
    running.start()
    yield running.port
    running.stop()


def exchange(port: int, sent: bytes, *, hang_up: bool = False) -> int | str:
    """The status of the answer; "closed" when none came within five seconds."""
    with closing(socket.create_connection(("127.0.0.1", port), 5)) as connected:
        connected.sendall(sent)
        if hang_up:
            return "closed"
        connected.settimeout(5)
        try:
            head = connected.recv(65_536)
        except OSError:
            return "closed"
    return int(head.split(b" ", 2)[1]) if head else "closed"


def signed_head(product: Product, raw: bytes) -> bytes:
    return b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nx-app-uuid: %s\r\nx-signature: %s\r\n" % (
        str(product.application.uuid).encode(),
        product.sign(raw).encode(),
    )


def test_raw_requests(server):
    product = Product()
    names: dict = {}
    exec(SUITE["meta"]["prelude"], names)
    for case in SUITE["cases"]:
        if "raw_request" not in case:
            continue
        before = Event.objects.count()
        raw = eval(case["raw_request"], names)
        raw = raw.replace(b"{HOST}", b"localhost").replace(b"{UUID}", str(product.application.uuid).encode())
        raw = raw.replace(b"{SIG}", product.sign(eval("J(ev())", names)).encode())
        answer = exchange(server, raw, hang_up=case.get("steps") == "close the socket")
        wanted = case["expect"]["status"]
        assert answer in wanted or (answer != "closed" and is_expected(answer, wanted)), (case["id"], answer)
        stored = 1 if answer != "closed" and 200 <= answer < 300 else 0
        assert Event.objects.count() - before == stored, case["id"]


def test_an_answered_event_is_committed_and_a_chunked_bomb_is_refused(server):
    product, raw = Product(), json.dumps(body()).encode()
    head = signed_head(product, raw)
    assert exchange(server, head + b"Content-Length: %d\r\n\r\n" % len(raw) + raw) == 201
    assert Event.objects.count() == 1
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    assert exchange(server, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 3 + b"0\r\n\r\n") == 413
    assert exchange(server, head + b"Content-Length: 50000\r\n\r\n" + b" " * 50_000) == 413
    assert Event.objects.count() == 1


def test_an_answer_says_its_length_and_comes_in_one_piece(server):
    """Nothing of ours says it: the web server does for an answer that is whole."""
    product, raw = Product(), json.dumps(body()).encode()
    good = signed_head(product, raw) + b"Content-Length: %d\r\n\r\n" % len(raw) + raw
    unknown = b"POST /e/nope HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"
    with closing(socket.create_connection(("127.0.0.1", server), 5)) as connected:
        for sent, begin in ((good, b"201"), (good, b"201"), (unknown, b"404")):
            connected.sendall(sent)
            head, _, told = connected.recv(65_536).partition(b"\r\n\r\n")
            lines = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:])
            assert head[9:12] == begin
            assert (int(lines[b"content-length"]), b"transfer-encoding" in lines) == (len(told), False)
            assert lines[b"x-content-type-options"] == b"nosniff"


def test_a_sender_who_hangs_up_stores_nothing(server):
    product, raw = Product(), json.dumps(body()).encode()
    head = signed_head(product, raw) + b"Content-Length: %d\r\n\r\n" % (len(raw) + 50)
    with closing(socket.create_connection(("127.0.0.1", server), 5)) as connected:
        connected.sendall(head + raw)
        connected.shutdown(socket.SHUT_WR)
        assert connected.recv(65_536)[9:12] in (b"", b"400")
    assert exchange(server, signed_head(product, raw) + b"Content-Length: %d\r\n\r\n" % len(raw) + raw) == 201
    assert Event.objects.count() == 1


def test_bodies_that_never_come_hold_nobody_up_where_the_headers_are_wrong(server):
    product, raw = Product(), json.dumps(body()).encode()
    unsigned = b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nx-app-uuid: %s\r\n" % (
        str(product.application.uuid).encode()
    )
    silent = [socket.create_connection(("127.0.0.1", server), 5) for _ in range(140)]
    for each in silent:
        each.sendall(unsigned + b"Content-Length: 133\r\n\r\n" + b" " * 20)
    good = signed_head(product, raw) + b"Content-Length: %d\r\n\r\n" % len(raw) + raw
    assert [exchange(server, good) for _ in range(5)] == [201] * 5
    for each in silent:
        each.close()
