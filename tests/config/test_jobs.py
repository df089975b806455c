"""The ledger of jobs: planned once, run once, caught up once, parked after three deaths, late when silent."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from config.backoffice import jobs, tasks
from config.backoffice.models import Job, JobRun

T0 = datetime(2026, 3, 10, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def registry(monkeypatch):
    """Two jobs of the test's own: one counts its runs, one fails."""
    ran: list[int] = []

    def counts(run: JobRun) -> str:
        ran.append(run.pk)
        return f"{len(ran)} done"

    def fails(run: JobRun) -> str:
        raise ValueError("no such file")

    kinds = {
        "counts": jobs.JobKind("counts", "Counts", "", counts, timedelta(seconds=30)),
        "fails": jobs.JobKind("fails", "Fails", "", fails, None),
    }
    monkeypatch.setattr(jobs, "_kinds", kinds)
    return ran


def claimed(run_id: int, now: datetime = T0) -> JobRun | None:
    return jobs.claim(run_id, "test", now)


@pytest.mark.django_db
class TestTick:
    def test_plans_each_slot_once(self, registry):
        [first] = jobs.tick(T0 + timedelta(seconds=3))
        assert jobs.tick(T0 + timedelta(seconds=18)) == []
        run = JobRun.objects.get()
        assert (run.id, run.slot, run.state) == (first, "2026-03-10T12:00:00+00:00", "queued")

    def test_several_beats_are_harmless(self, registry):
        moment = T0 + timedelta(seconds=3)
        jobs.tick(moment)
        jobs.plan_due(moment)
        assert JobRun.objects.count() == 1

    def test_missed_slots_are_caught_up_once(self, registry):
        [first] = jobs.tick(T0)
        jobs.finish(claimed(first), "done", T0)
        jobs.tick(T0 + timedelta(hours=5))
        assert list(JobRun.objects.queued().values_list("slot", flat=True)) == ["2026-03-10T17:00:00+00:00"]

    def test_a_busy_job_is_not_planned_again(self, registry):
        [first] = jobs.tick(T0)
        claimed(first)
        jobs.beat(JobRun.objects.get(), T0 + timedelta(seconds=60))
        assert jobs.tick(T0 + timedelta(seconds=61)) == []
        assert JobRun.objects.count() == 1

    def test_what_the_broker_lost_is_sent_again(self, registry):
        [first] = jobs.tick(T0)
        assert jobs.tick(T0 + timedelta(seconds=15)) == []
        assert jobs.tick(T0 + timedelta(seconds=46)) == [first]

    def test_a_switched_off_job_is_left_alone(self, registry):
        jobs.install_schedules(T0)
        Job.objects.update(is_enabled=False)
        assert jobs.tick(T0) == []


@pytest.mark.django_db
class TestDeath:
    def test_a_silent_run_is_queued_again(self, registry):
        [first] = jobs.tick(T0)
        claimed(first)
        assert jobs.tick(T0 + timedelta(seconds=29)) == []
        assert jobs.tick(T0 + timedelta(seconds=31)) == [first]
        assert claimed(first, T0 + timedelta(seconds=32)).attempts == 2

    def test_three_deaths_park_it_with_the_reason(self, registry):
        [first] = jobs.tick(T0)
        for attempt in range(3):
            moment = T0 + timedelta(seconds=31 * attempt)
            assert claimed(first, moment).attempts == attempt + 1
            jobs.tick(moment + timedelta(seconds=31))
        run = JobRun.objects.get(id=first)
        assert run.state == "failed"
        assert "died 3 times" in run.error

    def test_the_first_worker_cannot_close_what_was_given_to_a_second(self, registry):
        [first] = jobs.tick(T0)
        stalled = claimed(first)
        jobs.tick(T0 + timedelta(seconds=31))
        second = claimed(first, T0 + timedelta(seconds=32))
        assert not jobs.finish(stalled, "late", T0 + timedelta(seconds=33))
        assert not jobs.beat(stalled, T0 + timedelta(seconds=33))
        assert jobs.finish(second, "in time", T0 + timedelta(seconds=34))
        assert JobRun.objects.get().summary == "in time"


