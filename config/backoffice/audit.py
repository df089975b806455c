"""The audit trail: every act that changes what others see leaves a line, in its own transaction."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models

from config.backoffice.models import AuditEntry


def record(
    actor: Any, action: str, subject: models.Model, *, now: datetime, detail: dict[str, Any] | None = None
) -> AuditEntry:
    """Write one line. `action` reads `thing.verb` ("import.confirmed"); `actor` None is the system itself."""
    entry = line(actor, action, subject, now=now, detail=detail)
    entry.save(force_insert=True)
    return entry


def line(
    actor: Any, action: str, subject: models.Model, *, now: datetime, detail: dict[str, Any] | None = None
) -> AuditEntry:
    """The same, not yet written: for acts on many things at once."""
    return AuditEntry(
        at=now,
        actor=actor if actor is not None and actor.pk else None,
        actor_label=str(actor)[:254] if actor is not None else "",
        action=action,
        subject_type=subject._meta.label,
        subject_id=str(subject.pk or ""),
        subject_label=str(subject)[:300],
        detail=detail or {},
    )


def record_many(lines: Iterable[tuple[str, models.Model, dict[str, Any]]], *, now: datetime) -> None:
    """Write what the system itself did to many things: (action, subject, detail)."""
    entries = [line(None, action, subject, now=now, detail=detail) for action, subject, detail in lines]
    AuditEntry.objects.bulk_create(entries, batch_size=2000)


def of(subject: models.Model) -> models.QuerySet[AuditEntry]:
    """The trail of one thing, latest first."""
    return AuditEntry.objects.filter(subject_type=subject._meta.label, subject_id=str(subject.pk))
