"""All figures of a book, month by month: the one answer every revenue page and command reads."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from revenue.fx import RateTable, RateWarning
from revenue.mrr.book import Book, Row, Settings, Unconverted, known
from revenue.mrr.calendar import Month, add_months, month_start, months
from revenue.mrr.cohorts import Cohort, cohorts
from revenue.mrr.composition import Composition, compositions
from revenue.mrr.grid import YEAR, Grid
from revenue.mrr.money import MONTHS_PER_YEAR, from_units
from revenue.mrr.movements import Bridge, Tally, bridge
from revenue.mrr.ratios import Ratios, ratios


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
        months=tuple(_figures(grid, calendar)),
        whole_range=bridge(book, first, book.as_of),
        cohorts=tuple(cohorts(book)),
        mrr_by_organization={who: from_units(balance) for who, balance in balances if balance},
        unconverted_rows=tuple(book.unconverted_rows),
        unconverted=tuple(book.unconverted()),
        rate_warnings=tuple(_rate_warnings(book)),
    )


def _figures(grid: Grid, calendar: list[Month]) -> list[MonthFigures]:
    tallies = grid.tallies()
    daily = grid.day_tallies(YEAR)
    in_and_out = grid.in_and_out()
    retained, kept = grid.retained_after_year(YEAR)
    parts = compositions(grid, YEAR)
    return [
        _month(
            calendar[index],
            tallies[index],
            daily[index],
            in_and_out=in_and_out[index],
            quotients=ratios(tallies, index, retained[index], kept[index], tallies[index - YEAR].end),
            parts=parts[index - YEAR],
        )
        for index in range(YEAR, len(calendar))
    ]


def _month(
    month: Month, tally: Tally, daily: Tally, *, in_and_out: int, quotients: Ratios, parts: Composition
) -> MonthFigures:
    return MonthFigures(
        month=month,
        bridge=tally.bridge(),
        arr_end=from_units(MONTHS_PER_YEAR * tally.end),
        paying_start=tally.paying_start,
        paying_end=tally.paying_end,
        organizations=dict(tally.organizations),
        in_and_out=in_and_out,
        ratios=quotients,
        composition=parts,
        activity=_activity(tally, daily),
    )


def _activity(tally: Tally, daily: Tally) -> dict[str, Decimal]:
    """The month's day ledger; on days without a movement only rates change, so fx impact is what is left."""
    daily.start, daily.end = tally.start, tally.end
    daily.fx_impact = tally.end - tally.start - daily.net()
    return {
        **{kind: from_units(units) for kind, units in daily.amounts.items()},
        "fx_impact": from_units(daily.fx_impact),
    }


def _rate_warnings(book: Book) -> list[RateWarning]:
    """R24, for every currency that is converted."""
    settings, reporting = book.settings, book.settings.reporting_currency
    used = {row.currency: row.start_on for row in sorted(book.rows, key=lambda row: row.start_on, reverse=True)}
    foreign = {code: first for code, first in used.items() if code != reporting and book.converter.can(code)}
    if foreign:
        foreign[reporting] = min(foreign.values())
    found = []
    for code, first in sorted(foreign.items()):
        if settings.fx_constant_date is not None and settings.fx_mode == "constant":
            found += book.rates.warnings(code, settings.fx_constant_date, settings.fx_constant_date)
        else:
            found += book.rates.warnings(code, min(first, book.as_of), book.as_of)
    return found
