"""Who looks after which customers."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from config.backoffice import audit
from config.backoffice.models import AuditEntry
from config.backoffice.refused import Refused
from orgs.models import Organization, OrganizationTouch

BATCH = 1_000


def assign(organization_ids: Iterable[int], owner: Any, *, actor: Any, now: datetime) -> int:
    """Give organizations to a member of staff, or to nobody (None); how many changed hands. Each is recorded."""
    if owner is not None and not (owner.is_active and owner.is_staff):
        raise Refused(f"{owner} can't open this back office; choose an active member of staff.")
    with transaction.atomic():
        found = Organization.objects.filter(id__in=list(organization_ids)).select_related("owner").order_by("id")
        moved = [each for each in found.select_for_update(of=("self",)) if each.owner != owner]
        Organization.objects.filter(id__in=[each.pk for each in moved]).update(owner=owner, changed_at=now)
        lines = [
            audit.line(
                actor,
                "organization.changed",
                each,
                detail={"owner": [str(each.owner or ""), str(owner or "")]},
                now=now,
            )
            for each in moved
        ]
        AuditEntry.objects.bulk_create(lines, batch_size=BATCH)
        touches = [OrganizationTouch(organization=each, reason="owner", touched_at=now) for each in moved]
        OrganizationTouch.objects.bulk_create(touches, batch_size=BATCH)
    return len(moved)
