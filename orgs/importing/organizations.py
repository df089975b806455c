"""The organizations import: what each row would do, and the set-wise write of it."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Self

from django.contrib.auth import get_user_model

from config import db
from orgs import ownership, sql
from orgs.importing import cells, progress
from orgs.importing.hints import hint
from orgs.importing.kinds import (
    Importer,
    LedgerLine,
    Written,
    in_chunks,
    register_importer,
)
from orgs.importing.lookalikes import find_lookalikes
from orgs.importing.options import Options
from orgs.importing.plan import CHANGED, NEW, UNCHANGED, Plan, RowPlan, begin, dumps
from orgs.importing.reading import PROPERTY, Columns, Sheet, SourceRow
from orgs.keys import ensure_keys
from orgs.models import ImportBatch, Organization, OrganizationKey

ID, NAME, PARENT = "external_org_id", "display_name", "parent_external_org_id"
COLUMNS = Columns(
    required=((ID,), (NAME,)), optional=("owner_email", "segment", PARENT, "renewal_on"), takes_properties=True
)
MODEL = Organization._meta.label
READ = (
    "id",
    "display_name",
    "owner_id",
    "owner__email",
    "segment",
    "parent_id",
    "parent__external_id",
    "renewal_on",
    "properties",
    "imported_at",
    "changed_at",
)


@dataclass(slots=True)
class Stored:
    """An organization as it is stored, as far as an import may change it."""

    id: int
    display_name: str = ""
    owner_id: int | None = None
    owner_email: str = ""
    segment: str = ""
    parent_id: int | None = None
    parent_external_id: str = ""
    renewal_on: date | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    imported_at: datetime | None = None
    changed_at: datetime | None = None

    @property
    def is_imported(self) -> bool:
        return self.imported_at is not None

    def as_json(self) -> dict[str, Any]:
        """What the ledger keeps of it."""
        return {
            "display_name": self.display_name,
            "owner_id": self.owner_id,
            "segment": self.segment,
            "parent_id": self.parent_id,
            "renewal_on": self.renewal_on and str(self.renewal_on),
            "properties": self.properties,
            "imported_at": self.imported_at and self.imported_at.isoformat(),
            "changed_at": self.changed_at and self.changed_at.isoformat(),
        }

    @classmethod
    def from_json(cls, pk: int, kept: dict[str, Any]) -> Self:
        """What `as_json` kept."""
        moments = {name: kept[name] and datetime.fromisoformat(kept[name]) for name in ("imported_at", "changed_at")}
        renewal_on = kept["renewal_on"] and date.fromisoformat(kept["renewal_on"])
        return cls(id=pk, **{**kept, **moments, "renewal_on": renewal_on})


@dataclass(slots=True)
class Draft:
    """A row whose cells are readable: the values its filled cells give."""

    line: int
    external_id: str
    given: dict[str, Any]
    owner: tuple[int, str] | None = None

    def shown(self) -> dict[str, Any]:
        values = {column: str(value) if isinstance(value, date) else value for column, value in self.given.items()}
        if self.owner:
            values["owner_email"] = self.owner[1]
        return values | {"imported": True}


@dataclass(slots=True)
class Facet:
    """The fields of a stored organization that one row speaks about."""

    stored: Stored
    columns: tuple[str, ...]

    def shown(self) -> dict[str, Any]:
        return {column: current(self.stored, column) for column in self.columns}


def plan_organizations(sheet: Sheet, options: Options, lock: bool = False) -> Plan:
    """Compare a sheet with what is stored. Reads only; with `lock` the rows it read stay as they are until commit."""
    plan = begin(sheet)
    owners = read_owners(sheet)
    drafts = [
        draft for row in progress.over(sheet.rows, "Reading rows") if (draft := read_row(row, options, owners, plan))
    ]
    drafts = refuse_duplicates(drafts, plan)
    wanted = {draft.external_id for draft in drafts} | {
        draft.given[PARENT] for draft in drafts if PARENT in draft.given
    }
    stored = read_stored(wanted, lock)
    drafts = refuse_shared_organizations(drafts, stored, plan)
    drafts = refuse_bad_parents(drafts, stored, plan)
    warn_of_lookalikes([draft for draft in drafts if draft.external_id not in stored], plan)
    plan.rows = [plan_row(draft, stored) for draft in progress.over(drafts, "Comparing rows")]
    plan.refused.sort(key=lambda remark: remark.line)
    return plan


def read_owners(sheet: Sheet) -> dict[str, list[tuple[int, str]]]:
    """Staff accounts by lower-case e-mail."""
    if "owner_email" not in sheet.columns:
        return {}
    found = defaultdict(list)
    staff = get_user_model().objects.filter(is_staff=True, is_active=True).exclude(email="")
    for pk, email in staff.values_list("id", "email"):
        found[email.lower()].append((pk, email))
    return found


def read_row(row: SourceRow, options: Options, owners: dict, plan: Plan) -> Draft | None:
    """The row's values; None when a cell was refused, with every refusal noted in the plan."""
    given: dict[str, Any] = {}
    refused = len(plan.refused)
    for column, text in row.cells.items():
        if not COLUMNS.takes(column) or (not text and column != ID):
            continue
        try:
            given[column] = read_cell(column, text, options, owners)
        except cells.BadCell as error:
            plan.refuse(row.line, column, text, str(error))
    if len(plan.refused) > refused:
        return None
    external_id = given.pop(ID)
    owner = given.pop("owner_email", None)
    if NAME not in given:
        plan.warn(row.line, NAME, "", "is empty: the name stays as it is, a new organization shows its id.")
    return Draft(row.line, external_id, given, owner)