@pytest.mark.django_db
class TestRun:
    def test_a_second_delivery_changes_nothing(self, registry):
        [first] = jobs.tick(T0)
        assert tasks.execute(claimed(first))
        assert claimed(first) is None
        assert registry == [first]
        assert JobRun.objects.get().summary == "1 done"

    def test_at_most_one_run_of_a_job_at_a_time(self, registry):
        one = jobs.request("counts", slot="a", now=T0)
        two = jobs.request("counts", slot="b", now=T0)
        assert claimed(one.id) is not None
        assert claimed(two.id) is None
        assert JobRun.objects.get(id=two.id).state == "queued"

    @pytest.mark.django_db(transaction=True)
    def test_an_error_stands_in_the_ledger(self, registry):
        run = jobs.request("fails", slot="a", now=T0)
        assert not tasks.execute(claimed(run.id))
        run.refresh_from_db()
        assert run.state == "failed"
        assert run.error.startswith("ValueError: no such file")

    def test_the_same_request_twice_is_one_run(self, registry):
        assert jobs.request("counts", slot="a", now=T0) == jobs.request("counts", slot="a", now=T0)


@pytest.mark.django_db
class TestForgotten:
    def test_frequent_successes_go_after_a_day_and_the_last_success_never(self, registry):
        Job.objects.create(name="counts", every_seconds=30, created_at=T0)
        day = timedelta(days=1)

        def ran(job: str, slot: str, state: str, at: datetime) -> str:
            JobRun.objects.create(job=job, slot=slot, due_at=at, queued_at=at, finished_at=at, state=state)
            return slot

        ran("counts", "old success", "succeeded", T0 - 2 * day)
        ran("fails", "first", "succeeded", T0 - 63 * day)
        ran("fails", "failure of two months ago", "failed", T0 - 63 * day)
        kept = {
            ran("counts", "failure", "failed", T0 - 2 * day),
            ran("counts", "success", "succeeded", T0 - day),
            ran("fails", "its last", "succeeded", T0 - 62 * day - timedelta(seconds=1)),
        }
        jobs.forget(T0)
        assert set(JobRun.objects.values_list("slot", flat=True)) == kept

    def test_a_long_ledger_is_not_read_to_tell_how_jobs_stand(self, registry):
        JobRun.objects.bulk_create(
            JobRun(job="counts", slot=str(n), due_at=T0, queued_at=T0, finished_at=T0, state="succeeded")
            for n in range(20_000)
        )
        jobs.install_schedules(T0)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE backoffice_jobrun")
        with CaptureQueriesContext(connection) as asked:
            [status] = jobs.statuses(T0)
        assert (status.last.slot, status.last_success_at) == ("19999", T0)
        with connection.cursor() as cursor:
            for query in asked.captured_queries:
                cursor.execute(f"EXPLAIN {query['sql']}")
                plan = "\n".join(line for (line,) in cursor.fetchall())
                assert "Seq Scan on backoffice_jobrun" not in plan, plan


@pytest.mark.django_db
class TestLate:
    def test_late_after_its_period_and_three_minutes(self, registry):
        [first] = jobs.tick(T0)
        jobs.finish(claimed(first), "done", T0)
        [fine] = jobs.statuses(T0 + timedelta(seconds=30 + 180))
        [late] = jobs.statuses(T0 + timedelta(seconds=30 + 181))
        assert (fine.is_late, late.is_late) == (False, True)

    def test_a_job_that_never_ran_is_late_too(self, registry):
        jobs.install_schedules(T0)
        [status] = jobs.statuses(T0 + timedelta(minutes=4))
        assert status.is_late
        assert status.last is None


@pytest.mark.django_db(transaction=True)
def test_a_request_is_sent_only_when_its_transaction_commits(registry, monkeypatch):
    sent: list[int] = []
    monkeypatch.setattr(jobs, "send", sent.extend)
    with transaction.atomic():
        run = jobs.request("counts", slot="a", now=T0)
        assert sent == []
    assert sent == [run.id]
    assert not connection.in_atomic_block
