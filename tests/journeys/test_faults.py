"""A paused server, a database without a free connection, bodies that inflate: bounded answers, then business as usual.

Cases I303 and I309 of tests/tracker/cases/bad_ingest_sample.json; I306 stands in test_crashes.py.
"""

import base64
import gzip
import hashlib
import hmac
import http.client
import json
import os
import signal
import time
import uuid
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
import zstandard

from tests.journeys.crashing import web_workers
from tests.journeys.product import Product, wait_for

pytestmark = pytest.mark.journey

USER = "a1b2c3d4" * 8
MEGABYTE = 1024 * 1024
INFLATED = 200 * MEGABYTE
MOST_GROWTH = 32 * MEGABYTE


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    running = Product(tmp_path_factory.mktemp("faults") / "data")
    running.start()
    yield running
    running.stop()


def event(**values: Any) -> dict:
    return {"event": "page_view", "user_hash": USER, "customer_org_id": "org_456", **values}


def post(
    product: Product, path: str, body: bytes, *, timeout: float = 20, **headers: str
) -> tuple[int, dict, http.client.HTTPMessage]:
    """Status, answer and headers of one signed request."""
    signature = hmac.new(product.said["Secret"].encode(), body, hashlib.sha256).hexdigest()
    sent = {"x-app-uuid": product.application_uuid, "x-signature": signature}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection("127.0.0.1", product.port, timeout=timeout)
    try:
        connection.request("POST", path, body, sent)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read()), answer.headers
    finally:
        connection.close()


def send(product: Product, **values: Any) -> tuple[int, dict, http.client.HTTPMessage]:
    return post(product, "/v1/events", json.dumps(event(**values)).encode())


def stored(product: Product, name: str) -> int:
    with product.database() as database:
        [[count]] = database.execute("SELECT count(*) FROM tracker_event WHERE name = %s", [name]).fetchall()
    return count


def check_canary(product: Product) -> None:
    name = f"canary-{uuid.uuid4()}"
    assert send(product, event=name)[0] == 201
    assert stored(product, name) == 1


def test_a_client_that_gave_up_on_a_paused_server_sends_again(product):
    """Case I303: the first request is still answered when the server goes on, and the second changes nothing."""
    body = json.dumps(event(event="paused")).encode()
    paused = web_workers(product)
    for pid in paused:
        os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(TimeoutError):
            post(product, "/v1/events", body, timeout=0.05, Idempotency_Key="k-11")
    finally:
        for pid in paused:
            os.kill(pid, signal.SIGCONT)
    status, answer, _ = post(product, "/v1/events", body, Idempotency_Key="k-11")
    assert status in (200, 201)
    assert answer["status"] == ("accepted" if status == 201 else "duplicate")
    assert stored(product, "paused") == 1
    assert post(product, "/v1/events", body, Idempotency_Key="k-11")[0] == 200
    assert stored(product, "paused") == 1


def test_without_a_free_connection_the_answer_is_503_and_then_all_is_well(product):
    """Case I309."""
    held = hold_every_connection(product)
    try:
        started = time.monotonic()
        status, answer, headers = send(product, event="crowded out")
        assert time.monotonic() - started < 5
        assert (status, answer["code"]) == (503, "unavailable")
        assert int(headers["Retry-After"]) > 0
        assert headers["Content-Type"] == "application/json"
        assert set(answer) == {"code", "message", "detail", "field"}
    finally:
        for each in held:
            each.close()
    wait_for("an accepted event", lambda: send(product, event="after the crowd")[0] == 201, 30)
    assert stored(product, "crowded out") == 0
    assert stored(product, "after the crowd") == 1


def hold_every_connection(product: Product) -> list[psycopg.Connection]:
    """Take what is free, then end those of the others and take these too, until nobody else has any."""
    first = product.database()
    url, held = first.info.dsn, [first]
    ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'backoffice'"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(psycopg.OperationalError):
            while True:
                held.append(psycopg.connect(url, application_name="crowd"))
        [[others]] = first.execute(ended).fetchall()
        if not others:
            return held
    raise AssertionError("the others always found a connection")


