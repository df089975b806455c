"""Addresses of webhooks that are refused, what is told to them, and their pages."""

import json
import socket
from datetime import timedelta

import pytest

from config.backoffice import audit
from config.backoffice.models import WebhookDelivery, WebhookEndpoint
from config.backoffice.outbox import posting, webhooks
from config.backoffice.refused import Refused
from signals import handling, scoring, snapshots
from signals.detection import scan
from signals.lifecycle import Action
from signals.models import Signal
from tests.config.receivers import EVENT, clock, endpoint, tell
from tests.factories import NOW, staff
from tests.signals.world import TODAY, silent


class TestAddresses:
    @pytest.mark.parametrize(
        "url",
        [
            "ftp://example.com/",
            "file:///etc/passwd",
            "https://",
            "example.com/hook",
            "https://user:password@example.com/",
            "https://example.com:99999/",
            "https://example.com:0/",
            "https://exa mple.com/",
            "https://example.com/a\r\nHost: x",
        ],
    )
    def test_what_is_no_address(self, url, ada):
        with pytest.raises(Refused):
            endpoint(url, ada)
        assert not WebhookEndpoint.objects.exists()

    def test_a_name_that_changes_its_address_is_looked_up_once(self, receiver, monkeypatch):
        """The first answer is public, every later one is the receiver: the connection goes to what was checked."""
        asked, connected = [], []

        def rebinding(host, port, *_, **__):
            asked.append(host)
            address = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

        def connecting(address, *_, **__):
            connected.append(address[0])
            raise ConnectionRefusedError

        monkeypatch.setattr(socket, "getaddrinfo", rebinding)
        monkeypatch.setattr(socket, "create_connection", connecting)
        with pytest.raises(posting.NotSent):
            posting.post(f"https://rebind.example:{receiver.server_port}/", b"{}", {}, [])
        assert (asked, connected, receiver.got) == (["rebind.example"], ["93.184.216.34"], [])

    def test_a_refused_address_is_an_entry_of_the_log(self, ada):
        endpoint("https://169.254.169.254/latest/meta-data/", ada)
        tell()
        assert webhooks.send_due(NOW, clock()) == (0, 1)
        assert "169.254.169.254, which is not a public address" in WebhookDelivery.objects.get().error


class TestSignals:
    def test_every_transition_tells_in_its_own_transaction(self, ada):
        all_events = [name for name in webhooks.events() if name.startswith("signal.")]
        endpoint("https://example.com/a", ada, events=all_events)
        silent()
        scoring.score(TODAY, NOW)
        snapshots.refresh(NOW)
        scan(TODAY, NOW, NOW)
        drop = Signal.objects.get(type="usage_drop")
        until = TODAY + timedelta(days=7)
        handling.act(drop.pk, Action.SNOOZE, actor=ada, now=NOW + timedelta(minutes=1), reason="Wait", until=until)
        handling.act(
            drop.pk, Action.SNOOZE, actor=ada, now=NOW + timedelta(minutes=2), reason="Assigned to", until=until
        )
        handling.assign(drop.pk, ada, actor=ada, now=NOW + timedelta(minutes=3))
        handling.act(drop.pk, Action.REOPEN, actor=ada, now=NOW + timedelta(minutes=4))
        handling.act(drop.pk, Action.DISMISS, actor=ada, now=NOW + timedelta(minutes=5), reason="No")
        told = [(row.event, json.loads(row.body)["data"]) for row in WebhookDelivery.objects.order_by("id")]
        assert [name for name, data in told if data["signal"] == drop.pk] == [
            "signal.opened",
            "signal.snoozed",
            "signal.snoozed",
            "signal.assigned",
            "signal.reopened",
            "signal.dismissed",
        ]
        _, last = told[-1]
        assert (last["organization"], last["state"], last["actor"], last["assignee"], last["reason"]) == (
            "gone",
            "dismissed",
            "ada",
            "ada",
            "No",
        )

    def test_a_refused_act_tells_nothing(self, ada):
        endpoint("https://example.com/a", ada, events=list(webhooks.events()))
        org = silent()
        signal = Signal.objects.create(organization=org, type="usage_drop", sentence="x", opened_at=NOW, changed_at=NOW)
        with pytest.raises(Refused):
            handling.act(signal.pk, Action.DISMISS, actor=ada, now=NOW, reason="")
        assert not WebhookDelivery.objects.exists()


