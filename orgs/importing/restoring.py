"""Taking an organizations import back."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Exists, ForeignKey, OuterRef

from orgs.importing import progress
from orgs.importing.kinds import KeptRow, LedgerLine, Restored, Restorer, differs, in_chunks, register_restorer
from orgs.importing.organizations import MODEL, Stored, read_by_id, update
from orgs.models import Note, Organization, OrganizationKey, Sentiment

# Columns by which people's work hangs on an organization: whoever wrote it down does not lose it to an undo.
_work: list[Any] = []


def keeps_its_organization(*fields: Any) -> None:
    """Register foreign keys to organizations whose rows an undo must not take along."""
    _work.extend(fields)


def restore_organizations(lines: list[LedgerLine], now: datetime) -> Restored:
    """Values as they were before an import; created organizations go when nothing hangs on them."""
    current = read_by_id({line.row_id for line in lines}, lock=True)
    done = Restored()
    _hold_keys({line.row_id for line in lines if line.before is None})
    in_use = used(line.row_id for line in lines if line.before is None)
    created, overwritten = [], []
    for line in progress.over(lines, "Comparing with the ledger"):
        reason = reason_to_keep(line, current.get(line.row_id), in_use)
        if reason:
            found = current.get(line.row_id)
            done.kept.append(KeptRow((found and found.display_name) or f"organization {line.row_id}", reason))
        elif line.before is None:
            created.append(line.row_id)
        else:
            overwritten.append(Stored.from_json(line.row_id, line.before))
    for chunk in in_chunks(overwritten):
        update(chunk)
    for chunk in in_chunks(created):
        Organization.objects.filter(id__in=chunk).delete()
    done.deleted, done.overwritten = len(created), len(overwritten)
    done.organization_ids = {each.id for each in overwritten}
    return done


def reason_to_keep(line: LedgerLine, found: Stored | None, in_use: set[int]) -> str:
    if found is None:
        return "was deleted since"
    changed = [name for name in differs(found.as_json(), line.after) if name != "changed_at"]
    if changed:
        return f"was changed since: {', '.join(changed)}"
    return "has events, subscriptions, aliases, children, notes or follow-ups since" if line.row_id in in_use else ""


def _hold_keys(organization_ids: set[int]) -> None:
    """From here on nobody stores evidence for them: it would be looked for first, and arrive before the key goes."""
    keys = OrganizationKey.objects.select_for_update().filter(organization__in=organization_ids)
    list(keys.order_by("id").values_list("id", flat=True))


def used(organization_ids: Iterable[int]) -> set[int]:
    """Organizations that evidence, a second id, a child or somebody's work hangs on."""
    found: set[int] = set()
    for chunk in in_chunks(organization_ids):
        keys = OrganizationKey.objects.filter(organization__in=chunk)
        found |= set(keys.aliases().values_list("organization_id", flat=True))
        children = Organization.objects.filter(parent__in=chunk).exclude(id__in=chunk)
        found |= set(children.values_list("parent_id", flat=True))
        for field in _work:
            rows = field.model._base_manager.filter(**{f"{field.name}__in": chunk})
            found |= set(rows.values_list(field.attname, flat=True))
        for field in evidence_fields():
            evidence = field.model._base_manager.filter(**{field.attname: OuterRef("pk")})
            found |= set(keys.filter(Exists(evidence)).values_list("organization_id", flat=True))
    return found


def evidence_fields() -> list[ForeignKey]:
    """Every column that carries a key; those with `related_name="+"` too: a cascade would empty their tables."""
    relations = OrganizationKey._meta.get_fields(include_hidden=True)
    return [each.field for each in relations if each.auto_created and not each.concrete]


keeps_its_organization(Note._meta.get_field("organization"), Sentiment._meta.get_field("organization"))
register_restorer(Restorer(MODEL, 20, restore_organizations))
