"""Subscription lines as the engine reads them, and the book of timelines made of them (R1-R9, R23, R28)."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from revenue.fx import PERIOD_END, Converter, RateTable
from revenue.mrr.money import from_units, normalise, to_units
from revenue.mrr.timeline import Segment, Span, build_segments


@dataclass(frozen=True, slots=True)
class Row:
    """One version of one subscription line; `end_on` is the first day without revenue (R2).

    Either `mrr` or `amount` + `interval` (+ `interval_count`) is given, in major units of `currency`
    (clean upper-case code). `known_from` / `known_to` are import days, half-open (R28).
    """

    organization: Hashable
    line: Hashable
    product_code: str
    currency: str
    start_on: date
    end_on: date | None = None
    trial_end_on: date | None = None
    mrr: Decimal | None = None
    amount: Decimal | None = None
    interval: str = "month"
    interval_count: int = 1
    known_from: date | None = None
    known_to: date | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What the install decides about its figures; time zone and end convention are applied on import."""

    reporting_currency: str = "EUR"
    gap_grace_days: int = 0
    fx_mode: str = PERIOD_END
    fx_constant_date: date | None = None


@dataclass(frozen=True, slots=True)
class Unconverted:
    """Rows of a currency without any rate: outside of all totals, listed beside them (R23).

    `rows` counts all of them, `active_rows` and `native_mrr` (in `currency`) those active on `as_of`.
    """

    currency: str
    rows: int
    active_rows: int
    native_mrr: Decimal


class Timeline:
    """One organization's change points up to `as_of`.

    `segments`: ascending, not overlapping, gaps filled (R13). `first_paying`: ordinal or None.
    """

    __slots__ = ("first_paying", "organization", "segments")

    def __init__(self, organization: Hashable, segments: list[Segment]) -> None:
        self.organization = organization
        self.segments = segments
        self.first_paying = next((segment.since for segment in segments if segment.paying), None)


def monthly(row: Row) -> Decimal:
    """The row's monthly value in its own currency; `mrr` counts when both are there (R1)."""
    if row.mrr is not None:
        return row.mrr
    if row.amount is None:
        raise ValueError(f"line {row.line!r} has neither mrr nor amount")
    return normalise(row.amount, row.interval, row.interval_count)


def begins_on(row: Row) -> date:
    """First day the row counts: its start or the end of its trial, whichever is later (R7)."""
    return max(row.start_on, row.trial_end_on) if row.trial_end_on else row.start_on


def active_on(row: Row, day: date) -> bool:
    """R2 with R7."""
    return begins_on(row) <= day and (row.end_on is None or day < row.end_on)


def known(rows: Iterable[Row], on: date | None = None) -> list[Row]:
    """The versions that stand now, or the ones that stood at the close of `on` (R28)."""
    if on is None:
        return [row for row in rows if row.known_to is None]
    return [
        row
        for row in rows
        if (row.known_from is None or row.known_from <= on) and (row.known_to is None or on < row.known_to)
    ]


@dataclass(frozen=True)
class Scheduled:
    """A start or an end after `as_of`: no effect before its day (R9). `native_mrr` is signed."""

    row: Row
    on: date
    kind: str  # "start" or "end"
    native_mrr: Decimal


def scheduled(rows: Iterable[Row], as_of: date) -> list[Scheduled]:
    """Starts and ends after `as_of`, by day."""
    found = []
    for row in rows:
        begins = begins_on(row)
        if row.end_on is not None and row.end_on <= begins:
            continue
        value = monthly(row)
        if begins > as_of:
            found.append(Scheduled(row, begins, "start", value))
        if row.end_on is not None and row.end_on > as_of:
            found.append(Scheduled(row, row.end_on, "end", -value))
    return sorted(found, key=lambda change: change.on)


class Book:
    """Everything counted up to and including `as_of`: one timeline for every organization with a counted row.

    `rows` must be one knowledge view (see `known`): two versions of a line would count twice.
    """

    def __init__(self, rows: Iterable[Row], rates: RateTable, settings: Settings, as_of: date) -> None:
        self.rows = list(rows)
        self.rates = rates
        self.settings = settings
        self.as_of = as_of
        self.converter = Converter(rates, settings.reporting_currency, settings.fx_mode, settings.fx_constant_date)
        self.timelines = self._timelines()

    def value(self, segment: Segment, day: int) -> int:
        """The organization's MRR of `segment` at the rates of `day`, in units, never below 0 (R5)."""
        if segment.fixed is not None:
            return segment.fixed
        convert = self.converter.convert
        total = 0
        for span in segment.spans:
            total += span.fixed if span.fixed is not None else convert(span.native, span.currency, day)
        return max(total, 0)

    def span_value(self, span: Span, day: int) -> int:
        """One row at the rate of `day`, in units; may be negative."""
        if span.fixed is not None:
            return span.fixed
        return self.converter.convert(span.native, span.currency, day)

    @cached_property
    def unconverted_rows(self) -> list[Row]:
        """Rows in a currency without any rate (R23), in the order given."""
        return [row for row in self.rows if not self.converter.can(row.currency)]

    def unconverted(self) -> list[Unconverted]:
        """The rows left out, by currency: count and native sum."""
        by_currency: dict[str, list[Row]] = {}
        for row in self.unconverted_rows:
            by_currency.setdefault(row.currency, []).append(row)
        return [self._left_out(currency, rows) for currency, rows in sorted(by_currency.items())]

    def _left_out(self, currency: str, rows: list[Row]) -> Unconverted:
        active = [row for row in rows if active_on(row, self.as_of)]
        native = sum(to_units(monthly(row)) for row in active)
        return Unconverted(currency, len(rows), len(active), from_units(native))

    def _timelines(self) -> list[Timeline]:
        spans = self._spans_by_organization(self.converter.fixed)
        grace = self.settings.gap_grace_days
        return [
            Timeline(organization, build_segments(own, self.converter, grace)) for organization, own in spans.items()
        ]

    def _spans_by_organization(self, fixed: Callable[[int, str], int | None]) -> dict[Hashable, list[Span]]:
        horizon = self.as_of.toordinal() + 1
        found: dict[Hashable, list[Span]] = {}
        for row in self.rows:
            if not self.converter.can(row.currency):
                continue
            since = begins_on(row).toordinal()
            until = horizon if row.end_on is None else min(row.end_on.toordinal(), horizon)
            if since >= until:
                continue
            native = to_units(monthly(row))
            span = Span(since, until, row.product_code, row.currency, native, fixed(native, row.currency))
            found.setdefault(row.organization, []).append(span)
        return found
