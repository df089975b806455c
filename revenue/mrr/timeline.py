"""An organization's rows cut at their change points, and the filling of short gaps (R2, R5, R6, R13)."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from revenue.fx import Converter

HALF_A_UNIT = Fraction(1, 2)
NOTHING = Fraction(0)


class Span(NamedTuple):
    """One counted row on [since, until) in ordinals; `native` and `fixed` in units of 0.0001.

    `fixed` is the value in the reporting currency when no rate moves it, else None.
    """

    since: int
    until: int
    product_code: str
    currency: str
    native: int
    fixed: int | None


class Segment(NamedTuple):
    """Days [since, until) on which the same rows are active and the organization pays on all days or none.

    `fixed` is the organization's MRR in units when no rate moves it, else None.
    """

    since: int
    until: int
    spans: tuple[Span, ...]
    fixed: int | None
    paying: bool


def build_segments(spans: list[Span], converter: Converter, grace: int) -> list[Segment]:
    """Segments of one organization, ascending; days without any row have none."""
    segments = [segment for since, until, active in _cut(spans) for segment in _settle(since, until, active, converter)]
    return _fill_gaps(segments, converter, grace) if grace > 0 else segments


def _cut(spans: list[Span]) -> Iterator[tuple[int, int, tuple[Span, ...]]]:
    """Sweep over starts and ends: every stretch with the rows active in it, empty stretches left out."""
    if len(spans) == 1:
        yield spans[0].since, spans[0].until, (spans[0],)
        return
    starts: dict[int, list[int]] = {}
    ends: dict[int, list[int]] = {}
    for index, span in enumerate(spans):
        starts.setdefault(span.since, []).append(index)
        ends.setdefault(span.until, []).append(index)
    points = sorted(starts.keys() | ends.keys())
    active: dict[int, Span] = {}
    for since, until in pairwise(points):
        for index in ends.get(since, ()):
            del active[index]
        for index in starts.get(since, ()):
            active[index] = spans[index]
        if active:
            yield since, until, tuple(active.values())


def _settle(since: int, until: int, spans: tuple[Span, ...], converter: Converter) -> Iterator[Segment]:
    """One segment, or several where the rates decide whether the organization pays at all."""
    if all(span.fixed is not None for span in spans):
        total = max(sum(span.fixed or 0 for span in spans), 0)
        yield Segment(since, until, spans, total, total > 0)
        return
    lowest, highest = _bounds(spans, converter)
    if lowest > 0:
        yield Segment(since, until, spans, None, True)
    elif highest <= 0:
        yield Segment(since, until, spans, 0, False)
    else:
        yield from _settle_by_rate(since, until, spans, converter)


def _settle_by_rate(since: int, until: int, spans: tuple[Span, ...], converter: Converter) -> Iterator[Segment]:
    changes: set[int] = set()
    for currency in {span.currency for span in spans if span.fixed is None}:
        changes |= converter.change_days(currency, since, until)
    begins, paying = since, _pays(spans, since, converter)
    for day in sorted(changes):
        if _pays(spans, day, converter) != paying:
            yield Segment(begins, day, spans, None if paying else 0, paying)
            begins, paying = day, not paying
    yield Segment(begins, until, spans, None if paying else 0, paying)


def _pays(spans: tuple[Span, ...], day: int, converter: Converter) -> bool:
    total = 0
    for span in spans:
        fixed = span.fixed
        total += converter.convert(span.native, span.currency, day) if fixed is None else fixed
    return total > 0


def _bounds(spans: Iterable[Span], converter: Converter) -> tuple[Fraction, Fraction]:
    """Between these two lies the sum on every day, each row's rounding included; in units."""
    lowest = highest = NOTHING
    for span in spans:
        if span.fixed is not None:
            lowest += span.fixed
            highest += span.fixed
            continue
        if span.native == 0:
            continue
        low, high = converter.factor_bounds(span.currency)
        if span.native > 0:
            lowest += max(span.native * low - HALF_A_UNIT, NOTHING)
            highest += span.native * high + HALF_A_UNIT
        else:
            lowest += span.native * high - HALF_A_UNIT
            highest += min(span.native * low + HALF_A_UNIT, NOTHING)
    return lowest, highest


def _fill_gaps(segments: list[Segment], converter: Converter, grace: int) -> list[Segment]:
    """R13: a closed gap of at most `grace` days takes the rows of the last paying day, instead of its own.

    The horizon of the book ends at `as_of`, so a gap closed only by a future start stays open (R9).
    """
    filled: list[Segment] = []
    last_paying: Segment | None = None
    gap: list[Segment] = []
    for segment in segments:
        if not segment.paying:
            gap.append(segment)
            continue
        if last_paying is not None and 0 < segment.since - last_paying.until <= grace:
            filled.extend(_settle(last_paying.until, segment.since, last_paying.spans, converter))
        else:
            filled.extend(gap)
        gap = []
        filled.append(segment)
        last_paying = segment
    return filled + gap
