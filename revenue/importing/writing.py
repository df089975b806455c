"""The set-wise write of a subscriptions plan: versions closed, versions opened, today's own versions replaced."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from config import db
from orgs.importing import progress
from orgs.importing.kinds import Importer, LedgerLine, Written, in_chunks, register_importer
from orgs.importing.plan import Plan
from orgs.keys import ensure_keys
from orgs.models import ImportBatch, Organization, OrganizationKey
from revenue import sql
from revenue.importing.lines import STORED, Line
from revenue.importing.planning import plan_subscriptions
from revenue.importing.rows import COLUMNS
from revenue.models import Subscription

MODEL = Subscription._meta.label
COPIED = ("id", *STORED)


def write_subscriptions(plan: Plan, batch: ImportBatch, now: datetime) -> Written:
    """Write a plan's changes in the caller's transaction.

    A changed row closes the version in the books and opens a new one; a version of the same day is replaced in
    place, as nobody could ask what was known between the two.
    """
    changes = [(row.new, row.old) for row in plan.changes]
    if not changes:
        return Written()
    written = create_missing([line for line, _ in changes], now)
    fresh = [(line, old) for line, old in changes if old is None]
    replaced = [(line, old) for line, old in changes if old is not None and old.known_from == line.known_from]
    closed = [(line, old) for line, old in changes if old is not None and old.known_from < line.known_from]
    close([old.id for _, old in closed], closed[0][0].known_from if closed else None)
    delete([old.id for _, old in replaced])
    opened = [line for line, _ in fresh + closed]
    for line, pk in zip(opened, next_ids(len(opened)), strict=True):
        line.id = pk
    for line, _ in changes:
        line.batch_id = batch.pk
    insert(progress.over(opened + [line for line, _ in replaced], "Writing rows"))
    written.lines += [LedgerLine(MODEL, line.id, None, line.stored() | {"known_to": None}) for line in opened]
    written.lines += [
        LedgerLine(MODEL, line.id, old.stored(), line.stored() | {"known_to": None}) for line, old in replaced
    ]
    written.lines += [
        LedgerLine(MODEL, old.id, {"known_to": None}, {"known_to": str(line.known_from), "next": line.id})
        for line, old in closed
    ]
    both = [each for pair in changes for each in pair if each is not None]
    written.organization_ids |= {line.organization_id for line in both}
    return written


def create_missing(lines: list[Line], now: datetime) -> Written:
    """Organizations that the plan may create, with their keys; fills in the lines' ids."""
    missing = {line.external_org_id for line in lines if line.key_id is None}
    if not missing:
        return Written()
    ensure_keys(missing, now)
    keys: dict[str, tuple[int, int]] = {}
    for chunk in in_chunks(missing):
        found = OrganizationKey.objects.filter(external_id__in=chunk)
        keys |= {key.external_id: (key.pk, key.organization_id) for key in found}
    created = {organization_id for _, organization_id in keys.values()}
    for chunk in in_chunks(created):
        Organization.objects.filter(id__in=chunk, imported_at=None).update(imported_at=now, changed_at=now)
    for line in lines:
        if line.key_id is None:
            line.key_id, line.organization_id = keys[line.external_org_id]
    named = {"display_name": "", "imported_at": now.isoformat()}
    return Written([LedgerLine(Organization._meta.label, pk, None, named) for pk in sorted(created)], created)


def close(ids: list[int], known_to: Any) -> None:
    for chunk in in_chunks(ids):
        Subscription.objects.filter(id__in=chunk).update(known_to=known_to)


def delete(ids: list[int]) -> None:
    """Room for the versions that replace these under the same id."""
    for chunk in in_chunks(ids):
        Subscription.objects.filter(id__in=chunk)._raw_delete(Subscription.objects.db)


def next_ids(count: int) -> list[int]:
    return [pk for (pk,) in db.rows(sql.NEXT_IDS, {"count": count})] if count else []


def insert(lines: Iterable[Line]) -> None:
    insert_values((line.id, *(getattr(line, name) for name in STORED)) for line in lines)


def insert_values(rows: Iterable[tuple[Any, ...]]) -> None:
    """Rows in the order of COPIED."""
    db.copy_into(Subscription._meta.db_table, COPIED, rows)


SAMPLE = (
    ("external_org_id", "product_code", "mrr", "currency", "start_at", "end_at", "subscription_id"),
    ("org-456", "pro", "99.00", "EUR", "2024-01-15", "", "sub-1"),
    ("org-457", "gold", "1250.50", "USD", "2024-02-01", "2027-02-01", "sub-2"),
)
# The dashboard's export of subscriptions. Its amount is that of one unit.
STRIPE = {
    "id": "subscription_id",
    "Customer ID": "external_org_id",
    "Product": "product_code",
    "Plan": "name",
    "Amount": "amount",
    "Quantity": "quantity",
    "Currency": "currency",
    "Interval": "interval",
    "Start Date (UTC)": "start_at",
    "Ended At (UTC)": "end_at",
    "Trial End (UTC)": "trial_end_at",
}
SUBSCRIPTIONS = register_importer(
    Importer(
        ImportBatch.Kind.SUBSCRIPTIONS,
        "subscriptions",
        COLUMNS,
        plan_subscriptions,
        write_subscriptions,
        sample=SAMPLE,
        profiles={"Stripe": STRIPE},
    )
)
