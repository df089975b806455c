"""Periodic and requested work, kept in a ledger: one row a (job, slot), so that nothing runs twice or stops silently.

A beat ticks every 15 seconds. The tick plans what is due, re-queues what a dead worker left behind and sends row ids
to the broker. A worker claims a row by conditional update: a second delivery of the same id finds nothing to claim.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from celery import current_app
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q

from config.backoffice import audit
from config.backoffice.models import Job, JobRun

log = logging.getLogger(__name__)

# By name: the task imports this module.
RUN_JOB = "config.backoffice.tasks.run_job"
HEARTBEAT = timedelta(seconds=5)
SILENCE = timedelta(seconds=30)
RESEND = timedelta(seconds=45)
MOST_ATTEMPTS = 3
LATE_AFTER = timedelta(minutes=3)
# Twice the longest period; what runs every few seconds would fill a page of the ledger an hour.
KEEP_RUNS = timedelta(days=62)
OFTEN = timedelta(hours=1)
KEEP_OFTEN = timedelta(days=1)


@dataclass(frozen=True)
class JobKind:
    """`act` gets the run's row and returns one sentence on what it did."""

    name: str
    title: str
    does: str
    act: Callable[[JobRun], str]
    every: timedelta | None


_kinds: dict[str, JobKind] = {}


def register_job(name: str, *, title: str, does: str, every: timedelta | None = None):
    """Register an act as a job: scheduled when it has an `every`, else run when asked for (`request`)."""

    def register(act: Callable[[JobRun], str]) -> Callable[[JobRun], str]:
        if name in _kinds:
            raise ValueError(f"The job {name} is registered twice.")
        _kinds[name] = JobKind(name, title, does, act, every)
        return act

    return register


def kind(name: str) -> JobKind:
    return _kinds[name]


def title(name: str) -> str:
    """Of a job that may be gone by now."""
    return _kinds[name].title if name in _kinds else name


def kinds() -> list[JobKind]:
    return sorted(_kinds.values(), key=lambda each: each.name)


def last_slot(every_seconds: int, now: datetime) -> datetime:
    """The latest due time at or before now; slots count from the epoch, so a whole day starts at midnight UTC."""
    seconds = int(now.timestamp())
    return datetime.fromtimestamp(seconds - seconds % every_seconds, UTC)


def install_schedules(now: datetime) -> None:
    """A row for every registered periodic job; an edited schedule stays."""
    Job.objects.bulk_create(
        [
            Job(name=each.name, every_seconds=int(each.every.total_seconds()), created_at=now)
            for each in kinds()
            if each.every
        ],
        ignore_conflicts=True,
    )


def reschedule(name: str, values: dict[str, Any], *, actor: Any, now: datetime) -> None:
    """Change a job's period or switch it on or off, with an entry in the audit trail."""
    with transaction.atomic():
        job = Job.objects.select_for_update().get(name=name)
        changed = {field: [getattr(job, field), value] for field, value in values.items()}
        changed = {field: pair for field, pair in changed.items() if pair[0] != pair[1]}
        if changed:
            Job.objects.filter(name=name).update(**values)
            audit.record(actor, "job.rescheduled", job, detail=changed, now=now)


def tick(now: datetime) -> list[int]:
    """Plan what is due and take up what was left behind; the ids of runs to send to workers."""
    install_schedules(now)
    plan_due(now)
    take_up_abandoned(now)
    forget(now)
    return waiting(now)


def plan_due(now: datetime) -> None:
    """One row for the latest slot of every enabled job that is not busy: missed slots are caught up once."""
    busy = set(JobRun.objects.active().values_list("job", flat=True))
    due = [job for job in Job.objects.filter(is_enabled=True) if job.name in _kinds and job.name not in busy]
    JobRun.objects.bulk_create(
        [
            JobRun(job=job.name, slot=slot.isoformat(), due_at=slot, queued_at=now)
            for job in due
            for slot in [last_slot(job.every_seconds, now)]
        ],
        ignore_conflicts=True,
    )


def take_up_abandoned(now: datetime) -> None:
    """Runs whose worker died are queued again; after three deaths they are parked with the reason."""
    silent = JobRun.objects.silent_since(now - SILENCE)
    silent.filter(attempts__gte=MOST_ATTEMPTS).update(
        state=JobRun.State.FAILED,
        finished_at=now,
        error=f"The worker died {MOST_ATTEMPTS} times during this run. Its log tells why; then run the job again.",
    )
    silent.filter(attempts__lt=MOST_ATTEMPTS).update(state=JobRun.State.QUEUED, queued_at=now - RESEND)


