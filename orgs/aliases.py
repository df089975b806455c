"""Two ids, one customer: joining an id seen in events to a known organization, taking that back, and saying no.

An alias is one re-pointed key. Evidence carries the key, so nothing else is written and removing it restores all.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from config.backoffice import audit
from orgs.models import MatchRejection, Organization, OrganizationKey, OrganizationTouch


class CannotJoin(ValueError):
    """The pair does not stand (any more); the message says why and what to do."""


def accept(seen_id: str, known_id: str, *, actor: Any, now: datetime) -> Organization:
    """Make `seen_id` an alias of the organization that `known_id` names; the organization. Raises CannotJoin."""
    with transaction.atomic():
        keys = locked(seen_id, known_id)
        seen, known = (found(keys, external_id) for external_id in (seen_id, known_id))
        refuse(seen, known)
        left, joined = seen.organization, known.organization
        point(seen, joined)
        touch([left, joined], now)
        detail = {"id": seen_id, "to": joined.external_id, "from": left.external_id}
        audit.record(actor, "alias.accepted", joined, now=now, detail=detail)
    return joined


def remove(alias_id: str, *, actor: Any, now: datetime) -> Organization:
    """Point an alias back to the organization of its own id; that organization. Raises CannotJoin."""
    with transaction.atomic():
        key = found(locked(alias_id), alias_id)
        left = key.organization
        if left.external_id == alias_id:
            raise CannotJoin(f"“{alias_id}” is no alias; somebody may have removed it already.")
        own, _ = Organization.objects.get_or_create(
            external_id=alias_id, defaults={"created_at": key.created_at, "changed_at": now}
        )
        point(key, own)
        touch([left, own], now)
        detail = {"id": alias_id, "from": left.external_id}
        audit.record(actor, "alias.removed", left, now=now, detail=detail)
    return own


def reject(seen_id: str, known_id: str, *, actor: Any, now: datetime) -> None:
    """Remember that the two are two customers; the pair is never proposed again until `reconsider`."""
    with transaction.atomic():
        row, created = MatchRejection.objects.get_or_create(
            seen_id=seen_id,
            known_id=known_id,
            defaults={"rejected_by": actor if actor is not None and actor.pk else None, "rejected_at": now},
        )
        if created:
            audit.record(actor, "match.rejected", row, now=now)


def reconsider(seen_id: str, known_id: str, *, actor: Any, now: datetime) -> None:
    """Forget a rejection; the pair may be proposed again."""
    with transaction.atomic():
        row = MatchRejection.objects.select_for_update().filter(seen_id=seen_id, known_id=known_id).first()
        if row is not None:
            audit.record(actor, "match.reconsidered", row, now=now)
            row.delete()


def joined_to(organization: Organization) -> Organization | None:
    """The organization that this one's id is an alias of; None while the id stands for itself."""
    found = Organization.objects.filter(keys__external_id=organization.external_id).exclude(pk=organization.pk)
    return found.first()


def locked(*external_ids: str) -> dict[str, OrganizationKey]:
    """The keys with their organizations, held until commit in one order for everybody."""
    rows = OrganizationKey.objects.filter(external_id__in=external_ids).order_by("id")
    return {key.external_id: key for key in rows.select_for_update(of=("self",)).select_related("organization")}


def found(keys: dict[str, OrganizationKey], external_id: str) -> OrganizationKey:
    if external_id not in keys:
        raise CannotJoin(f"The id “{external_id}” is not known here. Check its spelling; case counts.")
    return keys[external_id]


def refuse(seen: OrganizationKey, known: OrganizationKey) -> None:
    if seen.organization_id == known.organization_id:
        raise CannotJoin(f"“{seen}” and “{known}” are one organization already.")
    if seen.organization.external_id != seen.external_id:
        raise CannotJoin(f"“{seen}” is an alias of “{seen.organization.external_id}” already. Remove that alias first.")
    if seen.organization.imported_at is not None:
        raise CannotJoin(f"“{seen}” is an imported customer itself; only an id known from events alone can be joined.")
    if seen.organization.keys.count() > 1:
        raise CannotJoin(f"“{seen}” has aliases of its own. Remove them first.")


def point(key: OrganizationKey, organization: Organization) -> None:
    """Re-point a key that is as it was read."""
    as_read = OrganizationKey.objects.filter(pk=key.pk, organization_id=key.organization_id)
    if not as_read.update(organization=organization):
        raise CannotJoin(f"Somebody moved “{key}” meanwhile. Reload the page.")


def touch(organizations: Iterable[Organization], now: datetime) -> None:
    rows = [OrganizationTouch(organization=each, reason="alias", touched_at=now) for each in organizations]
    OrganizationTouch.objects.bulk_create(rows)