class TestPages:
    def test_made_shown_once_changed_and_removed(self, client, ada):
        client.force_login(ada)
        sent = {"name": "CRM", "url": "https://example.com/hook", "events": [EVENT], "is_enabled": "on"}
        answer = client.post("/admin/backoffice/webhookendpoint/add/", sent, follow=True)
        [said] = [str(each) for each in answer.context["messages"] if "whsec_" in str(each)]
        made = WebhookEndpoint.objects.get()
        secret = said.rsplit(" ", 1)[1].encode()
        assert secret not in bytes(made.secret)
        page = f"/admin/backoffice/webhookendpoint/{made.pk}/change/"
        assert "whsec_" not in client.get(page).content.decode()
        client.post(f"/admin/backoffice/webhookendpoint/{made.pk}/rotate/")
        assert bytes(WebhookEndpoint.objects.get().secret) != bytes(made.secret)
        client.post(f"/admin/backoffice/webhookendpoint/{made.pk}/ping/")
        assert WebhookDelivery.objects.get().event == "ping"
        assert "ping" in client.get(page).content.decode()
        client.post(f"/admin/backoffice/webhookendpoint/{made.pk}/delete/", {"post": "yes"})
        assert not WebhookEndpoint.objects.exists()
        actions = [line.action for line in audit.of(made).order_by("id")]
        assert actions == ["webhook.made", "webhook.secret_changed", "webhook.removed"]

    def test_a_wrong_address_is_said_at_the_field(self, client, ada):
        client.force_login(ada)
        sent = {"name": "CRM", "url": "gopher://example.com", "events": [EVENT]}
        answer = client.post("/admin/backoffice/webhookendpoint/add/", sent)
        assert "has to begin with https://" in answer.content.decode()
        assert not WebhookEndpoint.objects.exists()

    def test_sent_again_from_the_log(self, client, ada):
        client.force_login(ada)
        endpoint("https://example.com/a", ada)
        tell()
        WebhookDelivery.objects.update(state="failed", attempts=7)
        row = WebhookDelivery.objects.get()
        ticked = {"action": "send_again", "_selected_action": [row.pk]}
        client.post("/admin/backoffice/webhookdelivery/", ticked)
        row.refresh_from_db()
        assert (row.state, row.attempts) == ("pending", 0)
        assert client.get(f"/admin/backoffice/webhookdelivery/{row.pk}/change/").status_code == 200

    def test_nothing_is_promised_of_one_that_is_off(self, client, ada):
        client.force_login(ada)
        made, _ = endpoint("https://example.com/a", ada)
        tell()
        WebhookDelivery.objects.update(state="failed", attempts=7)
        made.is_enabled = False
        webhooks.save(made, actor=ada, now=NOW)
        answer = client.post(f"/admin/backoffice/webhookendpoint/{made.pk}/ping/", follow=True)
        [said] = [str(each) for each in answer.context["messages"]]
        assert said == "This webhook is switched off, nothing is sent to it. Switch it on, then send a test event."
        row = WebhookDelivery.objects.get()
        ticked = {"action": "send_again", "_selected_action": [row.pk]}
        answer = client.post("/admin/backoffice/webhookdelivery/", ticked, follow=True)
        [said] = [str(each) for each in answer.context["messages"]]
        assert said.startswith(f"{row.pk}: Its webhook is switched off")
        assert WebhookDelivery.objects.get().state == "failed"

    def test_who_may_not_look(self, client, ada):
        client.force_login(staff("guest", is_superuser=False))
        assert client.get("/admin/backoffice/webhookendpoint/").status_code == 403
        assert client.get("/admin/backoffice/webhookdelivery/").status_code == 403
