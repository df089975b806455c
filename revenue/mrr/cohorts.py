"""Organizations by the month of their first paying day (R21)."""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import accumulate

from revenue.mrr.book import Book, Timeline
from revenue.mrr.calendar import month_start, months
from revenue.mrr.money import from_units, to_units

NOTHING = from_units(0)


@dataclass(frozen=True, slots=True)
class Cohort:
    """`month`: its first day. Column k of the two series is the close of the k-th month after it, up to
    `as_of`. `first_day_mrr`: the sum of every member's MRR on its own first paying day."""

    month: date
    size: int
    first_day_mrr: Decimal
    paying_by_month: tuple[int, ...]
    mrr_by_month: tuple[Decimal, ...]


def joined(one: Cohort | None, other: Cohort, sign: int = 1) -> Cohort:
    """A cohort of two sets of organizations; with -1 the first one without the second. Both end at the same day."""
    if one is None:
        one = Cohort(other.month, 0, NOTHING, (0,) * len(other.paying_by_month), (NOTHING,) * len(other.mrr_by_month))
    mrr = (_sum(*pair, sign) for pair in zip(one.mrr_by_month, other.mrr_by_month, strict=True))
    paying = zip(one.paying_by_month, other.paying_by_month, strict=True)
    return Cohort(
        one.month,
        one.size + sign * other.size,
        _sum(one.first_day_mrr, other.first_day_mrr, sign),
        tuple(first + sign * second for first, second in paying),
        tuple(mrr),
    )


def _sum(first: Decimal, second: Decimal, sign: int) -> Decimal:
    return from_units(to_units(first) + sign * to_units(second))


class _Growing:
    """A cohort while its members are added; series are kept as steps (see `accumulate` below)."""

    def __init__(self, columns: int) -> None:
        self.size = 0
        self.first_day_mrr = 0
        self.paying = [0] * (columns + 1)
        self.mrr = [0] * (columns + 1)

    def hold(self, first: int, last: int, balance: int) -> None:
        """A member pays `balance` at the closes [first, last)."""
        self.paying[first] += 1
        self.paying[last] -= 1
        self.mrr[first] += balance
        self.mrr[last] -= balance


def first_paying_month(timeline: Timeline) -> date | None:
    """First day of the month an organization belongs to for good, None if it never paid (R21)."""
    if timeline.first_paying is None:
        return None
    return month_start(date.fromordinal(timeline.first_paying))


def cohorts(book: Book) -> list[Cohort]:
    """Every cohort up to the book's `as_of`, oldest first."""
    firsts = [timeline.first_paying for timeline in book.timelines if timeline.first_paying is not None]
    if not firsts:
        return []
    calendar = months(date.fromordinal(min(firsts)), book.as_of)
    closes = [month.close.toordinal() for month in calendar]
    growing: dict[int, _Growing] = {}
    for timeline in book.timelines:
        if timeline.first_paying is None:
            continue
        index = bisect_left(closes, timeline.first_paying)
        if index not in growing:
            growing[index] = _Growing(len(closes) - index)
        _add(book, growing[index], timeline, closes, index)
    return [_cohort(calendar[index].first, growing[index]) for index in sorted(growing)]


def members(book: Book, month: date, column: int | None = None) -> list[Timeline]:
    """The organizations of a cohort; with `column`, those paying at that column's close."""
    own = [timeline for timeline in book.timelines if first_paying_month(timeline) == month_start(month)]
    if column is None:
        return own
    calendar = months(month, book.as_of)
    if not 0 <= column < len(calendar):
        return []
    close = calendar[column].close.toordinal()
    return [
        timeline
        for timeline in own
        if any(part.paying and part.since <= close < part.until for part in timeline.segments)
    ]


def _add(book: Book, cohort: _Growing, timeline: Timeline, closes: list[int], index: int) -> None:
    cohort.size += 1
    for segment in timeline.segments:
        if not segment.paying:
            continue
        if segment.since == timeline.first_paying:
            cohort.first_day_mrr += book.value(segment, segment.since)
        first = bisect_left(closes, segment.since, index)
        last = bisect_left(closes, segment.until, first)
        if first == last:
            continue
        if segment.fixed is not None:
            cohort.hold(first - index, last - index, segment.fixed)
            continue
        for close in range(first, last):
            cohort.hold(close - index, close - index + 1, book.value(segment, closes[close]))


def _cohort(month: date, growing: _Growing) -> Cohort:
    return Cohort(
        month,
        growing.size,
        from_units(growing.first_day_mrr),
        tuple(accumulate(growing.paying))[:-1],
        tuple(from_units(units) for units in list(accumulate(growing.mrr))[:-1]),
    )
