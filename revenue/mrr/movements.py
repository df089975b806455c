"""Movements of organizations over periods, and the bridge they add up to (R10-R14, R25)."""

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from revenue.mrr.book import Book, Timeline
from revenue.mrr.calendar import opening_of
from revenue.mrr.money import from_units
from revenue.mrr.timeline import Segment

NEW = "new"
EXPANSION = "expansion"
REACTIVATION = "reactivation"
CONTRACTION = "contraction"
CHURN = "churn"
KINDS = (NEW, EXPANSION, REACTIVATION, CONTRACTION, CHURN)
PLAIN = ("start", "end", "fx_impact", "paying_start", "paying_end")
SIGN = {NEW: 1, EXPANSION: 1, REACTIVATION: 1, CONTRACTION: -1, CHURN: -1}


class IdentityError(Exception):
    """The figures of a period do not add up (R11): a defect of the engine, never of the data."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """Start to end of one period, in the reporting currency, four places; adds up exactly (R11)."""

    start: Decimal
    new: Decimal
    expansion: Decimal
    reactivation: Decimal
    contraction: Decimal
    churn: Decimal
    fx_impact: Decimal
    end: Decimal


@dataclass(frozen=True, slots=True)
class Movement:
    """What happened to one organization between two closes; amounts in the reporting currency.

    `kind` is one of `KINDS`, or None when only rates moved its value. `opening` and `closing` are the
    balances at the rates of their closes, `amount` (>= 0) is at the opening rates, `fx_impact` the rest.
    """

    organization: Hashable
    on: date
    kind: str | None
    opening: Decimal
    closing: Decimal
    amount: Decimal
    fx_impact: Decimal


class Tally:
    """Sums of one period in units: amounts and organizations by kind, balances at both ends."""

    __slots__ = ("amounts", "end", "fx_impact", "organizations", "paying_end", "paying_start", "start")

    def __init__(self) -> None:
        self.amounts = dict.fromkeys(KINDS, 0)
        self.organizations = dict.fromkeys(KINDS, 0)
        self.start = self.end = self.fx_impact = 0
        self.paying_start = self.paying_end = 0

    def count(self, kind: str | None, amount: int, fx_impact: int) -> None:
        """Add one organization's movement."""
        self.fx_impact += fx_impact
        if kind is not None:
            self.amounts[kind] += amount
            self.organizations[kind] += 1

    def add(self, other: "Tally", sign: int = 1) -> None:
        """Add (or with -1 take away) the sums of other organizations."""
        for kind in KINDS:
            self.amounts[kind] += sign * other.amounts[kind]
            self.organizations[kind] += sign * other.organizations[kind]
        for name in PLAIN:
            setattr(self, name, getattr(self, name) + sign * getattr(other, name))

    def dump(self) -> dict[str, Any]:
        """Plain JSON values; `load` reads them back."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def load(cls, data: dict[str, Any]) -> "Tally":
        tally = cls()
        for name in cls.__slots__:
            setattr(tally, name, data[name])
        return tally

    def net(self) -> int:
        """Gains minus losses, without fx impact."""
        return sum(SIGN[kind] * amount for kind, amount in self.amounts.items())

    def bridge(self) -> Bridge:
        """The period's bridge. Raises IdentityError when it does not add up (R11)."""
        if self.start + self.net() + self.fx_impact != self.end:
            raise IdentityError(f"{self.start} + {self.net()} + fx {self.fx_impact} is not {self.end}")
        who = self.organizations
        if self.paying_start + who[NEW] + who[REACTIVATION] - who[CHURN] != self.paying_end:
            raise IdentityError(f"paying {self.paying_start} to {self.paying_end} with {who}")
        amounts = {kind: from_units(amount) for kind, amount in self.amounts.items()}
        return Bridge(
            start=from_units(self.start),
            end=from_units(self.end),
            fx_impact=from_units(self.fx_impact),
            **amounts,
        )