def read_cell(column: str, text: str, options: Options, owners: dict) -> Any:
    if column in (ID, PARENT):
        return cells.external_id(text)
    if column == "renewal_on":
        return cells.day(text, options.day_format, options.zone)
    if column == "owner_email":
        return find_owner(text, owners)
    return cells.plain_text(text, {NAME: 255, "segment": 100}.get(column, 1000))


def find_owner(text: str, owners: dict) -> tuple[int, str]:
    found = owners.get(text.lower(), [])
    if not found:
        raise cells.BadCell("is no active staff account. Create the account first, or leave the cell empty.")
    if len(found) > 1:
        raise cells.BadCell("belongs to several staff accounts. Give each account its own e-mail first.")
    return found[0]


def refuse_duplicates(drafts: list[Draft], plan: Plan) -> list[Draft]:
    """An id that stands in several rows refuses all of them: nobody can know which one is meant."""
    lines = defaultdict(list)
    for draft in drafts:
        lines[draft.external_id].append(draft.line)
    for draft in drafts:
        others = [line for line in lines[draft.external_id] if line != draft.line]
        if others:
            plan.refuse(draft.line, ID, draft.external_id, f"stands in line {others[0]} as well. Keep one of the rows.")
    return [draft for draft in drafts if len(lines[draft.external_id]) == 1]


def read_stored(external_ids: set[str], lock: bool) -> dict[str, Stored]:
    """Organizations by every id asked for (aliases included)."""
    keys: dict[str, int] = {}
    for chunk in in_chunks(external_ids):
        keys.update(OrganizationKey.objects.filter(external_id__in=chunk).values_list("external_id", "organization_id"))
    stored = read_by_id(set(keys.values()), lock)
    return {external_id: stored[pk] for external_id, pk in keys.items()}


def read_by_id(ids: set[int], lock: bool) -> dict[int, Stored]:
    """Organizations as they are stored; with `lock` nobody changes them until commit."""
    stored = {}
    for chunk in in_chunks(sorted(ids)):
        found = Organization.objects.filter(id__in=chunk).order_by("id")
        if lock:
            list(found.select_for_update().values_list("id"))
        for pk, name, owner_id, email, segment, parent_id, parent, *others in found.values_list(*READ):
            stored[pk] = Stored(pk, name, owner_id, email or "", segment, parent_id, parent or "", *others)
    return stored


