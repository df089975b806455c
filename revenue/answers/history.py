"""Months, their movements and the days behind them, through the engine."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import ceil

from django.db.models import Q, QuerySet

from revenue import books
from revenue.answers.today import names_of
from revenue.books import Terms
from revenue.models import Subscription
from revenue.mrr.book import Book
from revenue.mrr.calendar import add_months, month_start
from revenue.mrr.calendar import months as calendar_months
from revenue.mrr.money import from_units
from revenue.mrr.movements import Movement, day_ledger, movements, segment_on
from revenue.mrr.report import Report, report

EARLIEST_YEAR = 1900


@dataclass(frozen=True, slots=True)
class Change:
    """A movement with the organization's name; see `Movement` for the amounts."""

    organization_id: int
    name: str
    on: date
    kind: str
    opening: Decimal
    closing: Decimal
    amount: Decimal
    fx_impact: Decimal

    @property
    def difference(self) -> Decimal:
        return self.closing - self.opening


@dataclass(frozen=True, slots=True)
class MonthChanges:
    """Movements of a running month from `since` to `as_of`, both included, largest first (R10).

    Their sums by kind are the month's bridge; value moved by rates alone is in no movement.
    """

    since: date
    as_of: date
    items: tuple[Change, ...]


def months(first_month: date, as_of: date, known_on: date | None = None, terms: Terms | None = None) -> Report:
    """Every figure month by month, from the one of `first_month` to `as_of`, over all lines; see `compute`.

    Takes seconds on a large book: pages read `revenue.facts`. Raises ValueError for a range without a month.
    """
    if month_start(first_month) > as_of or first_month.year < EARLIEST_YEAR:
        raise ValueError(f"no months between {first_month} and {as_of}")
    return report(books.load(as_of, known_on=known_on, terms=terms), first_month)


def changes_of_month(as_of: date, month: date | None = None, terms: Terms | None = None) -> MonthChanges:
    """One movement per organization over the month of `as_of` up to that day, or over an earlier `month` (R10).

    Loads only the organizations that can have moved. Raises ValueError for a month after `as_of`.
    """
    first = month_start(month or as_of)
    if first > as_of:
        raise ValueError(f"{first:%Y-%m} begins after {as_of}")
    return changes_between(first, min(add_months(first, 1) - timedelta(days=1), as_of), as_of, terms)


def days_of_month(as_of: date, month: date, terms: Terms | None = None) -> list[Change]:
    """The days behind a month's movements up to `as_of`, newest first: one movement per organization and day (R14)."""
    terms = terms or books.read_terms()
    first, close = month_start(month), min(add_months(month_start(month), 1) - timedelta(days=1), as_of)
    touched = _touched(first, close, terms)
    book = Book(books.read_rows(books.lines(None, touched)), terms.rates, terms.settings, as_of)
    return named(reversed(day_ledger(book, first, close)))


def _touched(first: date, close: date, terms: Terms) -> list[int]:
    """Organizations that can have moved between the closes around `first`..`close`.

    With the same lines at both closes an organization pays the same at the opening rates, so nothing moved, unless
    rates decide whether it pays at all: with discounts beside foreign money, or amounts that convert to nothing.

    Asked in steps: one nested query has too many ways to be planned badly while a fresh import has no statistics.
    """
    known = Subscription.objects.known_now()
    moved = _owners(known.changing(first, close + timedelta(days=1)))
    foreign = known.exclude(currency=terms.currency)
    currencies = list(foreign.order_by().values_list("currency", flat=True).distinct())
    if not currencies:
        return sorted(moved)
    doubtful = Q(mrr__lt=0)
    converter = terms.converter()
    for currency in filter(converter.can, currencies):
        lowest, _highest = converter.factor_bounds(currency)
        doubtful |= Q(currency=currency, mrr__lt=from_units(ceil(1 / lowest)))
    return sorted(moved | (_owners(known.filter(doubtful)) & _owners(foreign)))


def _owners(lines: QuerySet[Subscription]) -> set[int]:
    return set(lines.order_by().values_list("key__organization_id", flat=True).distinct())


def movements_of(organization_id: int, as_of: date, count: int = 12, terms: Terms | None = None) -> list[Change]:
    """An organization's monthly movements over the last `count` months, newest first."""
    book = books.load(as_of, organization_ids=[organization_id], terms=terms)
    return named(reversed(_monthly(book, as_of, count)))


def _monthly(book: Book, as_of: date, count: int) -> list[Movement]:
    first = add_months(month_start(as_of), 1 - count)
    found = (
        movement for month in calendar_months(first, as_of) for movement in movements(book, month.first, month.close)
    )
    return [movement for movement in found if movement.kind is not None]


def trend_of(
    organization_id: int, as_of: date, count: int = 12, terms: Terms | None = None
) -> list[tuple[date, Decimal]]:
    """An organization's MRR at the last `count` month closes, oldest first, the running month at `as_of`."""
    book = books.load(as_of, organization_ids=[organization_id], terms=terms)
    closes = [month.close for month in calendar_months(add_months(month_start(as_of), 1 - count), as_of)]
    return [(close, _value_at(book, close)) for close in closes]


def _value_at(book: Book, close: date) -> Decimal:
    day = close.toordinal()
    holding = (segment_on(timeline, day) for timeline in book.timelines)
    return from_units(sum(book.value(segment, day) for segment in holding if segment is not None))


def ledger_of(organization_id: int, since: date, close: date, as_of: date, terms: Terms | None = None) -> list[Change]:
    """The days behind an organization's movements from `since` to `close`, both included, newest first, as they look
    on `as_of` (R14).

    Its sums by kind may differ from the monthly bridge, which nets over the month.
    """
    book = books.load(as_of, organization_ids=[organization_id], terms=terms)
    return named(reversed(day_ledger(book, since, close)))


def ledger_of_all(
    organization_ids: Collection[int], since: date, as_of: date, terms: Terms | None = None
) -> list[Movement]:
    """The days behind the movements of several organizations, oldest first, in one look at the books (R14)."""
    return day_ledger(books.load(as_of, organization_ids=organization_ids, terms=terms), since, as_of)


def changes_between(since: date, close: date, as_of: date, terms: Terms | None = None) -> MonthChanges:
    """One movement per organization over any days from `since` to `close`, both included, as it looks on `as_of`."""
    terms = terms or books.read_terms()
    touched = _touched(since, close, terms)
    book = Book(books.read_rows(books.lines(None, touched)), terms.rates, terms.settings, as_of)
    moved = [each for each in movements(book, since, close) if each.kind is not None]
    return MonthChanges(since, close, tuple(named(sorted(moved, key=_largest_first))))


def named(found: Iterable[Movement]) -> list[Change]:
    """Movements with the names of their organizations."""
    found = list(found)
    names = names_of({movement.organization for movement in found})
    return [
        Change(
            each.organization,
            names[each.organization],
            each.on,
            each.kind or "",
            each.opening,
            each.closing,
            each.amount,
            each.fx_impact,
        )
        for each in found
    ]


def _largest_first(movement: Movement) -> tuple[Decimal, int]:
    return -movement.amount, movement.organization
