"""E-mails: written once under a key, in the transaction of what they tell; sent by a job until they are accepted."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from config.backoffice.models import Mail, Outgoing
from config.backoffice.outbox import trying

ROUND = 100
KEEP = timedelta(days=30)


def write(key: str, *, to: str, subject: str, text: str, html: str, now: datetime) -> bool:
    """Put a mail on its way; False when one was written under this key before."""
    line = " ".join(subject.split())[:200]
    row = Mail(key=key, to=to, subject=line, text=text, html=html, created_at=now, next_try_at=now)
    before = Mail.objects.filter(key=key).exists()
    Mail.objects.bulk_create([row], ignore_conflicts=True)
    return not before


def send_due(now: datetime, clock: Any) -> tuple[int, int]:
    """Send what waits, oldest first; how many the mail server took and how many not."""
    Mail.objects.filter(created_at__lt=now - KEEP).exclude(state=Outgoing.State.PENDING).delete()
    sent, failed = 0, 0
    for row in Mail.objects.due(now).order_by("next_try_at", "id")[:ROUND]:
        if not trying.claim(row, now):
            continue
        try:
            message(row).send()
        except Exception as error:
            trying.failed(row, f"{type(error).__name__}: {error}", clock())
            failed += 1
        else:
            trying.sent(row, clock())
            sent += 1
    return sent, failed


def message(row: Mail) -> EmailMultiAlternatives:
    """The same Message-ID at every try, so that mailboxes show a mail once that a dying worker sent twice."""
    host = settings.PUBLIC_URL.split("://")[-1].split("/")[0].split(":")[0]
    headers = {"Message-ID": f"<{row.pk}.{int(row.created_at.timestamp())}@{host}>", "Auto-Submitted": "auto-generated"}
    made = EmailMultiAlternatives(
        row.subject, row.text, settings.DEFAULT_FROM_EMAIL, [row.to], headers=headers, connection=get_connection()
    )
    if row.html:
        made.attach_alternative(row.html, "text/html")
    return made
