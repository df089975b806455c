"""Jobs of this app, registered when it is ready."""

from datetime import timedelta

from django.utils import timezone

from config.backoffice.jobs import register_job, report_progress
from config.backoffice.metrics import register_gauge
from config.backoffice.models import JobRun
from tracker import features, memberships, partitions, rejects, rollups, store


@register_job(
    "roll_up",
    title="Count events",
    does="Adds new events to the daily rows that every page, score and signal reads.",
    every=timedelta(seconds=30),
)
def roll_up(run: JobRun) -> str:
    return rollups.roll_up(timezone.now()).sentence()


@register_job(
    "features",
    title="Count features anew",
    does="Counts features whose rules changed from the raw events that remain; new events count by themselves.",
    every=timedelta(seconds=30),
)
def count_features(run: JobRun) -> str:
    names = features.count_waiting(timezone.now(), lambda doing: report_progress(run, {"doing": doing}))
    return f"Counted anew: {', '.join(names)}." if names else "No rule has changed."


@register_job(
    "partitions",
    title="Months of events",
    does="Makes the months of the event table ahead, drops those past retention, forgets old keys, refusals and "
    "memberships.",
    every=timedelta(days=1),
)
def maintain(run: JobRun) -> str:
    now = timezone.now()
    outcome = partitions.maintain(now)
    keys, refused = store.prune_keys(now), rejects.prune(now)
    members = memberships.prune(partitions.cutoff(now))
    forgotten = f"{keys} idempotency keys, {refused} lines of refusals and {members} memberships forgotten."
    return f"{outcome.sentence()} {forgotten}"


@register_gauge("backoffice_rejected_events", "Refused events of the last hour.")
def rejected() -> dict[str, float]:
    return {"": rejects.count_since(timezone.now() - timedelta(hours=1))}


@register_gauge("backoffice_default_partition_events", "Events whose time no month of the event table takes.")
def in_default() -> dict[str, float]:
    return {"": partitions.in_default()}


@register_gauge("backoffice_last_event_age_seconds", "Since the latest event came in; absent before the first.")
def last_event_age() -> dict[str, float]:
    last = store.last_received_at()
    return {"": (timezone.now() - last).total_seconds()} if last else {}
