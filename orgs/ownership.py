"""Who looks after which customers."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
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
        record([(each.pk, each.owner_id, owner and owner.pk) for each in moved], actor=actor, now=now)
        touches = [OrganizationTouch(organization=each, reason="owner", touched_at=now) for each in moved]
        OrganizationTouch.objects.bulk_create(touches, batch_size=BATCH)
    return len(moved)


def record(changes: Iterable[tuple[int, int | None, int | None]], *, actor: Any, now: datetime) -> None:
    """A line in the audit trail for each (organization, owner before, owner now) that differ, all by their ids."""
    moved = [each for each in changes if each[1] != each[2]]
    people = get_user_model().objects.in_bulk({pk for _, *pair in moved for pk in pair if pk})
    whose = Organization.objects.only("display_name", "external_id").in_bulk([each for each, *_ in moved])
    lines = [
        audit.line(
            actor,
            "organization.changed",
            whose[organization_id],
            detail={"owner": [str(people.get(before, "")), str(people.get(after, ""))]},
            now=now,
        )
        for organization_id, before, after in moved
    ]
    AuditEntry.objects.bulk_create(lines, batch_size=BATCH)
