"""Webhooks against a real server of the test's own: answers of every kind, no doubles."""

import base64
import hashlib
import hmac
import ipaddress
import json
import socket
import threading
import time
from datetime import timedelta

import pytest
from django.db import transaction

from config.backoffice.models import WebhookDelivery
from config.backoffice.outbox import posting, trying, webhooks
from config.backoffice.refused import Refused
from tests.config.receivers import EVENT, LOOPBACK, clock, endpoint, tell
from tests.factories import NOW


class TestSending:
    def test_it_arrives_signed(self, receiver, ada):
        _, secret = endpoint(receiver.url, ada)
        tell()
        assert webhooks.send_due(NOW, clock()) == (1, 0)
        [(path, headers, body)] = receiver.got
        row = WebhookDelivery.objects.get()
        assert path == "/hook?a=1"
        assert json.loads(body) == {"type": EVENT, "timestamp": NOW.isoformat(), "data": {"signal": 0}}
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{row.message_id}.{int(NOW.timestamp())}.".encode() + body
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
        assert headers["webhook-id"] == str(row.message_id)
        assert (row.state, row.attempts, row.response_status, row.response_body, row.error) == (
            "sent",
            1,
            200,
            "thanks",
            "",
        )
        assert webhooks.send_due(NOW + timedelta(days=1), clock()) == (0, 0)
        assert len(receiver.got) == 1

    @pytest.mark.parametrize("status", [500, 503, 404, 410])
    def test_another_answer_is_tried_again_with_longer_waits(self, receiver, ada, status):
        endpoint(receiver.url, ada)
        tell()
        receiver.status, now, waits = status, NOW, []
        for _ in range(len(trying.WAITS)):
            assert webhooks.send_due(now, clock(now)) == (0, 1)
            row = WebhookDelivery.objects.get()
            assert (row.state, row.error) == ("pending", f"The receiver answered {status}.")
            waits.append(row.next_try_at - now)
            assert webhooks.send_due(row.next_try_at - timedelta(seconds=1), clock(now)) == (0, 0)
            now = row.next_try_at
        assert waits == list(trying.WAITS)
        webhooks.send_due(now, clock(now))
        row = WebhookDelivery.objects.get()
        assert (row.state, row.attempts, row.response_status) == ("failed", 7, status)
        assert len({headers["webhook-id"] for _, headers, _ in receiver.got}) == 1
        webhooks.redeliver(row.pk, actor=ada, now=now)
        receiver.status = 204
        assert webhooks.send_due(now, clock(now)) == (1, 0)

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_redirects_are_not_followed(self, receiver, ada, status):
        endpoint(receiver.url, ada)
        tell()
        receiver.status = status
        assert webhooks.send_due(NOW, clock()) == (0, 1)
        assert len(receiver.got) == 1
        assert "Redirects are not followed" in WebhookDelivery.objects.get().error

    @pytest.mark.parametrize("drip", [False, True], ids=["silent", "byte by byte"])
    def test_waiting_ends(self, receiver, drip):
        receiver.pause, receiver.drip, receiver.answer = (0.0, True, b"x" * 500) if drip else (5.0, False, b"")
        started = time.monotonic()
        with pytest.raises(posting.NotSent, match="No answer within"):
            posting.post(receiver.url, b"{}", {}, LOOPBACK, seconds=0.7)
        assert time.monotonic() - started < 3

    def test_a_long_answer_is_cut(self, receiver, ada):
        endpoint(receiver.url, ada)
        tell()
        receiver.answer = b"y" * 5_000_000
        assert webhooks.send_due(NOW, clock()) == (1, 0)
        assert WebhookDelivery.objects.get().response_body == "y" * 1000

    def test_nobody_there(self, receiver, ada):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        endpoint(f"http://127.0.0.1:{port}/", ada)
        tell()
        assert webhooks.send_due(NOW, clock()) == (0, 1)
        assert "ConnectionRefusedError" in WebhookDelivery.objects.get().error

    def test_one_that_fails_does_not_hold_up_the_others(self, receiver, ada):
        broken, _ = endpoint("http://127.0.0.1:9/", ada, "broken")
        endpoint(receiver.url, ada, "works")
        tell(3)
        assert webhooks.send_due(NOW, clock()) == (3, 1)
        assert sorted(broken.deliveries.values_list("attempts", flat=True)) == [0, 0, 1]

    def test_a_dead_one_with_much_to_send_does_not_starve_the_others(self, receiver, ada):
        """More rows than a round takes wait for an address where nobody answers, all older than the other's one."""
        broken, _ = endpoint("http://127.0.0.1:9/", ada, "broken")
        tell(webhooks.ROUND + 20)
        works, _ = endpoint(receiver.url, ada, "works")
        webhooks.delivery(works, EVENT, {}, NOW + timedelta(seconds=1)).save()
        later = NOW + timedelta(seconds=2)
        assert webhooks.send_due(later, clock(later)) == (1, 1)
        assert (works.deliveries.get().state, len(receiver.got)) == ("sent", 1)
        # Its failed try puts it behind: whoever answers is served first from now on.
        webhooks.delivery(works, EVENT, {}, later).save()
        assert webhooks.waiting(later) == [works.pk, broken.pk]

    def test_a_slow_one_has_a_share_of_the_round(self, receiver, ada):
        """It says yes after 4 seconds: a share of 10 seconds has room for three tries, the rest waits."""
        slow, _ = endpoint(receiver.url, ada, "slow")
        tell(5)
        works, _ = endpoint(receiver.url, ada, "works")
        webhooks.delivery(works, EVENT, {}, NOW + timedelta(seconds=1)).save()
        later, passed = NOW + timedelta(seconds=2), []

        def ticking():
            """A try looks three times: before it begins, when it is sent, and when its answer is there."""
            passed.append(1)
            return later + timedelta(seconds=4 * len(passed) / 3)

        assert webhooks.send_due(later, ticking) == (4, 0)
        assert slow.deliveries.filter(state="sent").count() == 3
        assert works.deliveries.get().state == "sent"
        assert webhooks.send_due(later, clock(later)) == (2, 0)

    @pytest.mark.parametrize("line", [b"\0\0 rubbish\r\n\r\n", b"HTTP/1.1 2\x0000 \xff\r\n\r\n"])
    def test_an_answer_that_is_no_http_is_its_own_failure(self, settings, ada, receiver, line):
        with socket.create_server(("127.0.0.1", 0)) as rude:
            threading.Thread(target=answer_once, args=(rude, line), daemon=True).start()
            odd, _ = endpoint(f"http://127.0.0.1:{rude.getsockname()[1]}/", ada, "odd")
            tell()
            works, _ = endpoint(receiver.url, ada, "works")
            webhooks.delivery(works, EVENT, {}, NOW).save()
            assert webhooks.send_due(NOW, clock()) == (1, 1)
        row = odd.deliveries.get()
        assert (row.state, row.attempts) == ("pending", 1)
        assert row.next_try_at == NOW + trying.WAITS[0]
        assert row.error.startswith("BadStatusLine: ") and "\ufffd" in row.error

    def test_whatever_goes_wrong_is_one_delivery_that_failed(self, receiver, ada, monkeypatch):
        odd, _ = endpoint("https://example.com/", ada, "odd")
        works, _ = endpoint(receiver.url, ada, "works")
        tell()

        def lost(parts, allowed):
            if parts.hostname == "example.com":
                raise UnicodeError("no such name \0")
            return ipaddress.ip_address("127.0.0.1")

        monkeypatch.setattr("config.backoffice.outbox.addresses.choose", lost)
        assert webhooks.send_due(NOW, clock()) == (1, 1)
        assert (odd.deliveries.get().error, works.deliveries.get().state) == ("no such name \ufffd", "sent")


