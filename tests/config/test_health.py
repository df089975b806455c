"""What watches this install: the process, the database, the jobs."""

import re
from datetime import timedelta

import pytest
from django.contrib.staticfiles import finders
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from config.backoffice import health, jobs
from config.backoffice.models import Job, JobRun

pytestmark = pytest.mark.django_db


def test_the_process_and_the_database_answer(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok"}


def test_a_missing_migration_is_told_and_success_is_remembered(client, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(health, "_has_every_migration", False)
    last = MigrationRecorder.Migration.objects.filter(app="backoffice").latest("id")
    last.delete()
    answer = client.get("/readyz")
    reason = "1 migrations are missing; run manage.py migrate."
    assert (answer.status_code, answer.json()) == (503, {"status": "down", "reason": reason})

    last.save()
    assert client.get("/readyz").status_code == 200
    with django_assert_num_queries(1):
        assert client.get("/readyz").json() == {"status": "ok"}


@pytest.mark.parametrize("address", ["/healthz", "/healthz/jobs", "/readyz", "/metrics"])
def test_who_watches_the_process_itself_is_not_sent_to_https(client, settings, address):
    settings.SECURE_SSL_REDIRECT = settings.METRICS = True
    assert client.get(address).status_code == 200
    assert client.get("/admin/").status_code == 301


def test_jobs_are_fine_late_or_failed(client):
    now = timezone.now()
    jobs.install_schedules(now)
    assert client.get("/healthz/jobs").json() == {"status": "ok", "late": [], "failed": []}

    name = Job.objects.order_by("name").first().name
    JobRun.objects.create(job=name, slot="x", due_at=now, queued_at=now, state="failed", finished_at=now)
    answer = client.get("/healthz/jobs")
    assert (answer.status_code, answer.json()["failed"]) == (503, [name])

    Job.objects.update(created_at=now - timedelta(days=40))
    assert set(client.get("/healthz/jobs").json()["late"]) == {kind.name for kind in jobs.kinds() if kind.every}


def test_the_front_door_leads_to_the_admin(client):
    assert client.get("/").headers["Location"] == "/admin/"


def test_metrics_are_behind_a_setting(client, settings):
    assert client.get("/metrics").status_code == 404
    settings.METRICS = True
    lines = client.get("/metrics").content.decode().splitlines()
    assert 'backoffice_job_late{job="roll_up"} 0' in lines
    assert "backoffice_rejected_events 0" in lines
    assert "backoffice_default_partition_events 0" in lines


def test_the_api_docs_ask_no_other_machine(client):
    page = client.get("/api/docs/").content.decode()
    asked = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(asked) >= 4
    assert [each for each in asked if not each.startswith("/static/drf_spectacular_sidecar/")] == []
    assert finders.find("drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js")