def forget(now: datetime) -> None:
    """Delete old runs, and successes of frequent jobs after a day; the last success of a job stays whatever its age."""
    often = Job.objects.filter(every_seconds__lt=OFTEN.total_seconds()).values("name")
    is_success = Q(state=JobRun.State.SUCCEEDED)
    old = Q(finished_at__lt=now - KEEP_RUNS) | Q(is_success, finished_at__lt=now - KEEP_OFTEN, job__in=often)
    later = JobRun.objects.succeeded().filter(job=OuterRef("job"), finished_at__gt=OuterRef("finished_at"))
    JobRun.objects.filter(old).filter(~is_success | Exists(later)).delete()


def waiting(now: datetime) -> list[int]:
    """Queued runs that were not sent lately; marks them as sent."""
    fresh_or_lost = JobRun.objects.queued().filter(Q(queued_at=now) | Q(queued_at__lte=now - RESEND))
    ids = list(fresh_or_lost.order_by("id").values_list("id", flat=True))
    JobRun.objects.queued().filter(id__in=ids).update(queued_at=now)
    return ids


def request(name: str, *, slot: str, now: datetime, arguments: dict[str, Any] | None = None, by: Any = None) -> JobRun:
    """Ask for one run, once a slot; it is sent when the transaction commits. The same slot answers the same row."""
    run, created = JobRun.objects.get_or_create(
        job=name,
        slot=slot,
        defaults={"due_at": now, "queued_at": now, "arguments": arguments or {}, "requested_by": by},
    )
    if created:
        transaction.on_commit(lambda: send([run.id]), robust=True)
    return run


def request_by_hand(name: str, *, actor: Any, now: datetime) -> JobRun:
    """One run more, asked for by a person, with an entry in the audit trail."""
    with transaction.atomic():
        run = request(name, slot=f"by hand {now.isoformat()}", now=now, by=actor)
        audit.record(actor, "job.requested", run, now=now)
    return run


def send(ids: Iterable[int]) -> None:
    """Hand run ids to the broker. When it is away the ledger keeps them, and the tick sends them again."""
    for each in ids:
        try:
            current_app.send_task(RUN_JOB, [each], retry=False)
        except Exception:
            log.exception("The broker did not take run %s; it stays queued", each)
            return


def claim(run_id: int, worker: str, now: datetime) -> JobRun | None:
    """Make a queued run ours, or None when somebody else has it or another run of the job is going on."""
    try:
        with transaction.atomic():
            taken = (
                JobRun.objects.queued()
                .filter(id=run_id)
                .update(
                    state=JobRun.State.RUNNING,
                    attempts=F("attempts") + 1,
                    started_at=now,
                    heartbeat_at=now,
                    worker=worker,
                    error="",
                )
            )
    except IntegrityError:
        return None
    return JobRun.objects.get(id=run_id) if taken else None


def beat(run: JobRun, now: datetime) -> bool:
    """A sign of life; False when the run was given to somebody else meanwhile."""
    return bool(_mine(run).update(heartbeat_at=now))


def report_progress(run: JobRun, progress: dict[str, Any]) -> None:
    """What the progress page shows: `done`, `total`, `doing`."""
    _mine(run).update(progress=progress)


def finish(run: JobRun, summary: str, now: datetime) -> bool:
    """Close our own attempt; False when it was no longer ours."""
    return bool(_mine(run).update(state=JobRun.State.SUCCEEDED, finished_at=now, summary=summary[:500]))


def fail(run: JobRun, error: str, now: datetime) -> bool:
    """An error in the act itself is final for this slot; the next slot tries anew."""
    return bool(_mine(run).update(state=JobRun.State.FAILED, finished_at=now, error=error))


def _mine(run: JobRun):
    return JobRun.objects.running().filter(id=run.id, attempts=run.attempts)


@dataclass(frozen=True)
class JobStatus:
    """One line of the Jobs page."""

    kind: JobKind
    job: Job
    last: JobRun | None
    last_success_at: datetime | None
    next_due_at: datetime
    is_late: bool

    @property
    def is_failed(self) -> bool:
        return self.last is not None and self.last.state == JobRun.State.FAILED


def statuses(now: datetime) -> list[JobStatus]:
    """Every periodic job with its last run and whether it is late: no success for its period and 3 minutes more."""
    runs = JobRun.objects.filter(job=OuterRef("name"))
    found = Job.objects.order_by("name").annotate(
        last_id=runs.order_by("-id").values("id")[:1],
        success_at=runs.succeeded().order_by("-finished_at").values("finished_at")[:1],
    )
    known = [job for job in found if job.name in _kinds]
    last = JobRun.objects.in_bulk([job.last_id for job in known if job.last_id])
    return [_status(job, last.get(job.last_id), job.success_at, now) for job in known]


def _status(job: Job, last: JobRun | None, success_at: datetime | None, now: datetime) -> JobStatus:
    period = timedelta(seconds=job.every_seconds)
    seen_at = success_at or job.created_at
    return JobStatus(
        kind=kind(job.name),
        job=job,
        last=last,
        last_success_at=success_at,
        next_due_at=last_slot(job.every_seconds, now) + period,
        is_late=job.is_enabled and now - seen_at > period + LATE_AFTER,
    )
