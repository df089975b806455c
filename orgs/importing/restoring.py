"""Taking an organizations import back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Exists, ForeignKey, OuterRef, Q

from orgs.importing import progress
from orgs.importing.kinds import KeptRow, LedgerLine, Restored, Restorer, differs, in_chunks, register_restorer
from orgs.importing.organizations import MODEL, Stored, read_by_id, update
from orgs.models import Note, Organization, OrganizationKey, Sentiment

IN_USE = "has events, subscriptions, aliases, children or what staff wrote down since"
# Columns by which people's work hangs on an organization, and in which rows: whoever wrote it down does not lose it to
# an undo.
_work: list[tuple[Any, Q]] = []


def keeps_its_organization(*fields: Any, when: Q | None = None) -> None:
    """Register foreign keys to organizations whose rows, or those of some kind, an undo must not take along."""
    _work.extend((field, when or Q()) for field in fields)


def restore_organizations(lines: list[LedgerLine], now: datetime) -> Restored:
    """Values as they were before an import; created organizations go when nothing hangs on them."""
    current = read_by_id({line.row_id for line in lines}, lock=True)
    done = Restored()
    _hold_keys({line.row_id for line in lines if line.before is None})
    untouched = [line for line in lines if not change_since(line, current)]
    going = {line.row_id for line in untouched if line.before is None}
    # Whoever gets former values back leaves a parent that this import made.
    in_use = used(going, leaving={line.row_id for line in untouched} - going)
    created, overwritten = [], []
    for line in progress.over(lines, "Comparing with the ledger"):
        reason = change_since(line, current) or (line.row_id in in_use and IN_USE)
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


def change_since(line: LedgerLine, current: Mapping[int, Stored]) -> str:
    """What somebody else did to the row after the import; empty when it is as the import left it."""
    found = current.get(line.row_id)
    if found is None:
        return "was deleted since"
    changed = [name for name in differs(found.as_json(), line.after) if name != "changed_at"]
    return f"was changed since: {', '.join(changed)}" if changed else ""


def _hold_keys(organization_ids: set[int]) -> None:
    """From here on nobody stores evidence for them: it would be looked for first, and arrive before the key goes."""
    keys = OrganizationKey.objects.select_for_update().filter(organization__in=organization_ids)
    list(keys.order_by("id").values_list("id", flat=True))


def used(organization_ids: set[int], leaving: set[int]) -> set[int]:
    """Organizations that evidence, a second id, somebody's work or a child that stays hangs on; not those `leaving`."""
    found: set[int] = set()
    parent_of: dict[int, int] = {}
    for chunk in in_chunks(organization_ids):
        keys = OrganizationKey.objects.filter(organization__in=chunk)
        found |= set(keys.aliases().values_list("organization_id", flat=True))
        parent_of.update(Organization.objects.filter(parent__in=chunk).values_list("id", "parent_id"))
        for field, when in _work:
            rows = field.model._base_manager.filter(when, **{f"{field.name}__in": chunk})
            found |= set(rows.values_list(field.attname, flat=True))
        for field in evidence_fields():
            evidence = field.model._base_manager.filter(**{field.attname: OuterRef("pk")})
            found |= set(keys.filter(Exists(evidence)).values_list("organization_id", flat=True))
    children = {child: parent for child, parent in parent_of.items() if child not in leaving}
    return found | parents_of_staying(children, organization_ids - found)


def parents_of_staying(parent_of: Mapping[int, int], going: set[int]) -> set[int]:
    """Those of `going` that have a child, or a child's child, which stays."""
    held: set[int] = set()
    for child in parent_of.keys() - going:
        above = parent_of.get(child)
        while above in going and above not in held:
            held.add(above)
            above = parent_of.get(above)
    return held


def evidence_fields() -> list[ForeignKey]:
    """Every column that carries a key; those with `related_name="+"` too: a cascade would empty their tables."""
    relations = OrganizationKey._meta.get_fields(include_hidden=True)
    return [each.field for each in relations if each.auto_created and not each.concrete]


keeps_its_organization(Note._meta.get_field("organization"), Sentiment._meta.get_field("organization"))
register_restorer(Restorer(MODEL, 20, restore_organizations))
