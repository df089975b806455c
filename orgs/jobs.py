"""Periodic work of this app."""

from datetime import timedelta

from django.utils import timezone

from config.backoffice.formatting import plural
from config.backoffice.jobs import register_job
from config.backoffice.models import JobRun
from orgs.cohorts import membership
from orgs.importing import batches, progress, undo


@register_job(
    "uploads",
    title="Uploads clean-up",
    does="Deletes uploaded import files 24 hours after their upload.",
    every=timedelta(hours=1),
)
def clean_up_uploads(run: JobRun) -> str:
    return f"{plural(batches.clean_up(timezone.now()), 'uploaded file')} deleted."


@register_job("import", title="Imports", does="Previews, imports and undoes files of more than 2 000 rows.")
def run_import(run: JobRun) -> str:
    act = undo.run_step if run.arguments["step"].startswith("undo") else batches.run_step
    try:
        return act(run, timezone.now())
    except progress.Stopped:
        return "Stopped by hand; nothing was changed."


@register_job(
    "cohorts",
    title="Compute cohorts",
    does="Looks anew which organizations the rules of every cohort match: every hour, and soon after lists changed.",
    every=timedelta(hours=1),
)
def compute_cohorts(run: JobRun) -> str:
    return membership.recompute(timezone.now(), only_cheap=run.arguments.get("only_cheap", False)).sentence()
