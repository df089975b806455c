"""Workers killed while they send: what a receiver or a mail server took is sent again under the same name, and a digest
is written with its e-mail or not at all."""

import http.server
import os
import signal
import socketserver
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from email import message_from_bytes

import pytest
from django.conf import settings as process
from django.db import connection, transaction

from config.backoffice.models import Mail, WebhookDelivery, WebhookEndpoint
from config.backoffice.outbox import mail, trying, webhooks
from signals import digest
from signals.models import Digest, Signal
from tests.factories import organization, snapshot, staff

pytestmark = pytest.mark.django_db(transaction=True)
# A Tuesday morning.
NOW = datetime(2026, 3, 10, 7, 30, tzinfo=UTC)
SENDERS = {"mail": mail, "webhooks": webhooks}
WORK = """
import sys, django; django.setup()
from datetime import datetime
from config.backoffice.outbox import mail, webhooks
from signals import digest
now = datetime.fromisoformat(sys.argv[2])
works = {
    "mail": lambda: mail.send_due(now, lambda: now),
    "webhooks": lambda: webhooks.send_due(now, lambda: now),
    "digests": lambda: digest.send_all(now),
}
print(*works[sys.argv[1]]())
"""


class Worker:
    """A process that does one round of one work on the test database."""

    def __init__(self, work: str, now: datetime, port: int = 1) -> None:
        database = connection.settings_dict
        environment = {
            "DATABASE_URL": f"postgresql://{database['USER']}@/{database['NAME']}?host={database['HOST']}",
            "EMAIL_URL": f"smtp://127.0.0.1:{port}",
            "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORK, work, now.isoformat()],
            cwd=process.BASE_DIR,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
            stdout=subprocess.PIPE,
            text=True,
        )

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(15)

    def ends(self) -> str:
        """What it printed; "killed" when it did not get so far."""
        said, _ = self.process.communicate(timeout=60)
        return "killed" if self.process.returncode == -signal.SIGKILL else said.strip()


class Sink(socketserver.ThreadingTCPServer):
    """Keeps what arrives; kills the `victim` when it has all of it, before a word of thanks."""

    daemon_threads = allow_reuse_address = True

    def __init__(self, handler: type) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.got: list = []
        self.victim: Worker | None = None
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return self.server_address[1]

    def took(self, thing: object) -> None:
        self.got.append(thing)
        if self.victim is not None:
            self.victim.kill()
            self.victim = None


class Webhook(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.took((self.headers["webhook-id"], body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


class MailServer(socketserver.StreamRequestHandler):
    """As much SMTP as a client needs to hand over a message."""

    def handle(self) -> None:
        self.say("220 here")
        for line in self.rfile:
            word = line[:4].upper().strip()
            if word == b"DATA":
                self.say("354 go on")
                self.server.took(message_from_bytes(b"".join(iter(self.rfile.readline, b".\r\n"))))
            self.say("221 bye" if word == b"QUIT" else "250 fine")

    def say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


@pytest.fixture
def sink(request):
    server = Sink(request.param)
    yield server
    server.shutdown()
    server.server_close()


def killed_after_handing_over(work: str, sink: Sink, rows) -> None:
    """The first worker dies when the other side has it; the claim holds for its time, then it is sent once more."""
    first = Worker(work, NOW, sink.port)
    sink.victim = first
    assert first.ends() == "killed"
    assert rows.values_list("state", "attempts", "next_try_at", "sent_at").get() == (
        "pending",
        1,
        NOW + trying.LEASE,
        None,
    )
    again = NOW + trying.LEASE
    assert SENDERS[work].send_due(again - timedelta(seconds=1), lambda: again) == (0, 0)
    assert len(sink.got) == 1
    assert Worker(work, again, sink.port).ends() == "1 0"
    assert SENDERS[work].send_due(again + timedelta(days=1), lambda: again) == (0, 0)
    assert rows.values_list("state", "attempts", "sent_at").get() == ("sent", 2, again)


@pytest.mark.parametrize("sink", [Webhook], indirect=True)
def test_a_webhook_arrives_again_under_the_same_id(sink):
    endpoint = WebhookEndpoint(name="CRM", url=f"http://127.0.0.1:{sink.port}/", events=["signal.opened"])
    webhooks.save(endpoint, actor=None, now=NOW)
    webhooks.announce([("signal.opened", {"signal": 7})], NOW)
    row = WebhookDelivery.objects.get()
    killed_after_handing_over("webhooks", sink, WebhookDelivery.objects.filter(pk=row.pk))
    assert sink.got == [(str(row.message_id), row.body.encode())] * 2


@pytest.mark.parametrize("sink", [MailServer], indirect=True)
def test_a_mail_arrives_again_under_the_same_message_id(sink):
    mail.write("digest:1", to="ada@example.com", subject="News", text="One.", html="<b>One.</b>", now=NOW)
    killed_after_handing_over("mail", sink, Mail.objects.all())
    first, second = sink.got
    assert first["Message-ID"] == second["Message-ID"] == f"<{Mail.objects.get().pk}.{int(NOW.timestamp())}@127.0.0.1>"
    assert first["To"] == second["To"] == "ada@example.com"


def test_a_digest_is_written_with_its_mail_or_not_at_all():
    """The worker has written the digest's row and waits to write its e-mail: there it dies."""
    ada = staff("ada", email="ada@example.com")
    org = organization("globex", owner=ada)
    snapshot(org, mrr=1000)
    at = NOW - timedelta(hours=1)
    Signal.objects.create(organization=org, type="usage_drop", sentence="down", opened_at=at, changed_at=at)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE backoffice_mail IN ACCESS EXCLUSIVE MODE")
        worker = Worker("digests", NOW)
        waiting = "SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'backoffice_mail'::regclass"
        backend = until(cursor, waiting)
        worker.kill()
        assert worker.ends() == "killed"
    with connection.cursor() as cursor:
        until(cursor, f"SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {backend:d})")
    assert (Digest.objects.count(), Mail.objects.count()) == (0, 0)
    assert digest.send_all(NOW + timedelta(minutes=15)) == (1, 0)
    assert digest.send_all(NOW + timedelta(minutes=30)) == (0, 0)
    assert (Digest.objects.get().user, Mail.objects.get().to) == (ada, "ada@example.com")


def until(cursor, statement: str) -> int:
    """Ask until there is a row; its number."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        cursor.execute(statement)
        if row := cursor.fetchone():
            return row[0]
        time.sleep(0.05)
    raise AssertionError(f"Nothing came of {statement}")
