"""A large import that somebody stops: the worker's transaction is rolled back and the page says so."""

import threading
import time

import pytest
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from config import db
from config.backoffice import tasks
from config.backoffice.models import AuditEntry, JobRun
from orgs.importing import batches, options, progress
from orgs.models import ImportBatch, LedgerEntry, Organization
from tests.factories import NOW, staff

ROWS = 20_000

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def batch(client) -> ImportBatch:
    user = staff("kim")
    client.force_login(user)
    now = timezone.now()
    text = "external_org_id,display_name\n" + "".join(f"org_{n},Customer number {n} GmbH\n" for n in range(ROWS))
    made = batches.receive(
        "organizations", file_name="o.csv", content=text.encode(), options=options.choose(now), user=user, now=now
    )
    batches.preview(made)
    return made


def door(name: str, batch: ImportBatch) -> str:
    return reverse(f"admin:orgs_importbatch_{name}", args=[batch.pk])


def run_all() -> None:
    for run in JobRun.objects.filter(state="queued"):
        tasks.run_job(run.pk)


def stop_when(doing: str, client, batch: ImportBatch) -> threading.Thread:
    def look() -> None:
        for _ in range(1000):
            if JobRun.objects.filter(state="running", progress__doing__startswith=doing).exists():
                client.post(door("stop", batch))
                break
            time.sleep(0.02)
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    return thread


def test_stopped_in_the_middle_nothing_stays(client, batch: ImportBatch, monkeypatch) -> None:
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0.05)
    client.post(door("confirm", batch), {"fingerprint": batch.fingerprint})
    page = client.get(door("change", batch)).content.decode()
    assert "Stop</button>" in page and 'http-equiv="refresh"' in page
    thread = stop_when("", client, batch)
    run_all()
    thread.join()
    assert JobRun.objects.get().summary == "Stopped by hand; nothing was changed."
    assert not Organization.objects.exists() and not LedgerEntry.objects.exists()
    assert AuditEntry.objects.get(action="import.stopped").actor_label == "kim"
    assert "nothing of it was written" in client.get(door("change", batch)).content.decode()
    client.post(door("confirm", batch), {"fingerprint": batch.fingerprint})
    run_all()
    assert Organization.objects.count() == ROWS


def test_stopped_before_a_worker_took_it(client, batch: ImportBatch) -> None:
    ImportBatch.objects.update(fingerprint="")
    client.post(door("again", batch))
    client.post(door("stop", batch))
    run_all()
    page = client.get(door("change", batch)).content.decode()
    assert "Stopped by hand" in page and "Preview the file again" in page
    client.post(door("again", batch))
    run_all()
    assert f"Import {ROWS // 1000}\u202f000\u00a0rows" in client.get(door("change", batch)).content.decode()
    assert "had ended already" in client.post(door("stop", batch), follow=True).content.decode()


def test_a_statement_that_goes_on_is_ended(batch: ImportBatch, monkeypatch) -> None:
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0.05)
    run = JobRun.objects.create(job="import", slot="x", state="running", due_at=NOW, queued_at=NOW, attempts=1)
    asked = threading.Timer(0.2, lambda: (progress.ask_to_stop(run), connection.close()))
    asked.start()
    began = time.monotonic()
    with pytest.raises(progress.Stopped), progress.watched(run, "Comparing"), transaction.atomic():
        db.run("SELECT pg_sleep(30)")
    assert time.monotonic() - began < 10
    asked.join()


def test_others_cannot_stop_it(client, batch: ImportBatch) -> None:
    client.post(door("confirm", batch), {"fingerprint": batch.fingerprint})
    client.force_login(staff("eve", is_superuser=False))
    assert client.post(door("stop", batch)).status_code == 403
    assert not AuditEntry.objects.filter(action="import.stopped").exists()