def answer_once(server: socket.socket, line: bytes) -> None:
    """To the first who calls."""
    wire, _ = server.accept()
    with wire:
        wire.recv(65_536)
        wire.sendall(line)


class TestOutbox:
    def test_only_who_asked_and_is_on(self, ada):
        endpoint("https://example.com/a", ada, "a")
        endpoint("https://example.com/b", ada, "b", events=["signal.resolved"])
        off, _ = endpoint("https://example.com/c", ada, "c")
        off.is_enabled = False
        webhooks.save(off, actor=ada, now=NOW)
        tell()
        assert [row.endpoint.name for row in WebhookDelivery.objects.all()] == ["a"]

    def test_nothing_is_told_of_what_was_rolled_back(self, ada):
        endpoint("https://example.com/a", ada)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            tell()
            raise ZeroDivisionError
        assert not WebhookDelivery.objects.exists()

    def test_a_claim_is_taken_once_and_comes_back_after_a_death(self, ada):
        endpoint("https://example.com/a", ada)
        tell()
        one, two = WebhookDelivery.objects.get(), WebhookDelivery.objects.get()
        assert trying.claim(one, NOW)
        assert not trying.claim(two, NOW)
        assert not WebhookDelivery.objects.due(NOW + trying.LEASE - timedelta(seconds=1)).exists()
        again = WebhookDelivery.objects.due(NOW + trying.LEASE).get()
        assert trying.claim(again, NOW + trying.LEASE)
        trying.failed(one, "late", NOW)
        again.refresh_from_db()
        assert (again.attempts, again.error) == (2, "")

    def test_a_waiting_one_is_not_sent_again_by_hand(self, ada):
        endpoint("https://example.com/a", ada)
        tell()
        with pytest.raises(Refused, match="waits to be sent already"):
            webhooks.redeliver(WebhookDelivery.objects.get().pk, actor=ada, now=NOW)
