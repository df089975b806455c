"""Changes to an organization by hand."""

from datetime import datetime
from typing import Any

from django.db import transaction

from config.backoffice import audit
from orgs.models import Organization, OrganizationTouch

EDITABLE = ("owner", "display_name", "segment", "renewal_on")


def change(organization_id: int, values: dict[str, Any], *, actor: Any, now: datetime) -> dict[str, list[str]]:
    """Set some of EDITABLE; the differences by field, [before, after]. Recorded, and told to the next snapshot."""
    with transaction.atomic():
        row = Organization.objects.select_for_update(of=("self",)).select_related("owner").get(pk=organization_id)
        before = {name: getattr(row, name) for name in EDITABLE if name in values}
        changed = {name: old for name, old in before.items() if old != values[name]}
        if not changed:
            return {}
        for name in changed:
            setattr(row, name, values[name])
        row.changed_at = now
        row.save(update_fields=[*changed, "changed_at"])
        detail = {name: [text(old), text(values[name])] for name, old in changed.items()}
        audit.record(actor, "organization.changed", row, now=now, detail=detail)
        OrganizationTouch.objects.create(organization=row, reason="edited", touched_at=now)
    return detail


def text(value: Any) -> str:
    return "" if value is None else str(value)
