"""Periodic work around what people do. Registered when the app is ready."""

from datetime import timedelta

from django.utils import timezone

from config.backoffice.formatting import plural
from config.backoffice.jobs import register_job
from config.backoffice.models import JobRun
from signals import churn, digest


@register_job(
    "churn",
    title="Keep the churn log",
    does="Adds customers whose MRR went to zero to the churn log, with their health 30, 60 and 90 days before.",
    every=timedelta(hours=6),
)
def keep_churn_log(run: JobRun) -> str:
    done = churn.keep_up(timezone.now())
    return f"{plural(done.found, 'customer')} added, {done.changed} changed, {done.withdrawn} withdrawn."


@register_job(
    "digest",
    title="Write digests",
    does="On weekday mornings writes everybody an e-mail with what changed for their customers, if anything did.",
    every=timedelta(minutes=15),
)
def write_digests(run: JobRun) -> str:
    written, quiet = digest.send_all(timezone.now())
    return f"{plural(written, 'digest')} written, {quiet} without news."
