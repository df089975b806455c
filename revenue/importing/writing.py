"""The set-wise write of a subscriptions plan: versions closed, versions opened, today's own versions replaced."""

from datetime import datetime

from config import db
from orgs.importing import progress
from orgs.importing.kinds import Importer, LedgerLine, Written, in_chunks, register_importer
from orgs.importing.plan import Plan
from orgs.keys import ensure_keys
from orgs.models import ImportBatch, Organization
from revenue.importing import sql, staging
from revenue.importing.planning import plan_subscriptions
from revenue.importing.rows import COLUMNS
from revenue.models import Subscription

MODEL = Subscription._meta.label


def write_subscriptions(plan: Plan, batch: ImportBatch, now: datetime) -> Written:
    """Write a plan's changes in the transaction that made it, with the ledger of the lines.

    A changed row closes the version in the books and opens a new one; a version of the same day is replaced.
    """
    with staging.set_wise():
        created = create_missing(now)
        touched = {pk for (pk,) in db.rows(sql.TOUCHED)}
        progress.step("Writing rows")
        told = {"batch": batch.pk, "model": MODEL}
        db.run(sql.REPLACE, told)
        db.run(sql.CLOSE)
        db.run(sql.OPEN, told)
    return Written(created, touched)


def create_missing(now: datetime) -> list[LedgerLine]:
    """Organizations that the plan may create, with their keys; lines of the ledger to be kept."""
    missing = [external_id for (external_id,) in db.rows(sql.MISSING_IDS)]
    if not missing:
        return []
    ensure_keys(missing, now)
    created: list[int] = []
    for chunk in in_chunks(missing):
        found = Organization.objects.filter(keys__external_id__in=chunk, imported_at=None)
        created += found.values_list("id", flat=True)
    for chunk in in_chunks(created):
        Organization.objects.filter(id__in=chunk).update(imported_at=now, changed_at=now)
    db.run(sql.FILL_KEYS)
    named = {"display_name": "", "imported_at": now.isoformat()}
    return [LedgerLine(Organization._meta.label, pk, None, named) for pk in sorted(created)]


SAMPLE = (
    ("external_org_id", "product_code", "mrr", "currency", "start_at", "end_at", "subscription_id"),
    ("org-456", "pro", "99.00", "EUR", "2024-01-15", "", "sub-1"),
    ("org-457", "gold", "1250.50", "USD", "2024-02-01", "2027-02-01", "sub-2"),
)
# The dashboard's export of subscriptions, whose columns are chosen at the export and were renamed over the years: of
# several names for one of ours the first one in the file counts. Its amount is that of one unit. `Canceled At` is when
# somebody cancelled, `Ended At` when the subscription ended.
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
    "Start (UTC)": "start_at",
    "Created (UTC)": "start_at",
    "Ended At (UTC)": "end_at",
    "Trial End (UTC)": "trial_end_at",
}
SUBSCRIPTIONS = register_importer(
    Importer(
        ImportBatch.Kind.SUBSCRIPTIONS,
        COLUMNS,
        plan_subscriptions,
        write_subscriptions,
        sample=SAMPLE,
        profiles={"Stripe": STRIPE},
    )
)
