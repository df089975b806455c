"""Balances at every month close of a window, and the monthly sums over them (R8-R12, R14, R16)."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from revenue.mrr.book import Book, Timeline
from revenue.mrr.movements import Tally, classify, day_moves
from revenue.mrr.timeline import Segment

YEAR = 12


@dataclass(frozen=True, slots=True)
class GridRow:
    """One organization: `balances` in units and the `segments` that hold, one of each per close."""

    timeline: Timeline
    balances: list[int]
    segments: list[Segment | None]

    def runs(self, first: int) -> Iterator[tuple[int, int, Segment]]:
        """Stretches [i, j) of closes from index `first` on at which one segment holds."""
        start, size = first, len(self.segments)
        while start < size:
            segment = self.segments[start]
            end = start + 1
            while end < size and self.segments[end] is segment:
                end += 1
            if segment is not None:
                yield start, end, segment
            start = end


class Grid:
    """`closes`: ascending ordinals, month by month; index 0 is an opening only. Rows without any active
    segment in the window are left out."""

    def __init__(self, book: Book, closes: list[int]) -> None:
        self.book = book
        self.closes = closes
        rows = (self._row(timeline) for timeline in book.timelines)
        self.rows = [row for row in rows if row is not None]

    def _row(self, timeline: Timeline) -> GridRow | None:
        closes = self.closes
        if not timeline.segments or timeline.segments[-1].until <= closes[0]:
            return None
        balances: list[int] = [0] * len(closes)
        segments: list[Segment | None] = [None] * len(closes)
        value = self.book.value
        for segment in timeline.segments:
            first = bisect_left(closes, segment.since)
            last = bisect_left(closes, segment.until, first)
            if first == last:
                continue
            segments[first:last] = [segment] * (last - first)
            if segment.fixed is not None:
                balances[first:last] = [segment.fixed] * (last - first)
            elif segment.paying:
                balances[first:last] = [value(segment, close) for close in closes[first:last]]
        return GridRow(timeline, balances, segments)

    def tallies(self) -> list[Tally]:
        """One per close; the one at index 0 has an end and no start."""
        tallies = [Tally() for _ in self.closes]
        for row in self.rows:
            self._count_movements(row, tallies)
            for tally, balance in zip(tallies, row.balances, strict=True):
                if balance:
                    tally.end += balance
                    tally.paying_end += 1
        for before, tally in pairwise(tallies):
            tally.start, tally.paying_start = before.end, before.paying_end
        return tallies

    def _count_movements(self, row: GridRow, tallies: list[Tally]) -> None:
        balances, segments, closes, value = row.balances, row.segments, self.closes, self.book.value
        first_paying = row.timeline.first_paying
        if first_paying is None:
            return
        for index in range(1, len(closes)):
            before, after = segments[index - 1], segments[index]
            opening, closing = balances[index - 1], balances[index]
            if before is after:
                if opening != closing:  # only the rates moved
                    tallies[index].fx_impact += closing - opening
                continue
            if opening or closing:
                paid = first_paying <= closes[index - 1]
                at_opening = value(after, closes[index - 1]) if after is not None else 0
                tallies[index].count(*classify(opening, at_opening, closing, paid))

    def day_tallies(self, first: int) -> list[Tally]:
        """The day ledger summed over each month from index `first` on (R14).

        fx impact is what the sums of a month leave open between its balances: daily differences add up to it.
        """
        tallies = [Tally() for _ in self.closes]
        since = self.closes[first - 1] + 1
        for row in self.rows:
            for day, kind, amount, fx, _opening, _closing in day_moves(self.book, row.timeline, since):
                tallies[bisect_left(self.closes, day)].count(kind, amount, fx)
        return tallies

    def in_and_out(self) -> list[int]:
        """Per close: organizations that paid inside the month and at neither of its closes."""
        counts = [0] * len(self.closes)
        for row in self.rows:
            for index in self._passing_months(row):
                counts[index] += 1
        return counts

    def _passing_months(self, row: GridRow) -> set[int]:
        found = set()
        for segment in row.timeline.segments:
            if not segment.paying or segment.until <= self.closes[0]:
                continue
            index = bisect_left(self.closes, segment.since)
            passed = 0 < index < len(self.closes) and segment.until <= self.closes[index]
            if passed and not row.balances[index - 1] and not row.balances[index]:
                found.add(index)
        return found

    def retained_after_year(self, first: int) -> tuple[list[int], list[int]]:
        """Per close from `first` (>= 12) on: what organizations paying a year earlier pay now, at the rates
        of then, and the same capped at what they paid then (R16); zero before `first`. In units."""
        retained, kept = [0] * len(self.closes), [0] * len(self.closes)
        for row in self.rows:
            balances = row.balances
            for index in range(first, len(balances)):
                base, now = balances[index - YEAR], balances[index]
                if not base or not now:
                    continue
                segment = row.segments[index]
                if segment is row.segments[index - YEAR]:
                    now = base
                elif segment is not None and segment.fixed is None:
                    now = self.book.value(segment, self.closes[index - YEAR])
                retained[index] += now
                kept[index] += min(base, now)
        return retained, kept
