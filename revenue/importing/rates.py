"""The exchange rates import, `date,currency,per_eur` or the ECB's table: what each quotation would do; its write."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from config.backoffice import settings
from config.backoffice.formatting import plural
from orgs.importing import cells, progress
from orgs.importing.kinds import (
    Importer,
    KeptRow,
    LedgerLine,
    Restored,
    Restorer,
    Written,
    differs,
    in_chunks,
    register_importer,
    register_restorer,
)
from orgs.importing.options import Options
from orgs.importing.plan import CHANGED, NEW, UNCHANGED, Plan, RowPlan, begin
from orgs.importing.reading import Columns, FileRefused, Sheet, SourceRow
from orgs.models import ImportBatch
from revenue.fx import BASE, Rate
from revenue.models import ExchangeRate, Subscription
from revenue.rate_files import LONG_COLUMNS, read_rates

DATE, CURRENCY, PER_EUR = LONG_COLUMNS
COLUMNS = Columns(required=((DATE,),), optional=(CURRENCY, PER_EUR), also=r"[A-Z]{3}")
MODEL = ExchangeRate._meta.label
EIGHT_PLACES = Decimal("1E-8")
LARGEST = Decimal(10) ** 12
WITH_COMMA = re.compile(r"\d+,(\d{1,2}|\d{4,})", re.ASCII)
Key = tuple[date, str]


@dataclass(slots=True)
class Quotation:
    """One currency on one day; `id` once it is stored."""

    day: date
    currency: str
    per_eur: Decimal
    id: int | None = None

    def shown(self) -> dict[str, Any]:
        return {PER_EUR: str(self.per_eur)}


def plan_rates(sheet: Sheet, options: Options, lock: bool = False) -> Plan:
    """Compare a table with what is stored. Reads only: imports alone write rates, and they wait for each other."""
    plan = begin(sheet)
    refuse_other_tables(sheet)
    found: dict[Key, tuple[int, Quotation]] = {}
    for row in progress.over(sheet.rows, "Reading rows"):
        for rate in read_row(row, sheet, options, plan):
            note(row.line, rate, found, plan)
    stored = read_stored(found)
    for key, (line, quotation) in found.items():
        old = stored.get(key)
        quotation.id = old and old.id
        kind = NEW if old is None else UNCHANGED if old.per_eur == quotation.per_eur else CHANGED
        label = f"{quotation.currency} on {quotation.day}"
        plan.rows.append(RowPlan(line, kind, label, old and old.id, old, quotation))
    tell(plan, found, options)
    plan.refused.sort(key=lambda remark: remark.line)
    return plan


def refuse_other_tables(sheet: Sheet) -> None:
    is_long = {CURRENCY, PER_EUR} <= set(sheet.columns)
    if not is_long and not any(re.fullmatch(COLUMNS.also, name) for name in sheet.columns):
        raise FileRefused(
            "The file names days and no rates.",
            "Give the columns date, currency and per_eur, or the ECB's table with one column a currency.",
        )


def read_row(row: SourceRow, sheet: Sheet, options: Options, plan: Plan) -> list[Rate]:
    """The quotations of one row; what is refused is noted in the plan."""
    values = {name: tidied(name, text, options) for name, text in row.cells.items()}
    rates, problems = read_rates(sheet.columns, [[values.get(name, "") for name in sheet.columns]])
    for problem in problems:
        column = problem.column if problem.column in row.cells else problem.column.lower()
        plan.refuse(row.line, column, problem.value, f"is refused. {problem.message}")
    return [rate for rate in rates if rate.currency != BASE]


def tidied(name: str, text: str, options: Options) -> str:
    """A day in the chosen format as an ISO day, an unmistakable decimal comma as a point; the rest as it is."""
    if name == DATE:
        try:
            return str(cells.day(text, options.day_format, options.zone))
        except cells.BadCell:
            return text
    return text.replace(",", ".") if WITH_COMMA.fullmatch(text) else text


def note(line: int, rate: Rate, found: dict[Key, tuple[int, Quotation]], plan: Plan) -> None:
    """One quotation a day and currency: twice the same is harmless, two different ones refuse the later."""
    per_eur = rate.per_eur
    if per_eur >= LARGEST or per_eur.quantize(EIGHT_PLACES) <= 0:
        plan.refuse(line, PER_EUR, str(per_eur), "does not fit: at most 12 digits before the point and 8 after it.")
        return
    quotation = Quotation(rate.day, rate.currency, per_eur.quantize(EIGHT_PLACES))
    first_line, first = found.setdefault((rate.day, rate.currency), (line, quotation))
    if first.per_eur != quotation.per_eur:
        reason = f"differs from line {first_line}, the same currency and day. Keep one of them."
        plan.refuse(line, PER_EUR, str(per_eur), reason)


def read_stored(wanted: Collection[Key]) -> dict[Key, Quotation]:
    if not wanted:
        return {}
    days = [day for day, _ in wanted]
    rows = ExchangeRate.objects.filter(date__range=(min(days), max(days))).order_by()
    kept = rows.values_list("id", "date", "currency", "per_eur").iterator(chunk_size=20_000)
    return {(day, code): Quotation(day, code, per_eur, pk) for pk, day, code, per_eur in kept}


def tell(plan: Plan, found: Collection[Key], options: Options) -> None:
    if not found:
        return
    days = [day for day, _ in found]
    currencies = sorted({currency for _, currency in found})
    plan.facts |= {"first_day": str(min(days)), "last_day": str(max(days)), "rate_currencies": currencies}
    plan.notices.append(f"{plural(len(currencies), 'currency', 'currencies')} from {min(days)} to {max(days)}.")
    later = sum(day > options.today for day in days)
    if later:
        plan.notices.append(f"{plural(later, 'rate')} of days after today.")


def write_rates(plan: Plan, batch: ImportBatch, now: datetime) -> Written:
    """Write a plan's changes in the caller's transaction."""
    changes = [(row.new, row.old) for row in plan.changes]
    rows = [ExchangeRate(date=new.day, currency=new.currency, per_eur=new.per_eur) for new, _ in changes]
    for chunk in progress.chunks(rows, "Writing rows", size=5_000):
        upsert(chunk)
    lines = [
        LedgerLine(MODEL, row.pk, old and old.shown(), new.shown())
        for row, (new, old) in zip(rows, changes, strict=True)
    ]
    return Written(lines, affected({new.currency for new, _ in changes}))


def upsert(rows: list[ExchangeRate]) -> None:
    ExchangeRate.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["currency", "date"], update_fields=["per_eur"]
    )


def affected(currencies: set[str]) -> set[int]:
    """Organizations whose MRR in the reporting currency may look different now."""
    if not currencies:
        return set()
    reporting = settings.read().reporting_currency
    lines: QuerySet[Subscription] = Subscription.objects.known_now().exclude(currency=reporting)
    if reporting not in currencies:
        lines = lines.filter(currency__in=currencies)
    return set(lines.order_by().values_list("key__organization_id", flat=True).distinct())


def restore_rates(lines: list[LedgerLine], now: datetime) -> Restored:
    """Rates as they were before an import; those changed since stay."""
    done = Restored()
    current: dict[int, ExchangeRate] = {}
    for chunk in in_chunks(line.row_id for line in lines):
        current |= ExchangeRate.objects.in_bulk(chunk)
    created, overwritten = [], []
    for line in progress.over(lines, "Comparing with the ledger"):
        row = current.get(line.row_id)
        if row is None:
            done.kept.append(KeptRow(f"rate {line.row_id}", "was deleted since"))
        elif differs({PER_EUR: str(row.per_eur)}, line.after):
            done.kept.append(KeptRow(str(row), "was changed since: per_eur"))
        elif line.before is None:
            created.append(row)
        else:
            row.per_eur = Decimal(line.before[PER_EUR])
            overwritten.append(row)
    for chunk in in_chunks(created):
        ExchangeRate.objects.filter(id__in=[row.pk for row in chunk]).delete()
    for chunk in in_chunks(overwritten):
        ExchangeRate.objects.bulk_update(chunk, ["per_eur"], batch_size=1000)
    done.deleted, done.overwritten = len(created), len(overwritten)
    done.organization_ids = affected({row.currency for row in created + overwritten})
    return done


SAMPLE = ((DATE, CURRENCY, PER_EUR), ("2026-11-20", "USD", "1.0837"), ("2026-11-20", "GBP", "0.8562"))
RATES = register_importer(Importer(ImportBatch.Kind.RATES, "rates", COLUMNS, plan_rates, write_rates, sample=SAMPLE))
register_restorer(Restorer(MODEL, 30, restore_rates))