def refuse_shared_organizations(drafts: list[Draft], stored: dict[str, Stored], plan: Plan) -> list[Draft]:
    """Two ids of one organization (an alias and its own) in one file would overwrite each other."""
    lines = defaultdict(list)
    for draft in drafts:
        if draft.external_id in stored:
            lines[stored[draft.external_id].id].append(draft.line)
    shared = {line: group for group in lines.values() if len(group) > 1 for line in group}
    for draft in drafts:
        if draft.line in shared:
            other = next(line for line in shared[draft.line] if line != draft.line)
            reason = f"is the same organization as line {other}: one id is an alias of the other. Keep one of the rows."
            plan.refuse(draft.line, ID, draft.external_id, reason)
    return [draft for draft in drafts if draft.line not in shared]


def refuse_bad_parents(drafts: list[Draft], stored: dict[str, Stored], plan: Plan) -> list[Draft]:
    """A parent is stored already or an accepted row of this file, and nobody is their own ancestor."""
    if not any(PARENT in draft.given for draft in drafts):
        return drafts
    while True:
        bad = bad_parents(drafts, stored)
        if not bad:
            return drafts
        for draft in drafts:
            if draft.line in bad:
                plan.refuse(draft.line, PARENT, draft.given[PARENT], bad[draft.line])
        drafts = [draft for draft in drafts if draft.line not in bad]


def bad_parents(drafts: list[Draft], stored: dict[str, Stored]) -> dict[int, str]:
    """Reasons by line, one pass; refusing one row may leave another without its parent."""

    def node(external_id: str) -> int | str:
        return stored[external_id].id if external_id in stored else external_id

    above: dict[Any, Any] = dict(Organization.objects.exclude(parent=None).values_list("id", "parent_id"))
    above.update({node(draft.external_id): node(draft.given[PARENT]) for draft in drafts if PARENT in draft.given})
    known = {node(draft.external_id) for draft in drafts}
    bad = {}
    for draft in drafts:
        if PARENT not in draft.given:
            continue
        if draft.given[PARENT] not in stored and node(draft.given[PARENT]) not in known:
            bad[draft.line] = "is not known to this install and no accepted row of this file. Add its row, or empty it."
        elif is_own_ancestor(node(draft.external_id), above):
            bad[draft.line] = "would make the organization its own ancestor. Correct one of the parents."
    return bad


def is_own_ancestor(start: Any, above: dict[Any, Any]) -> bool:
    passed = set()
    current = above.get(start)
    while current is not None and current not in passed:
        if current == start:
            return True
        passed.add(current)
        current = above.get(current)
    return False


def warn_of_lookalikes(new: list[Draft], plan: Plan) -> None:
    """New ids that differ from another only in writing, or are odd; never refused, never joined by themselves."""
    others = find_lookalikes([draft.external_id for draft in new])
    for draft in new:
        if other := others.get(draft.external_id):
            reason = f"looks like “{other}”. Ids are case-sensitive: this makes a second organization."
            plan.warn(draft.line, ID, draft.external_id, reason)
        if odd := hint(draft.external_id):
            plan.warn(draft.line, ID, draft.external_id, odd)


def plan_row(draft: Draft, stored: dict[str, Stored]) -> RowPlan:
    """Before and after of the fields that the row fills."""
    known = stored.get(draft.external_id)
    named = known is not None and known.display_name
    label = f"{known.display_name} ({draft.external_id})" if named else draft.external_id
    if known is None:
        return RowPlan(draft.line, NEW, label, None, None, draft)
    if PARENT in draft.given and is_parent(draft.given[PARENT], known, stored):
        draft.given[PARENT] = known.parent_external_id
    facet = Facet(known, tuple(draft.shown()))
    kind = UNCHANGED if facet.shown() == draft.shown() else CHANGED
    return RowPlan(draft.line, kind, label, known.id, facet, draft)