# --- Bodies that inflate -----------------------------------------------------------------------------------
def squeezed(compress: Any, piece: bytes = b" " * MEGABYTE) -> bytes:
    """200 MB, compressed piece by piece."""
    parts = [compress.compress(piece) for _ in range(INFLATED // len(piece))]
    return b"".join([*parts, compress.flush()])


def gzipped(piece: bytes = b" " * MEGABYTE) -> bytes:
    return squeezed(zlib.compressobj(9, zlib.DEFLATED, 31), piece)


def deflated() -> bytes:
    return squeezed(zlib.compressobj(9))


def zstd() -> bytes:
    return squeezed(zstandard.ZstdCompressor(3).compressobj())


def of_lines() -> bytes:
    """NDJSON: an event a line, a hundred thousand times over the limit of events."""
    line = json.dumps(event()).encode() + b"\n"
    return gzipped(line * (MEGABYTE // len(line)))


def of_events() -> bytes:
    """Under the limit of bytes, far over that of events."""
    return gzip.compress(b'{"batch":[' + b",".join([b"{}"] * 100_000) + b"]}")


def of_short_lines() -> bytes:
    return gzip.compress(b"{}\n" * 5_000_000)


def of_empty_lists() -> bytes:
    """20 KB that are 20 MB of text and would be 600 MB of values."""
    return gzip.compress(b'{"batch":[{"event":"page_view","properties":{"a":[' + b"[]," * 6_900_000 + b"[]]}}]}")


BOMBS = {
    "signed-event-gzip": ("/v1/events", "gzip", gzipped),
    "signed-batch-gzip": ("/v1/events/batch", "gzip", gzipped),
    "signed-batch-gzip-in-gzip": ("/v1/events/batch", "gzip", lambda: gzip.compress(gzipped())),
    "signed-batch-second-member": ("/v1/events/batch", "gzip", lambda: gzip.compress(b"[]") + gzipped()),
    "signed-batch-lines": ("/v1/events/batch", "gzip", of_lines),
    "signed-batch-events": ("/v1/events/batch", "gzip", lambda: gzip.compress(b"[" + b"{}," * 100_000 + b"{}]")),
    "signed-batch-short-lines": ("/v1/events/batch", "gzip", of_short_lines),
    "signed-batch-empty-lists": ("/v1/events/batch", "gzip", of_empty_lists),
    "posthog-v0-empty-lists": ("/batch/", "", of_empty_lists),
    "posthog-v0-gzip-unannounced": ("/batch/", "", gzipped),
    "posthog-v0-gzip-in-gzip": ("/e/", "gzip", lambda: gzip.compress(gzipped())),
    "posthog-v1-deflate": ("/i/v1/analytics/events", "deflate", deflated),
    "posthog-v1-zstd": ("/i/v1/analytics/events", "zstd", zstd),
    "segment-gzip": ("/v1/batch", "gzip", gzipped),
    "segment-empty-lists": ("/v1/batch", "gzip", of_empty_lists),
    "segment-events": ("/v1/batch", "gzip", of_events),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_within_a_second_and_32_megabytes(product, name):
    path, encoding, make = BOMBS[name]
    bomb, headers = make(), credentials(product, path)
    if encoding:
        headers["Content_Encoding"] = encoding
    warm_up(product, path)
    before = {pid: usage_of(pid) for pid in web_workers(product)}
    started = time.monotonic()
    status, answer, _ = post(product, path, bomb, **headers)
    wall = time.monotonic() - started
    assert status in (400, 413), answer
    assert stored(product, "page_view") == 0
    after = {pid: usage_of(pid) for pid in before}
    assert set(web_workers(product)) == set(before), "a web worker died of it"
    seconds = sum(after[pid].cpu - before[pid].cpu for pid in before)
    growth = max(after[pid].peak - before[pid].resident for pid in before)
    print(f"{name}: {status}, {growth / MEGABYTE:.1f} MB, {seconds:.2f} s of CPU, {wall:.2f} s")
    assert growth <= MOST_GROWTH
    # In CPU, so that a busy machine does not fail it; on a quiet one that is the time of the answer.
    assert seconds < 1
    check_canary(product)


def credentials(product: Product, path: str) -> dict[str, str]:
    """The signature stands in every request; the paths of other families take the write key."""
    key = product.said["Write"].removeprefix("key").strip()
    if "analytics" in path:
        return {"Authorization": f"Bearer {key}"}
    if path == "/v1/batch":
        return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}
    return {}


def warm_up(product: Product, path: str) -> None:
    """What a first request loads is not the bomb's."""
    for _ in range(8):
        post(product, path, b"[]", **credentials(product, path))


class Usage(NamedTuple):
    """Bytes resident now and at most since it was asked before, seconds of CPU."""

    resident: int
    peak: int
    cpu: float


def usage_of(pid: int) -> Usage:
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak counts anew from here
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return Usage(int(lines["VmRSS"].split()[0]) * 1024, int(lines["VmHWM"].split()[0]) * 1024, cpu)
