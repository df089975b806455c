"""Digests on their way: lost or doubled by no death; the mail, and the page."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail as sent_mail
from django.db import connection

from config.backoffice import settings as install
from config.backoffice.models import Mail
from config.backoffice.outbox import mail, trying
from orgs import ownership
from signals import detection, digest, snapshots
from signals.models import Digest, DigestChoice, Signal
from tests.factories import staff
from tests.signals.mornings import MORNING, TODAY, customer, opened
from tests.signals.world import silent

pytestmark = pytest.mark.django_db


class TestSending:
    def test_once_a_day_with_what_changed_since_the_last(self, ada):
        globex = customer("globex", ada)
        opened(globex, MORNING - timedelta(hours=3))
        assert digest.send_all(MORNING) == (1, 0)
        assert digest.send_all(MORNING + timedelta(hours=1)) == (0, 0)
        [row] = Mail.objects.all()
        assert (row.key, row.to, row.subject) == (f"digest:{ada.pk}:2026-03-10", ada.email, "Today: new risks 1")
        assert "globex: Usage drop" in row.text
        tomorrow = MORNING + timedelta(days=1)
        assert digest.send_all(tomorrow) == (0, 1)
        opened(globex, tomorrow + timedelta(minutes=1), "renewal_risk")
        assert digest.send_all(tomorrow + timedelta(days=1)) == (1, 0)
        days = Digest.objects.order_by("day").values_list("since", "until", "changes")
        assert list(days) == [
            (MORNING - timedelta(days=1), MORNING, 1),
            (MORNING, tomorrow, 0),
            (tomorrow, tomorrow + timedelta(days=1), 1),
        ]

    @pytest.mark.parametrize(
        ("moment", "is_time"),
        [
            (datetime(2026, 3, 10, 6, 59, tzinfo=UTC), False),
            (datetime(2026, 3, 10, 7, 0, tzinfo=UTC), True),
            (datetime(2026, 3, 10, 12, 0, tzinfo=UTC), False),
            (datetime(2026, 3, 13, 7, 0, tzinfo=UTC), True),
            (datetime(2026, 3, 14, 7, 0, tzinfo=UTC), False),
            (datetime(2026, 3, 15, 7, 0, tzinfo=UTC), False),
        ],
    )
    def test_weekday_mornings(self, ada, moment, is_time):
        assert digest.is_time(moment) is is_time

    def test_in_the_reporting_zone(self, ada):
        install.change({"time_zone": "Pacific/Auckland"}, actor=None, now=MORNING)
        assert digest.is_time(datetime(2026, 3, 8, 18, 30, tzinfo=UTC))
        assert not digest.is_time(datetime(2026, 3, 13, 18, 30, tzinfo=UTC))

    def test_who_gets_none(self, ada):
        readers = {
            "off": staff("off"),
            "no-mail": staff("nomail", email=""),
            "may-not": staff("maynot", is_superuser=False),
            "gone": staff("gone", is_active=False),
        }
        digest.choose(readers["off"], "off")
        for user in readers.values():
            opened(customer(f"of-{user}", user), MORNING - timedelta(hours=3))
        assert digest.send_all(MORNING) == (0, 1)
        assert not Mail.objects.exists()
        assert Digest.objects.get().user == ada

    def test_a_death_before_the_end_leaves_nothing(self, ada, monkeypatch):
        opened(customer("globex", ada), MORNING - timedelta(hours=3))

        def die(*_, **__):
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(Mail.objects.__class__, "bulk_create", die)
            with pytest.raises(KeyboardInterrupt):
                digest.send_all(MORNING)
        assert (Digest.objects.count(), Mail.objects.count()) == (0, 0)
        assert digest.send_all(MORNING + timedelta(minutes=15)) == (1, 0)

    def test_a_name_is_data(self, ada):
        org = customer("globex", ada)
        org.display_name = "<script>alert(1)</script>\nBcc: x@example.com"
        org.save()
        opened(org, MORNING - timedelta(hours=3), sentence="<b>x</b>")
        digest.send_all(MORNING)
        row = Mail.objects.get()
        assert "<script>" not in row.html and "<b>x</b>" not in row.html
        mail.send_due(MORNING, lambda: MORNING)
        [message] = sent_mail.outbox
        assert message.recipients() == [ada.email]


@pytest.mark.django_db(transaction=True)
def test_written_while_a_scan_is_at_work(monkeypatch):
    """The scan took the clock at 7:30:00 and commits after the digest of 7:30:02."""
    ada = staff("ada")
    organization_of = silent()
    ownership.assign([organization_of.pk], ada, actor=None, now=MORNING - timedelta(days=30))
    snapshots.refresh(MORNING)
    inside, go, real = threading.Event(), threading.Event(), detection.refresh_signal_columns

    def slowly(*given):
        inside.set()
        go.wait(20)
        real(*given)

    def scan():
        detection.scan(TODAY, MORNING, MORNING)
        connection.close()

    monkeypatch.setattr(detection, "refresh_signal_columns", slowly)
    thread = threading.Thread(target=scan)
    thread.start()
    inside.wait(20)
    assert digest.send_all(MORNING + timedelta(seconds=2)) == (0, 1)
    go.set()
    thread.join(20)
    assert Signal.objects.open().count() == 2
    assert digest.send_all(MORNING + timedelta(days=1)) == (1, 0)
    assert Mail.objects.get().subject == "Today: new risks 2"


@pytest.mark.django_db(transaction=True)
def test_two_workers_write_one():
    ada = staff("ada")
    opened(customer("globex", ada), MORNING - timedelta(hours=3))
    start, done = threading.Barrier(2), []

    def work():
        start.wait()
        done.append(digest.send_all(MORNING))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [(0, 0), (1, 0)]
    assert (Digest.objects.count(), Mail.objects.count()) == (1, 1)


class TestMail:
    def put(self, key="a"):
        return mail.write(key, to="ada@example.com", subject="Hi\nthere", text="text", html="<p>x</p>", now=MORNING)

    def test_written_once_a_key_and_sent_once(self, db):
        assert self.put()
        assert not self.put()
        assert mail.send_due(MORNING, lambda: MORNING) == (1, 0)
        assert mail.send_due(MORNING + timedelta(days=1), lambda: MORNING) == (0, 0)
        [message] = sent_mail.outbox
        assert (message.subject, message.body, message.alternatives[0].content) == ("Hi there", "text", "<p>x</p>")
        assert message.extra_headers["Message-ID"].startswith(f"<{Mail.objects.get().pk}.")

    def test_a_mail_server_that_is_away_is_tried_again(self, db, settings):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
        self.put()
        now = MORNING
        for wait in trying.WAITS:
            assert mail.send_due(now, lambda now=now: now) == (0, 1)
            row = Mail.objects.get()
            assert (row.state, row.next_try_at) == ("pending", now + wait)
            now = row.next_try_at
        assert mail.send_due(now, lambda: now) == (0, 1)
        assert Mail.objects.get().state == "failed"
        assert "ConnectionRefusedError" in Mail.objects.get().error

    def test_one_that_another_worker_has_is_left_to_it(self, db):
        self.put()
        assert trying.claim(Mail.objects.get(), MORNING)
        assert mail.send_due(MORNING, lambda: MORNING) == (0, 0)
        assert mail.send_due(MORNING + trying.LEASE, lambda: MORNING) == (1, 0)


def test_the_page(client, ada):
    client.force_login(ada)
    assert client.get("/admin/digest/").context["scope"] == "mine"
    client.post("/admin/digest/", {"scope": "off"})
    assert DigestChoice.objects.get().scope == "off"
    client.post("/admin/digest/", {"scope": "<x>"})
    assert DigestChoice.objects.get().scope == "mine"
