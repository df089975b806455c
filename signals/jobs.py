"""Periodic work of the verdict. Registered when the app is ready."""

from datetime import timedelta

from django.utils import timezone

from config.backoffice import settings
from config.backoffice.formatting import plural
from config.backoffice.jobs import register_job
from config.backoffice.models import JobRun
from orgs.cohorts import membership
from signals import retention, rounds, snapshots, studies


@register_job(
    "snapshot",
    title="Refresh touched organizations",
    does="Scores organizations that an import, an alias, a person or their first events touched, and refreshes their "
    "line in lists.",
    every=timedelta(seconds=15),
)
def refresh_touched(run: JobRun) -> str:
    now = timezone.now()
    rounds.follow_settings(now)
    refreshed = snapshots.refresh_touched(now)
    if refreshed:
        membership.recompute_soon(now, only_cheap=True)
    return f"{plural(refreshed, 'organization')} refreshed."


@register_job(
    "score",
    title="Score health",
    does="Scores organizations with new events every hour, and all of them once a day.",
    every=timedelta(hours=1),
)
def score(run: JobRun) -> str:
    now = timezone.now()
    scored = rounds.score_round(now)
    if scored.organizations:
        membership.recompute_soon(now, only_cheap=True)
    whose = ", everybody" if scored.is_everybody else " with new events"
    return f"{plural(scored.organizations, 'organization')} scored{whose}."


@register_job(
    "scan",
    title="Scan for signals",
    does="Goes through the rules for everybody who pays or was active: opens, refreshes, wakes and resolves signals.",
    every=timedelta(hours=1),
)
def scan(run: JobRun) -> str:
    # The planned time names the scan: when a worker dies and the run starts over, it still counts once.
    done = rounds.scan_round(run.due_at, timezone.now())
    counts = f"{done.opened} opened, {done.woken} woken, {done.resolved} resolved"
    return f"{plural(done.organizations, 'organization')} looked at: {counts}."


@register_job(
    "readings",
    title="Thin out old readings",
    does="Keeps every day of the last 100, then one a week for two years.",
    every=timedelta(days=1),
)
def thin_out(run: JobRun) -> str:
    return f"{plural(retention.thin_out(settings.today(timezone.now())), 'reading')} removed."


@register_job(
    "what_if", title="What a model would change", does="Scores everybody under a draft; nothing changes by it."
)
def what_if(run: JobRun) -> str:
    return studies.answer(run.arguments["study"], run, timezone.now())


@register_job("dry_run", title="What thresholds would change", does="Asks one rule again; nothing changes by it.")
def dry_run(run: JobRun) -> str:
    return studies.answer(run.arguments["study"], run, timezone.now())


@register_job("backtest", title="Backtest", does="Looks at past days as they were known then; nothing changes by it.")
def backtest(run: JobRun) -> str:
    return studies.answer(run.arguments["study"], run, timezone.now())
