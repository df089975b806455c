"""The exchange-rates import: `date,currency,per_eur` or the ECB's own table, planned, written and taken back (R24)."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from config import db
from orgs.importing import progress
from orgs.importing.cells import BadCell, day, number
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
from orgs.models import ImportBatch, Organization
from revenue import books, sql
from revenue.books import Terms
from revenue.fx import BASE, Rate, RateTable
from revenue.importing.money import Balance, losing
from revenue.models import ExchangeRate, Subscription
from revenue.rate_files import LONG_COLUMNS, NOT_QUOTED, read_rates

MODEL = ExchangeRate._meta.label
CODE = re.compile(r"[A-Z]{3}", re.ASCII)
# As the bank writes the days of its daily table.
WITH_MONTHS_NAME = re.compile(r"\d{1,2} [A-Za-z]{3,9} \d{4}", re.ASCII)
PLACES = Decimal("0.00000001")
LARGEST = Decimal(10) ** 12
MOST_LISTED = 50


@dataclass(frozen=True)
class RateColumns(Columns):
    """Beside the columns of the long form every currency code, as the ECB's table has them."""

    def takes(self, name: str) -> bool:
        return super().takes(name) or CODE.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class RateLine:
    """One rate; `id` is None while it is to be created."""

    day: date
    currency: str
    per_eur: Decimal
    id: int | None = None

    @property
    def label(self) -> str:
        return f"{self.currency} · {self.day}"

    def shown(self) -> dict[str, Any]:
        """What a preview compares and the ledger keeps."""
        return {"date": str(self.day), "currency": self.currency, "per_eur": f"{self.per_eur:f}"}


COLUMNS = RateColumns(required=(("date",),), optional=LONG_COLUMNS[1:])


def plan_rates(sheet: Sheet, options: Options, lock: bool = False) -> Plan:
    """Compare a table with the stored rates. Raises FileRefused for a header of another kind."""
    plan = begin(sheet)
    try:
        read_rates(sheet.columns, [])
    except ValueError as error:
        raise FileRefused(f"{error}.", "Rename the columns, or use the ECB's file as it is.") from error
    stored = {(line.day, line.currency): line for line in read_stored()}
    seen: dict[tuple[date, str], Decimal] = {}
    for source in progress.over(sheet.rows, "Reading rows"):
        for rate in rates_of(source, sheet, options, plan):
            known = seen.setdefault((rate.day, rate.currency), rate.per_eur)
            if known != rate.per_eur:
                plan.refuse(source.line, rate.currency, str(rate.per_eur), f"differs from {known} above. Keep one.")
    for key, per_eur in seen.items():
        plan.rows.append(row_plan(RateLine(*key, per_eur), stored.get(key)))
    ask_about_money(plan, stored, options)
    return plan


def rates_of(source: SourceRow, sheet: Sheet, options: Options, plan: Plan) -> Iterator[Rate]:
    """The readable rates of one row; what is refused is noted under the row's physical line."""
    cells = plain_cells(source, sheet.delimiter, options, plan)
    if cells is None:
        return
    found, problems = read_rates(sheet.columns, [cells])
    for problem in problems:
        plan.refuse(source.line, problem.column, problem.value, f"is refused. {problem.message}")
    for rate in found:
        per_eur = rate.per_eur.quantize(PLACES, ROUND_HALF_UP) if rate.per_eur < LARGEST else Decimal(0)
        if per_eur <= 0:
            plan.refuse(
                source.line, rate.currency, str(rate.per_eur), "does not fit: 12 digits and 8 decimals are kept."
            )
        elif rate.currency != BASE:
            yield Rate(rate.day, rate.currency, per_eur)


def plain_cells(source: SourceRow, delimiter: str, options: Options, plan: Plan) -> list[str] | None:
    """The row with ISO days and decimal points; None when a cell of it cannot be read."""
    plain: list[str] = []
    for column, text in source.cells.items():
        try:
            plain.append(plain_cell(column, text, delimiter, options))
        except BadCell as error:
            plan.refuse(source.line, column, text, str(error))
    return plain if len(plain) == len(source.cells) else None


def plain_cell(column: str, text: str, delimiter: str, options: Options) -> str:
    if text in NOT_QUOTED:
        return text
    if column == "date":
        return text if WITH_MONTHS_NAME.fullmatch(text) else str(day(text, options.day_format, options.zone))
    if column == "per_eur" or CODE.fullmatch(column):
        return str(number(text, delimiter))
    return text


