"""Balances at every month close of a window, and what happened between two closes (R8-R12, R14, R16)."""

from bisect import bisect_left
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from revenue.mrr.book import Book, Timeline
from revenue.mrr.movements import KINDS, classify, day_moves
from revenue.mrr.timeline import Segment

YEAR = 12


class OrganizationMonth(NamedTuple):
    """One organization between two closes, in units; `close_index` is that of the closing one.

    `amount` (>= 0) is at the opening rates, `fx_impact` the rest. `year_ago`: its balance at the close twelve months
    before; `retained`: today's lines at the rates of then, 0 for whoever pays at only one of the two (R16).
    """

    organization: Hashable
    close_index: int
    opening: int
    closing: int
    kind: str | None
    amount: int
    fx_impact: int
    year_ago: int
    retained: int


@dataclass(frozen=True, slots=True)
class GridRow:
    """One organization: `balances` in units and the `segments` that hold, one of each per close."""

    timeline: Timeline
    balances: list[int]
    segments: list[Segment | None]

    def runs(self) -> Iterator[tuple[int, int, Segment]]:
        """Stretches [i, j) of closes at which one segment holds."""
        start, size = 0, len(self.segments)
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

    def months_of(self, row: GridRow) -> Iterator[OrganizationMonth]:
        """The months with a balance at either end, oldest first."""
        balances, segments, who = row.balances, row.segments, row.timeline.organization
        first_paying = row.timeline.first_paying
        if first_paying is None:
            return
        opening, before = 0, None
        for index, closing in enumerate(balances):
            after = segments[index]
            if opening or closing:
                kind, amount, fx = None, 0, 0
                if before is after:
                    fx = closing - opening  # only the rates moved
                elif index:
                    at_opening = self.book.value(after, self.closes[index - 1]) if after is not None else 0
                    paid = first_paying <= self.closes[index - 1]
                    kind, amount, fx = classify(opening, at_opening, closing, paid)
                year_ago = balances[index - YEAR] if index >= YEAR else 0
                retained = self._retained(row, index) if year_ago and closing else 0
                yield OrganizationMonth(who, index, opening, closing, kind, amount, fx, year_ago, retained)
            opening, before = closing, after

    def _retained(self, row: GridRow, index: int) -> int:
        """What an organization that pays at a close and paid a year before pays at the rates of then (R16)."""
        segment = row.segments[index]
        if segment is row.segments[index - YEAR]:
            return row.balances[index - YEAR]
        if segment is not None and segment.fixed is None:
            return self.book.value(segment, self.closes[index - YEAR])
        return row.balances[index]

    def day_sums(self) -> list[dict[str, int]]:
        """The day ledger summed by kind over each month but the first (R14)."""
        found = [dict.fromkeys(KINDS, 0) for _ in self.closes]
        since = self.closes[0] + 1
        for row in self.rows:
            for day, kind, amount, _fx, _opening, _closing in day_moves(self.book, row.timeline, since):
                found[bisect_left(self.closes, day)][kind] += amount
        return found

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
