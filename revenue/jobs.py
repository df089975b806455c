"""Periodic work of this app."""

from datetime import timedelta

from django.utils import timezone

from config.backoffice import settings
from config.backoffice.jobs import register_job
from config.backoffice.models import JobRun
from revenue import facts


@register_job(
    "revenue_figures",
    title="Revenue figures",
    does="Computes the revenue page anew when subscriptions, rates or settings changed, and every day.",
    every=timedelta(minutes=1),
)
def refresh_figures(run: JobRun) -> str:
    now = timezone.now()
    stored = facts.refresh(settings.today(now), now)
    if stored is None:
        return "Nothing changed."
    return f"Computed in {stored.duration_ms / 1000:.1f} s from {stored.content['lines']} lines."
