"""The furniture's doors: settings two people edit, a job's schedule, the jobs of the read API."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from config.backoffice import jobs, settings, tokens
from config.backoffice.models import AuditEntry, InstallSettings, Job, JobRun
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
FORM = {
    "time_zone": "Europe/Berlin",
    "reporting_currency": "EUR",
    "end_convention": "exclusive",
    "gap_grace_days": "0",
    "fx_mode": "period_end",
    "fx_constant_date": "",
    "week_start": "monday",
}
ADDRESS = "/admin/backoffice/installsettings/1/change/"


@pytest.fixture
def ada(client):
    user = factories.staff(is_superuser=True)
    client.force_login(user)
    return user


class TestSettingsOfTwoPeople:
    def test_the_form_saves_what_it_was_shown(self, client, ada):
        client.get("/admin/backoffice/installsettings/")
        assert client.post(ADDRESS, {**FORM, "seen_version": "1"}).status_code == 302
        assert settings.read().time_zone == "Europe/Berlin"

    def test_the_second_one_is_told_and_overwrites_nothing(self, client, ada):
        settings.change({"week_start": "sunday"}, actor=None, now=NOW)
        answer = client.post(ADDRESS, {**FORM, "seen_version": "1"})
        assert "Somebody else changed these settings" in answer.content.decode()
        row = InstallSettings.objects.get()
        assert (row.time_zone, row.week_start, row.version) == ("UTC", "sunday", 2)


class TestSchedule:
    def test_an_edit_leaves_a_line_in_the_audit_trail(self, client, ada):
        jobs.install_schedules(NOW)
        before = Job.objects.get(name="scan").every_seconds
        client.post("/admin/backoffice/job/scan/change/", {"every_seconds": "7200"})
        job = Job.objects.get(name="scan")
        assert (job.every_seconds, job.is_enabled) == (7200, False)
        entry = AuditEntry.objects.get(action="job.rescheduled")
        assert (entry.actor, entry.detail) == (ada, {"every_seconds": [before, 7200], "is_enabled": [True, False]})

    def test_the_same_values_leave_none(self, client, ada):
        jobs.install_schedules(NOW)
        every = Job.objects.get(name="scan").every_seconds
        client.post("/admin/backoffice/job/scan/change/", {"every_seconds": str(every), "is_enabled": "on"})
        assert not AuditEntry.objects.filter(action="job.rescheduled").exists()

    def test_run_now_does_too(self, client, ada):
        client.post("/admin/backoffice/job/scan/run/")
        run = JobRun.objects.get()
        entry = AuditEntry.objects.get(action="job.requested")
        assert (run.job, run.requested_by) == ("scan", ada)
        assert (entry.actor, entry.subject_type, entry.subject_id) == (ada, "backoffice.JobRun", str(run.pk))
        client.post("/admin/backoffice/job/scan/run/")
        assert AuditEntry.objects.filter(action="job.requested").count() == 1  # it waits already


class TestJobsApi:
    def bearer(self, user, *scopes: str) -> dict[str, str]:
        _, text = tokens.create(user, "BI", now=NOW, scopes=scopes)
        return {"Authorization": f"Bearer {text}"}

    def test_every_periodic_job_with_its_last_run(self, client, ada):
        now = timezone.now()
        jobs.install_schedules(now)
        Job.objects.update(created_at=now - timedelta(days=1))
        run = jobs.request("scan", slot="by hand", now=now)
        jobs.finish(jobs.claim(run.id, "test", now), "Nothing to do", now)
        lines = client.get("/api/v1/jobs/", headers=self.bearer(ada, "operations")).json()["results"]
        assert [line["name"] for line in lines] == [status.kind.name for status in jobs.statuses(now)]
        [scan] = [line for line in lines if line["name"] == "scan"]
        assert (scan["is_late"], scan["last_run"]["summary"]) == (False, "Nothing to do")
        [rolled] = [line for line in lines if line["name"] == "roll_up"]
        assert (rolled["is_late"], rolled["last_run"]) == (True, None)

    def test_another_scope_does_not_open_them(self, client, ada):
        assert client.get("/api/v1/jobs/", headers=self.bearer(ada, "events")).status_code == 403
        assert JobRun.objects.count() == 0