def row_plan(new: RateLine, old: RateLine | None) -> RowPlan:
    """`line` is 0: one line of the ECB's table holds many rates."""
    kind = NEW if old is None else UNCHANGED if old.per_eur == new.per_eur else CHANGED
    return RowPlan(0, kind, new.label, old and old.id, old, new)


def read_stored() -> Iterator[RateLine]:
    """Every stored rate."""
    for values in ExchangeRate.objects.order_by().values_list("date", "currency", "per_eur", "id"):
        yield RateLine(*values)


def ask_about_money(plan: Plan, stored: dict[tuple[date, str], RateLine], options: Options) -> None:
    """MRR today at the stored rates and at the ones after the import."""
    settings = books.read_settings()
    after = stored | {(row.new.day, row.new.currency): row.new for row in plan.changes}
    first, second = (balance(lines.values(), settings, options.today) for lines in (stored, after))
    lost = losing(first, second)
    names = {each.pk: str(each) for each in Organization.objects.filter(id__in=list(lost)[:MOST_LISTED])}
    plan.facts |= {
        "currency": settings.reporting_currency,
        "mrr_before": str(first.total),
        "mrr_after": str(second.total),
        "losing_count": len(lost),
        "losing": [[names[owner], str(lost[owner])] for owner in list(lost)[:MOST_LISTED]],
        "unknown_count": 0,
        "overlaps": 0,
        "currencies": dict(Counter(row.new.currency for row in plan.rows)),
    }


def balance(lines: Iterable[RateLine], settings: books.Settings, today: date) -> Balance:
    table = RateTable(Rate(line.day, line.currency, line.per_eur) for line in lines)
    return Balance(books.stand(today, terms=Terms(settings, table)).units, {})


def write_rates(plan: Plan, batch: ImportBatch, now: datetime) -> Written:
    """Write a plan's changes in the caller's transaction."""
    fresh = [row.new for row in plan.changes if row.old is None]
    changed = [(row.row_id, row.old, row.new) for row in plan.changes if row.old is not None]
    ids = [pk for (pk,) in db.rows(sql.NEXT_RATE_IDS, {"count": len(fresh)})] if fresh else []
    db.copy_into(
        ExchangeRate._meta.db_table,
        ("id", "date", "currency", "per_eur"),
        ((pk, line.day, line.currency, line.per_eur) for pk, line in zip(ids, fresh, strict=True)),
    )
    update({pk: new.per_eur for pk, _old, new in changed})
    lines = [LedgerLine(MODEL, pk, None, line.shown()) for pk, line in zip(ids, fresh, strict=True)]
    lines += [LedgerLine(MODEL, pk, old.shown(), new.shown()) for pk, old, new in changed]
    return Written(lines, affected({row.new.currency for row in plan.changes}))


def update(values: dict[int, Decimal]) -> None:
    for chunk in in_chunks(values.items()):
        rows = [ExchangeRate(id=pk, per_eur=per_eur) for pk, per_eur in chunk]
        ExchangeRate.objects.bulk_update(rows, ["per_eur"], batch_size=2000)


def affected(currencies: set[str]) -> set[int]:
    """Organizations whose MRR these rates convert."""
    reporting = books.read_settings().reporting_currency
    lines = Subscription.objects.known_now().exclude(currency=reporting)
    if reporting not in currencies:
        lines = lines.filter(currency__in=currencies)
    return set(lines.order_by().values_list("key__organization_id", flat=True).distinct()) if currencies else set()


def restore_rates(lines: list[LedgerLine], now: datetime) -> Restored:
    """Rates as they were before an import; the ones changed since stay."""
    current = {line.id: line for line in read_stored()}
    done, created, overwritten = Restored(), [], {}
    for line in lines:
        found = current.get(line.row_id)
        if found is None or differs(found.shown(), line.after):
            reason = "was deleted since" if found is None else "was changed since"
            done.kept.append(KeptRow(f"{line.after['currency']} · {line.after['date']}", reason))
        elif line.before is None:
            created.append(line.row_id)
        else:
            overwritten[line.row_id] = Decimal(line.before["per_eur"])
    for chunk in in_chunks(created):
        ExchangeRate.objects.filter(id__in=chunk).delete()
    update(overwritten)
    done.deleted, done.overwritten = len(created), len(overwritten)
    done.organization_ids = affected({current[pk].currency for pk in [*created, *overwritten]})
    return done


SAMPLE = (LONG_COLUMNS, ("2026-11-20", "USD", "1.0837"), ("2026-11-20", "GBP", "0.8562"))
RATES = register_importer(Importer(ImportBatch.Kind.RATES, COLUMNS, plan_rates, write_rates, sample=SAMPLE))
register_restorer(Restorer(MODEL, 30, restore_rates))
