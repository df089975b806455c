"""A worker killed in the middle of a confirm of 50 000 rows, ten times: 0 or all rows, and the run's record ends."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Count
from django.utils import timezone

from config.backoffice import jobs
from config.backoffice.models import AuditEntry, JobRun
from orgs.importing import batches, options, undo
from orgs.keys import ensure_keys
from orgs.models import ImportBatch, ImportFile, LedgerEntry, OrganizationTouch
from revenue.models import Subscription
from tests.factories import staff

ROWS, KILLS = 50_000, 10
HISTORY = {ImportBatch, ImportFile, LedgerEntry, OrganizationTouch, AuditEntry, JobRun}
HEADER = "external_org_id,product_code,mrr,currency,start_at\n"
WORKER = "import django, sys; django.setup(); from config.backoffice import tasks; tasks.run_job(int(sys.argv[1]))"

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def database_url() -> str:
    """That of the database of this test."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))


def worker(run: JobRun) -> subprocess.Popen:
    environment = {**os.environ, "DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "config.settings"}
    return subprocess.Popen([sys.executable, "-c", WORKER, str(run.pk)], env=environment)


def wait_for(true, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def others_are_gone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> %s",
            [connection.connection.info.backend_pid],
        )
        return cursor.fetchone()[0] == 0


def waiting_run(batch: ImportBatch, user) -> JobRun:
    """The queued run, as the tick leaves it; after three deaths a person clicks again."""
    jobs.take_up_abandoned(timezone.now() + timedelta(minutes=1))
    run = JobRun.objects.queued().first()
    if run is None:
        batches.confirm_soon(batch, user=user, fingerprint=batch.fingerprint, valid_rows_only=False, now=timezone.now())
        run = JobRun.objects.queued().get()
    return run


def fingerprints() -> dict[str, str]:
    """Every row of every table, but for those that tell what happened."""
    tables = {}
    for model in apps.get_models():
        if model._meta.managed and model not in HISTORY:
            digest = hashlib.sha256()
            for row in model._base_manager.order_by("pk").values_list().iterator(chunk_size=10_000):
                digest.update(repr(row).encode())
            tables[model._meta.db_table] = digest.hexdigest()
    return tables


def received(user, price: str, rows: int) -> ImportBatch:
    lines = "".join(f"org-{n % 5000},p{n},{price},EUR,2024-01-15\n" for n in range(rows))
    now = timezone.now()
    batch = batches.receive(
        "subscriptions",
        file_name="s.csv",
        content=(HEADER + lines).encode(),
        options=options.choose(now),
        user=user,
        now=now,
    )
    batches.preview(batch)
    return batch


def killed_confirms(batch: ImportBatch, user) -> int:
    """Kill the worker of every attempt at some moment; how many attempts were through by then."""
    chance, done = random.Random(11), 0
    for _ in range(KILLS):
        run = waiting_run(batch, user)
        process = worker(run)
        wait_for(lambda run=run: JobRun.objects.get(pk=run.pk).state != "queued", 60)
        time.sleep(chance.uniform(0.2, 6))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        wait_for(others_are_gone, 60)
        count = Subscription.objects.count()
        assert count in (0, ROWS) and LedgerEntry.objects.filter(batch=batch).count() == count
        done += count == ROWS
    return done


def confirmed(user, price: str, now: datetime) -> ImportBatch:
    """The same rows at another price, imported."""
    batch = received(user, price, ROWS)
    assert batches.confirm(batch.pk, user=user, fingerprint=batch.fingerprint, now=now).end is batches.End.DONE
    return batch


def check_undo_restores(user, now: datetime) -> None:
    created = fingerprints()
    batch = confirmed(user, "11.00", now)
    assert undo.undo(batch.pk, user=user, now=now).kept == []
    assert fingerprints() == created
    with pytest.raises(undo.CannotUndo, match="Only a finished import can be undone; this one is: undone"):
        undo.undo(batch.pk, user=user, now=now)


def check_undo_keeps_what_was_edited(user, now: datetime) -> Subscription:
    batch = confirmed(user, "12.00", now)
    edited = Subscription.objects.known_now().get(product_code="p7")
    Subscription.objects.filter(pk=edited.pk).update(name="by hand")
    told = undo.undo(batch.pk, user=user, now=now)
    assert [(each.label, each.reason) for each in told.kept] == [
        (f"p7 12.0000 EUR (row {edited.pk})", "was changed since: name")
    ]
    prices = Subscription.objects.known_now().order_by("mrr").values_list("mrr").annotate(rows=Count("id"))
    assert list(prices) == [(10, ROWS - 1), (12, 1)]
    return edited


def test_killed_ten_times_then_imported_then_undone() -> None:
    user = staff()
    ensure_keys([f"org-{number}" for number in range(5000)], timezone.now())
    before = fingerprints()
    batch = received(user, "10.00", ROWS)
    done = killed_confirms(batch, user)
    assert done < KILLS, "every kill came too late to prove anything"
    if not done:
        run = waiting_run(batch, user)
        assert worker(run).wait(timeout=180) == 0
        assert JobRun.objects.get(pk=run.pk).state == "succeeded"
    assert Subscription.objects.count() == ROWS
    jobs.take_up_abandoned(timezone.now() + timedelta(minutes=1))
    assert not JobRun.objects.running().exists()

    now = timezone.now()
    check_undo_restores(user, now)
    edited = check_undo_keeps_what_was_edited(user, now)
    Subscription.objects.filter(pk=edited.pk).update(name="", mrr=10, batch=batch)
    told = undo.undo(batch.pk, user=user, now=now)
    assert (told.deleted, told.overwritten, told.kept) == (ROWS, 0, [])
    assert fingerprints() == before
