"""Acts on applications and their credentials. A secret or key is shown once, by the act that made it."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from config.backoffice import audit
from config.backoffice.secrets import register_sealed, seal
from tracker import credentials
from tracker.models import Application, ApplicationCredential

OVERLAP = timedelta(hours=24)
Kind = ApplicationCredential.Kind
register_sealed(ApplicationCredential, "sealed")


@dataclass(frozen=True)
class NewApplication:
    """A fresh application with what nobody can read again."""

    application: Application
    secret: str = field(repr=False)
    write_key: str = field(repr=False)


def create_application(
    name: str,
    *,
    actor: Any,
    now: datetime,
    organization_from: Sequence[str] | None = None,
    user_property: str = "",
) -> NewApplication:
    """An application with a signing secret and a write key."""
    application = Application(name=name, user_property=user_property, created_at=now)
    if organization_from:
        application.organization_from = list(organization_from)
    application.full_clean()
    with transaction.atomic():
        application.save()
        fresh = equip(application, now=now)
        audit.record(actor, "application.created", application, now=now)
    return fresh


def equip(application: Application, *, now: datetime) -> NewApplication:
    """The first secret and write key of a saved application."""
    secret, write_key = f"sk_{secrets.token_urlsafe(32)}", f"wk_{secrets.token_urlsafe(24)}"
    _add(application, Kind.SECRET, secret, now)
    _add(application, Kind.WRITE_KEY, write_key, now)
    return NewApplication(application, secret, write_key)


def rotate(application: Application, kind: str, *, actor: Any, now: datetime, overlap: timedelta = OVERLAP) -> str:
    """A new secret or write key; the former ones stay valid for the overlap."""
    text = f"{'sk' if kind == Kind.SECRET else 'wk'}_{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        former = application.credentials.filter(kind=kind).valid(now)
        former.filter(expires_at=None).update(expires_at=now + overlap)
        former.filter(expires_at__gt=now + overlap).update(expires_at=now + overlap)
        credential = _add(application, kind, text, now)
        detail = {"kind": kind, "hint": credential.hint, "overlap_hours": overlap.total_seconds() / 3600}
        audit.record(actor, "credential.rotated", application, now=now, detail=detail)
    transaction.on_commit(credentials.forget)
    return text


def revoke(credential: ApplicationCredential, *, actor: Any, now: datetime) -> bool:
    """End a credential at once; False when somebody did before. Other processes follow within 20 seconds."""
    with transaction.atomic():
        open_ones = ApplicationCredential.objects.filter(id=credential.id, revoked_at=None)
        done = bool(open_ones.update(revoked_at=now))
        if done:
            detail = {"kind": credential.kind, "hint": credential.hint}
            audit.record(actor, "credential.revoked", credential.application, now=now, detail=detail)
    transaction.on_commit(credentials.forget)
    return done


def set_active(application: Application, is_active: bool, *, actor: Any, now: datetime) -> bool:
    """Refuse an application's events from now on, or take them again; False when nothing changed."""
    with transaction.atomic():
        others = Application.objects.filter(id=application.id, is_active=not is_active)
        done = bool(others.update(is_active=is_active))
        if done:
            verb = "activated" if is_active else "deactivated"
            audit.record(actor, f"application.{verb}", application, now=now)
    transaction.on_commit(credentials.forget)
    return done


def deactivate(application: Application, *, actor: Any, now: datetime) -> bool:
    """Refuse this application's events from now on."""
    return set_active(application, False, actor=actor, now=now)


def _add(application: Application, kind: str, text: str, now: datetime) -> ApplicationCredential:
    return ApplicationCredential.objects.create(
        application=application,
        kind=kind,
        sealed=seal(text.encode()),
        digest=hashlib.sha256(text.encode()).digest(),
        hint=text[-4:],
        created_at=now,
    )
