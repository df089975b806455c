"""Refusals are gathered for a second and written together."""

import signal
import time
import urllib.error
import urllib.request

import pytest
from django.utils import timezone

from tests.tracker.sending import Product, body
from tests.tracker.serving import Server
from tracker import tally
from tracker.models import Reject
from tracker.rejects import Refusal

REFUSED = Refusal("invalid_signature", "Invalid signature", "x-signature", {"at": "now"})
pytestmark = pytest.mark.usefixtures("events_table")


def counts() -> list[tuple]:
    return sorted(Reject.objects.values_list("code", "field", "count"))


def wait_for(wanted: list[tuple]) -> None:
    deadline = time.monotonic() + 10
    while counts() != wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    assert counts() == wanted


def test_a_flood_is_two_statements(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(tally, "EVERY_SECONDS", 1.0)
    monkeypatch.setattr(tally, "_written_at", float("-inf"))
    now = timezone.now()
    with django_assert_num_queries(3):  # a savepoint or transaction around one statement
        for _ in range(1000):
            tally.add(None, [REFUSED], now)
    assert counts() == [("invalid_signature", "x-signature", 1)]
    wait_for([("invalid_signature", "x-signature", 1000)])
    assert len(Reject.objects.get().samples) == 5


def test_made_up_names_are_bounded():
    product = Product()
    answer = product.send_batch([body(**{f"key_{n}": 1}) for n in range(70)])
    assert answer.json()["accepted"] == 70
    assert len(counts()) == tally.MOST_FIELDS + 1
    assert sum(count for _, _, count in counts()) == 70
    assert ("unknown_key", "…", 20) in counts()


def test_a_clean_stop_loses_none(tmp_path):
    product, server = Product(), Server(tmp_path / "server.log")
    server.start()
    try:
        for _ in range(20):
            headers = {"x-app-uuid": str(product.application.uuid), "x-signature": "0" * 64}
            request = urllib.request.Request(f"http://127.0.0.1:{server.port}/v1/events", b"{}", headers)
            with pytest.raises(urllib.error.HTTPError):
                urllib.request.urlopen(request, timeout=10)
        assert server.process.poll() is None
    finally:
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(15)
    assert counts() == [("invalid_signature", "x-signature", 20)]
