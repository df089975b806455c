"""What is known about an organization beside its columns; the newest word wins, a “once” only where nothing stood."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from orgs.models import Organization, OrganizationTouch

MOST_PROPERTIES = 256


def set_properties(changes: Iterable[tuple[int, Any, Any]], now: datetime) -> int:
    """Apply (organization id, properties to set, properties to set once) in order; how many organizations changed.

    What is not a JSON object is left out, and so is a new name where an organization already has 256.
    """
    by_organization: dict[int, list[tuple[Any, Any]]] = {}
    for organization_id, to_set, to_set_once in changes:
        by_organization.setdefault(organization_id, []).append((to_set, to_set_once))
    if not by_organization:
        return 0
    with transaction.atomic():
        # In id order: two writers wait for each other instead of locking crosswise.
        rows = Organization.objects.select_for_update(no_key=True).filter(id__in=by_organization).order_by("id")
        changed = [row for row in rows if _apply(row, by_organization[row.id])]
        for row in changed:
            row.changed_at = now
        Organization.objects.bulk_update(changed, ["properties", "changed_at"], batch_size=500)
        OrganizationTouch.objects.bulk_create(
            [OrganizationTouch(organization=row, reason="properties", touched_at=now) for row in changed]
        )
    return len(changed)


def _apply(organization: Organization, changes: Iterable[tuple[Any, Any]]) -> bool:
    merged = dict(organization.properties)
    for to_set, to_set_once in changes:
        for name, value in (to_set_once if isinstance(to_set_once, Mapping) else {}).items():
            if name not in merged:
                _put(merged, name, value)
        for name, value in (to_set if isinstance(to_set, Mapping) else {}).items():
            _put(merged, name, value)
    is_changed = merged != organization.properties
    organization.properties = merged
    return is_changed


def _put(properties: dict[str, Any], name: str, value: Any) -> None:
    if name in properties or len(properties) < MOST_PROPERTIES:
        properties[name] = value
