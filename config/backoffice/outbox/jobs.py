"""The jobs that empty the outbox. Registered when the app is ready."""

from datetime import timedelta

from django.utils import timezone

from config.backoffice.formatting import plural
from config.backoffice.jobs import register_job
from config.backoffice.models import JobRun
from config.backoffice.outbox import mail, webhooks


@register_job(
    "webhooks",
    title="Send webhooks",
    does="Sends what webhooks wait for; what fails is tried again for a day and a half.",
    every=timedelta(seconds=15),
)
def send_webhooks(run: JobRun) -> str:
    arrived, failed = webhooks.send_due(timezone.now(), timezone.now)
    return f"{plural(arrived, 'delivery', 'deliveries')} arrived, {failed} did not."


@register_job(
    "mail",
    title="Send e-mails",
    does="Sends e-mails that wait; what the mail server refuses is tried again for a day and a half.",
    every=timedelta(minutes=1),
)
def send_mail(run: JobRun) -> str:
    sent, failed = mail.send_due(timezone.now(), timezone.now)
    return f"{plural(sent, 'e-mail')} sent, {failed} not."
