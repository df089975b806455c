"""The import of a cohort: organizations named by their ids join a list; who is on it already stays."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config import db
from orgs import keys
from orgs.cohorts import editing, uses
from orgs.importing import progress
from orgs.importing.kinds import (
    Importer,
    KeptRow,
    LedgerLine,
    Restored,
    Restorer,
    Written,
    in_chunks,
    register_importer,
    register_restorer,
)
from orgs.importing.lookalikes import find_lookalikes
from orgs.importing.options import Options
from orgs.importing.plan import NEW, UNCHANGED, Plan, RowPlan, begin
from orgs.importing.reading import Columns, FileRefused, Sheet
from orgs.models import Cohort, CohortMember, ImportBatch, OrganizationKey

ID = "external_org_id"
COLUMNS = Columns(required=((ID,),))
MEMBER, COHORT = CohortMember._meta.label, Cohort._meta.label


@dataclass(frozen=True, slots=True)
class Membership:
    """One organization on the list."""

    cohort: str
    organization_id: int
    external_id: str

    def shown(self) -> dict[str, Any]:
        return {"cohort": self.cohort, ID: self.external_id}


def plan_cohort(sheet: Sheet, options: Options, lock: bool = False) -> Plan:
    """Compare a file with the list. Raises FileRefused when the name cannot be that of a list."""
    if lock:
        db.lock(editing.LOCK)
    plan, cohort = begin(sheet), list_named(options.cohort)
    asked = readable_ids(sheet, plan)
    known = known_organizations(asked)
    refuse_unknown({each: line for each, line in asked.items() if each not in known}, plan)
    members = set(cohort.members.values_list("organization_id", flat=True)) if cohort else set()
    first: dict[int, int] = {}
    for external_id, line in asked.items():
        organization_id = known.get(external_id)
        if organization_id is None:
            continue
        if first.setdefault(organization_id, line) != line:
            reason = f"is the same organization as line {first[organization_id]}. Keep one of the two."
            plan.refuse(line, ID, external_id, reason)
            continue
        new = Membership(options.cohort, organization_id, external_id)
        is_member = organization_id in members
        kind = UNCHANGED if is_member else NEW
        plan.rows.append(RowPlan(line, kind, external_id, None, new if is_member else None, new))
    plan.refused.sort(key=lambda remark: remark.line)
    makes = "" if cohort else " It is new."
    plan.notices.append(f"The organizations join the cohort “{options.cohort}”.{makes}")
    return plan


def list_named(name: str) -> Cohort | None:
    """The list of that name; None when it would be new."""
    if not name:
        raise FileRefused("No cohort is named.", "Name the list beside the file.")
    found = Cohort.objects.filter(name__iexact=name).first()
    if found is not None and found.kind != Cohort.Kind.STATIC:
        raise FileRefused(f"“{found}” is a cohort with rules; its members are computed.", "Choose another name.")
    return found


def readable_ids(sheet: Sheet, plan: Plan) -> dict[str, int]:
    """Each id with its line; what is no id or stands there twice is refused."""
    found: dict[str, int] = {}
    for row in progress.over(sheet.rows, "Reading rows"):
        text = row.cells[ID]
        try:
            external_id = keys.clean_external_id(text)
        except keys.BadId as error:
            plan.refuse(row.line, ID, text, error.message)
            continue
        if external_id in found:
            plan.refuse(row.line, ID, text, f"stands on line {found[external_id]} already. Keep one of the two.")
        else:
            found[external_id] = row.line
    return found


def known_organizations(external_ids: dict[str, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for chunk in in_chunks(external_ids):
        known = OrganizationKey.objects.filter(external_id__in=chunk)
        found |= dict(known.values_list("external_id", "organization_id"))
    return found


def refuse_unknown(unknown: dict[str, int], plan: Plan) -> None:
    others = find_lookalikes(unknown, guess=True)
    for external_id, line in unknown.items():
        near = f" Is it “{others[external_id]}”?" if external_id in others else ""
        plan.refuse(line, ID, external_id, f"is not known here. Import the organization first.{near}")


def write_cohort(plan: Plan, batch: ImportBatch, now: datetime) -> Written:
    """Write a plan's changes in the caller's transaction."""
    options, lines = Options.from_json(batch.options), []
    cohort = list_named(options.cohort)
    if cohort is None:
        kind = Cohort.Kind.STATIC
        cohort = editing.create(options.cohort, {}, actor=batch.created_by, now=now, kind=kind)
        lines.append(LedgerLine(COHORT, cohort.pk, None, {"name": cohort.name}))
    fresh = [
        CohortMember(cohort=cohort, organization_id=row.new.organization_id, since=now)
        for row in plan.rows
        if row.kind == NEW
    ]
    CohortMember.objects.bulk_create(fresh, batch_size=5_000)
    Cohort.objects.filter(pk=cohort.pk).update(computed_at=now)
    told = {"cohort": cohort.name}
    lines += [LedgerLine(MEMBER, row.pk, None, {**told, "organization": row.organization_id}) for row in fresh]
    return Written(lines)


def restore_members(lines: list[LedgerLine], now: datetime) -> Restored:
    """Who joined by an import leaves again."""
    done = Restored()
    for chunk in in_chunks([line.row_id for line in lines]):
        found = CohortMember.objects.filter(pk__in=chunk)
        present = set(found.values_list("pk", flat=True))
        # Kept answers about a cohort hold as long as it was not computed anew.
        Cohort.objects.filter(pk__in=found.values("cohort")).update(computed_at=now)
        found.delete()
        done.deleted += len(present)
        done.kept += [KeptRow(f"member {pk}", "left the cohort since") for pk in chunk if pk not in present]
    return done


def restore_cohorts(lines: list[LedgerLine], now: datetime) -> Restored:
    """A list that an import made goes when nobody is on it and nothing uses it."""
    done = Restored()
    for cohort in Cohort.objects.select_for_update().filter(pk__in=[line.row_id for line in lines]):
        if cohort.members.exists():
            done.kept.append(KeptRow(str(cohort), "has members of other imports"))
        elif used := uses.uses(cohort.pk):
            done.kept.append(KeptRow(str(cohort), f"is used by {', '.join(used)}"))
        else:
            cohort.delete()
            done.deleted += 1
    return done


SAMPLE = ((ID,), ("org-456",), ("org-457",))
register_importer(Importer(ImportBatch.Kind.COHORTS, COLUMNS, plan_cohort, write_cohort, sample=SAMPLE))
register_restorer(Restorer(MEMBER, 5, restore_members))
register_restorer(Restorer(COHORT, 6, restore_cohorts))