def is_parent(external_id: str, known: Stored, stored: dict[str, Stored]) -> bool:
    """An alias of the present parent is no change."""
    return external_id in stored and stored[external_id].id == known.parent_id


def current(old: Stored, column: str) -> Any:
    if column == "imported":
        return old.is_imported
    if column.startswith(PROPERTY):
        return old.properties.get(column.removeprefix(PROPERTY))
    if column == PARENT:
        return old.parent_external_id
    if column == "renewal_on":
        return old.renewal_on and str(old.renewal_on)
    return getattr(old, column)


def write_organizations(plan: Plan, batch: ImportBatch, now: datetime) -> Written:
    """Write a plan's changes in the caller's transaction: keys of new ids, then one UPDATE from arrays."""
    changes = plan.changes
    if not changes:
        return Written()
    ids = {row.new.external_id: row.row_id for row in changes}
    new = [external_id for external_id, pk in ids.items() if pk is None]
    ensure_keys(new, now)
    parents = {row.new.given[PARENT] for row in changes if PARENT in row.new.given}
    for chunk in in_chunks({*new, *parents}):
        ids.update(OrganizationKey.objects.filter(external_id__in=chunk).values_list("external_id", "organization_id"))
    before = {ids[row.new.external_id]: row.old and row.old.stored for row in changes}
    after = {ids[row.new.external_id]: applied(row.new, before[ids[row.new.external_id]], ids, now) for row in changes}
    for chunk in progress.chunks(list(after.values()), "Writing rows"):
        update(chunk)
    moved = [(pk, old.owner_id, after[pk].owner_id) for pk, old in before.items() if old is not None]
    ownership.record(moved, actor=batch.created_by, now=now)
    lines = [
        LedgerLine(MODEL, pk, before[pk] and before[pk].as_json(), values.as_json()) for pk, values in after.items()
    ]
    return Written(lines, set(after))


def applied(draft: Draft, known: Stored | None, ids: dict[str, int | None], now: datetime) -> Stored:
    """The organization as it will be stored."""
    old = known or Stored(id=0)
    given = draft.given
    properties = {name.removeprefix(PROPERTY): text for name, text in given.items() if name.startswith(PROPERTY)}
    return Stored(
        id=ids[draft.external_id],
        display_name=given.get(NAME, old.display_name),
        owner_id=draft.owner[0] if draft.owner else old.owner_id,
        segment=given.get("segment", old.segment),
        parent_id=ids[given[PARENT]] if given.get(PARENT) else old.parent_id,
        renewal_on=given.get("renewal_on", old.renewal_on),
        properties=old.properties | properties,
        imported_at=old.imported_at or now,
        changed_at=now,
    )


def update(values: list[Stored]) -> None:
    """Leave organizations exactly like this."""
    columns = (
        "id",
        "display_name",
        "owner_id",
        "segment",
        "parent_id",
        "renewal_on",
        "imported_at",
        "changed_at",
    )
    arrays = {name: [getattr(value, name) for value in values] for name in columns}
    properties = [dumps(value.properties).decode() for value in values]
    db.run(sql.UPDATE_ORGANIZATIONS, {**arrays, "properties": properties})


SAMPLE = (
    ("external_org_id", "display_name", "owner_email", "segment", "parent_external_org_id", "renewal_on", "prop:plan"),
    ("org-456", "Acme Corporation", "", "Small business", "", "2027-03-01", "pro"),
    ("org-457", "Globex Corporation", "", "Enterprise", "org-456", "", "gold"),
)
ORGANIZATIONS = register_importer(
    Importer(ImportBatch.Kind.ORGANIZATIONS, COLUMNS, plan_organizations, write_organizations, sample=SAMPLE)
)
