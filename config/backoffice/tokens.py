"""Bearer tokens of the read API: shown once, stored as SHA-256."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from config.backoffice import audit
from config.backoffice.models import ApiToken

# What whoever made the token must be allowed to see: a token opens no more than the admin does.
SCOPES = {
    "organizations": "orgs.view_organization",
    "imports": "orgs.view_importbatch",
    "signals": "signals.view_signal",
    "revenue": "revenue.view_subscription",
    "events": "tracker.view_event",
    "insights": "tracker.view_event",
    "operations": "backoffice.view_job",
}
USED_EVERY = timedelta(minutes=1)


def create(user: Any, name: str, *, now: datetime, scopes: Iterable[str] = SCOPES) -> tuple[ApiToken, str]:
    """A new token and its text, which nobody can read again."""
    text = f"bo_{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        token = ApiToken.objects.create(
            user=user, name=name, prefix=text[:8], digest=digest(text), scopes=list(scopes), created_at=now
        )
        audit.record(user, "token.created", token, now=now)
    return token, text


def find(text: str, *, now: datetime) -> ApiToken | None:
    """The valid token with this text, of an active member of staff; notes when it was used, at most once a minute."""
    token = (
        ApiToken.objects.select_related("user")
        .filter(digest=digest(text), revoked_at=None, user__is_active=True, user__is_staff=True)
        .first()
    )
    if token:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USED_EVERY)
        ApiToken.objects.filter(stale, id=token.id).update(last_used_at=now)
    return token


def revoke(token: ApiToken, *, actor: Any, now: datetime) -> bool:
    """False when somebody revoked it before."""
    with transaction.atomic():
        done = bool(ApiToken.objects.filter(id=token.id, revoked_at=None).update(revoked_at=now))
        if done:
            audit.record(actor, "token.revoked", token, now=now)
    return done


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
