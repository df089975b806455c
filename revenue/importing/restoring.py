"""Taking a subscriptions import back: versions it opened go, versions it closed are current again."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from config import db
from orgs.importing import progress
from orgs.importing.kinds import (
    KeptRow,
    LedgerLine,
    Restored,
    Restorer,
    differs,
    in_chunks,
    register_restorer,
)
from revenue.importing.lines import STORED, as_text
from revenue.importing.writing import MODEL
from revenue.models import Subscription

DAYS = ("start_on", "end_on", "trial_end_on", "known_from")
AMOUNTS = ("mrr", "amount")


def restore_subscriptions(lines: list[LedgerLine], now: datetime) -> Restored:
    """Rows changed since stay, and with them the versions they replaced."""
    current = read_current([line.row_id for line in lines])
    done = Restored()
    opened, replaced, closed = [], [], []
    kept: set[int] = set()
    for line in progress.over(sorted(lines, key=lambda each: "next" in each.after), "Comparing with the ledger"):
        found = current.get(line.row_id)
        if found is None or differs(found, line.after) or line.after.get("next") in kept:
            kept.add(line.row_id)
            if "next" not in line.after:
                done.kept.append(kept_row(line, found))
        else:
            (opened if line.before is None else closed if "next" in line.after else replaced).append(line)
    delete([line.row_id for line in opened + replaced])
    db.copy_into(Subscription._meta.db_table, ("id", *STORED), (values_of(line) for line in replaced))
    close([line.row_id for line in closed], None)
    done.deleted, done.overwritten = len(opened), len(replaced) + len(closed)
    done.organization_ids = {current[line.row_id]["organization_id"] for line in opened + replaced + closed}
    return done


def close(ids: list[int], known_to: Any) -> None:
    for chunk in in_chunks(ids):
        Subscription.objects.filter(id__in=chunk).update(known_to=known_to)


def delete(ids: list[int]) -> None:
    """Room for the versions that come back under the same id."""
    for chunk in in_chunks(ids):
        Subscription.objects.filter(id__in=chunk)._raw_delete(Subscription.objects.db)


def read_current(ids: list[int]) -> dict[int, dict[str, Any]]:
    """Rows as the ledger writes them, with `known_to` and the organization."""
    names = ("id", "known_to", "key__organization_id", *STORED)
    found = {}
    for chunk in in_chunks(ids):
        for pk, known_to, organization_id, *values in Subscription.objects.filter(id__in=chunk).values_list(*names):
            row = {name: as_text(value) for name, value in zip(STORED, values, strict=True)}
            found[pk] = row | {"known_to": as_text(known_to), "organization_id": organization_id}
    return found


def kept_row(line: LedgerLine, found: dict[str, Any] | None) -> KeptRow:
    label = f"{line.after['product_code']} {line.after['mrr']} {line.after['currency']} (row {line.row_id})"
    if found is None:
        return KeptRow(label, "was deleted since")
    return KeptRow(label, f"was changed since: {', '.join(differs(found, line.after))}")


def values_of(line: LedgerLine) -> tuple[Any, ...]:
    """Column values of a row as it was before."""
    return (line.row_id, *(from_text(name, line.before[name]) for name in STORED))


def from_text(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in DAYS:
        return date.fromisoformat(value)
    return Decimal(value) if name in AMOUNTS else value


register_restorer(Restorer(MODEL, 10, restore_subscriptions))
