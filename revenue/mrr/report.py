"""All figures of a book, month by month: the one answer every revenue page and command reads."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from heapq import nlargest

from revenue.fx import CONSTANT, RateTable, RateWarning
from revenue.mrr.book import Book, Row, Settings, Unconverted, known
from revenue.mrr.calendar import Month, add_months, month_start, months
from revenue.mrr.cohorts import Cohort, cohorts
from revenue.mrr.composition import LARGEST, Composition, composition, shares
from revenue.mrr.grid import YEAR, Grid
from revenue.mrr.money import MONTHS_PER_YEAR, from_units
from revenue.mrr.movements import SIGN, Bridge, bridge
from revenue.mrr.ratios import LTV_MONTHS, Ratios, ratios
from revenue.mrr.sums import MonthSums, sums


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """One month; money in the reporting currency with four places.

    `organizations`: organizations by kind of movement. `activity`: the day ledger summed by kind plus
    `fx_impact` (R14), which may differ from the bridge. `in_and_out`: organizations that paid only between
    the two closes.
    """

    month: Month
    bridge: Bridge
    arr_end: Decimal
    paying_start: int
    paying_end: int
    organizations: dict[str, int]
    in_and_out: int
    ratios: Ratios
    composition: Composition
    activity: dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Report:
    """Figures from `months[0]` to `as_of`. `mrr_by_organization` holds paying organizations at `as_of`;
    `unconverted_rows` are in the order given."""

    as_of: date
    settings: Settings
    months: tuple[MonthFigures, ...]
    whole_range: Bridge
    cohorts: tuple[Cohort, ...]
    mrr_by_organization: dict[Hashable, Decimal]
    unconverted_rows: tuple[Row, ...]
    unconverted: tuple[Unconverted, ...]
    rate_warnings: tuple[RateWarning, ...]


def compute(
    rows: Iterable[Row],
    rates: RateTable,
    settings: Settings,
    *,
    as_of: date,
    first_month: date,
    known_on: date | None = None,
) -> Report:
    """Every figure from the month of `first_month` to `as_of` (today in the reporting zone, included).

    `rows`: all versions of all lines; `known_on` chooses the view (R28). Raises ValueError for a range that
    is empty or begins before 1900, for fx settings that do not fit together.
    """
    if month_start(first_month) > as_of or first_month.year < 1900:
        raise ValueError(f"no months between {first_month} and {as_of}")
    return report(Book(known(rows, known_on), rates, settings, as_of), first_month)


def report(book: Book, first_month: date) -> Report:
    """The same over a book that stands already."""
    first = month_start(first_month)
    calendar = months(add_months(first, -YEAR), book.as_of)
    grid = Grid(book, [month.close.toordinal() for month in calendar])
    balances = ((row.timeline.organization, row.balances[-1]) for row in grid.rows)
    return Report(
        as_of=book.as_of,
        settings=book.settings,
        months=tuple(figures(calendar, sums(grid), largest(grid))),
        whole_range=bridge(book, first, book.as_of),
        cohorts=tuple(cohorts(book)),
        mrr_by_organization={who: from_units(balance) for who, balance in balances if balance},
        unconverted_rows=tuple(book.unconverted_rows),
        unconverted=tuple(book.unconverted()),
        rate_warnings=tuple(_warnings_of(book)),
    )


def largest(grid: Grid) -> list[list[int]]:
    """The ten largest balances of every close, largest first, in units."""
    if not grid.rows:
        return [[] for _ in grid.closes]
    return [nlargest(LARGEST, filter(None, close)) for close in zip(*(row.balances for row in grid.rows), strict=True)]


def figures(
    calendar: Sequence[Month], month_sums: Sequence[MonthSums], top: Sequence[Sequence[int]]
) -> list[MonthFigures]:
    """Every month of a calendar but its first twelve, which only the ratios look at. Raises IdentityError (R11)."""
    return [_month(calendar[index], month_sums, index, top[index]) for index in range(YEAR, len(calendar))]


def _month(month: Month, month_sums: Sequence[MonthSums], index: int, top: Sequence[int]) -> MonthFigures:
    own = month_sums[index]
    tally = own.tally
    before = [each.tally for each in month_sums[index - LTV_MONTHS : index]]
    parts = shares(top, own.squares, tally.end)
    return MonthFigures(
        month=month,
        bridge=tally.bridge(),
        arr_end=from_units(MONTHS_PER_YEAR * tally.end),
        paying_start=tally.paying_start,
        paying_end=tally.paying_end,
        organizations=dict(tally.organizations),
        in_and_out=own.in_and_out,
        ratios=ratios(own, before, month_sums[index - YEAR + 1].tally.start),
        composition=composition(own.products, own.currencies, parts),
        activity=_activity(own),
    )


def _activity(own: MonthSums) -> dict[str, Decimal]:
    """The month's day ledger; on days without a movement only rates change, so fx impact is what is left."""
    net = sum(SIGN[kind] * amount for kind, amount in own.activity.items())
    return {
        **{kind: from_units(units) for kind, units in own.activity.items()},
        "fx_impact": from_units(own.tally.end - own.tally.start - net),
    }


def _warnings_of(book: Book) -> list[RateWarning]:
    used = {row.currency: row.start_on for row in sorted(book.rows, key=lambda row: row.start_on, reverse=True)}
    return rate_warnings(used, book.rates, book.settings, book.as_of)


def rate_warnings(used: Mapping[str, date], rates: RateTable, settings: Settings, as_of: date) -> list[RateWarning]:
    """R24, for every currency that is converted; `used`: the first day of a line by currency."""
    reporting = settings.reporting_currency
    foreign = {
        code: first for code, first in used.items() if code != reporting and code in rates and reporting in rates
    }
    if foreign:
        foreign[reporting] = min(foreign.values())
    constant = settings.fx_constant_date if settings.fx_mode == CONSTANT else None
    found = []
    for code, first in sorted(foreign.items()):
        first_day, last_day = (constant, constant) if constant else (min(first, as_of), as_of)
        found += rates.warnings(code, first_day, last_day)
    return found