def classify(opening: int, at_opening_rates: int, closing: int, paid_before: bool) -> tuple[str | None, int, int]:
    """Kind, amount and fx impact of one organization in one period, in units (R10, R12, R25).

    Whether it pays is judged by its balances, so that heads add up; how much moved by the opening rates.
    """
    if opening == 0:
        if closing == 0:
            return None, 0, 0
        return (REACTIVATION if paid_before else NEW), at_opening_rates, closing - at_opening_rates
    if closing == 0:
        return CHURN, opening, 0
    moved = at_opening_rates - opening
    fx_impact = closing - at_opening_rates
    if moved == 0:
        return None, 0, fx_impact
    return (EXPANSION, moved, fx_impact) if moved > 0 else (CONTRACTION, -moved, fx_impact)


def segment_on(timeline: Timeline, day: int) -> Segment | None:
    """The segment that holds on `day` (an ordinal), or None without any active row."""
    segments = timeline.segments
    at = bisect_right(segments, day, key=lambda segment: segment.since) - 1
    return segments[at] if at >= 0 and day < segments[at].until else None


def _value_on(book: Book, segment: Segment | None, day: int) -> int:
    return book.value(segment, day) if segment is not None else 0


def _moves(book: Book, opening: int, closing: int) -> Iterator[tuple[Timeline, int, int, tuple]]:
    """Organizations with a balance at either close: timeline, opening, closing, classification."""
    for timeline in book.timelines:
        before, after = segment_on(timeline, opening), segment_on(timeline, closing)
        start, end = _value_on(book, before, opening), _value_on(book, after, closing)
        if not start and not end:
            continue
        paid = timeline.first_paying is not None and timeline.first_paying <= opening
        yield timeline, start, end, classify(start, _value_on(book, after, opening), end, paid)


def movements(book: Book, since: date, close: date) -> list[Movement]:
    """One movement per organization over `since`..`close`, both included; unchanged ones left out (R10)."""
    found = []
    for timeline, start, end, (kind, amount, fx) in _moves(book, opening_of(since), close.toordinal()):
        if kind is not None or fx:
            found.append(_movement(timeline, close, kind, (start, end, amount, fx)))
    return found


def bridge(book: Book, since: date, close: date) -> Bridge:
    """R10 over `since`..`close`, both included; not the sum of the months in it."""
    tally = Tally()
    for _timeline, start, end, (kind, amount, fx) in _moves(book, opening_of(since), close.toordinal()):
        tally.start += start
        tally.end += end
        tally.paying_start += start > 0
        tally.paying_end += end > 0
        tally.count(kind, amount, fx)
    return tally.bridge()


def day_moves(book: Book, timeline: Timeline, first: int) -> Iterator[tuple[int, str, int, int, int, int]]:
    """R10 on consecutive days from `first` on: ordinal, kind, amount, fx, opening, closing in units (R14).

    Days on which only a rate moved a balance are not visited: they carry no movement.
    """
    horizon = book.as_of.toordinal()
    before: Segment | None = None
    for day, after in _boundaries(timeline.segments):
        if first <= day <= horizon:
            opening, closing = _value_on(book, before, day - 1), _value_on(book, after, day)
            paid = timeline.first_paying is not None and timeline.first_paying < day
            kind, amount, fx = classify(opening, _value_on(book, after, day - 1), closing, paid)
            if kind is not None:
                yield day, kind, amount, fx, opening, closing
        before = after


def _boundaries(segments: Iterable[Segment]) -> Iterator[tuple[int, Segment | None]]:
    """Every day on which another segment, or none, begins to hold."""
    until: int | None = None
    for segment in segments:
        if until is not None and until < segment.since:
            yield until, None
        yield segment.since, segment
        until = segment.until
    if until is not None:
        yield until, None


def day_ledger(book: Book, since: date, close: date) -> list[Movement]:
    """The drill-down of a period: one movement per organization and day, by day (R14).

    Its sums by kind may differ from the period's bridge, which nets over the whole period.
    """
    last = close.toordinal()
    found = [
        _movement(timeline, date.fromordinal(day), kind, (opening, closing, amount, fx))
        for timeline in book.timelines
        for day, kind, amount, fx, opening, closing in day_moves(book, timeline, since.toordinal())
        if day <= last
    ]
    return sorted(found, key=lambda movement: movement.on)


def _movement(timeline: Timeline, on: date, kind: str | None, units: tuple[int, int, int, int]) -> Movement:
    return Movement(timeline.organization, on, kind, *(from_units(value) for value in units))
