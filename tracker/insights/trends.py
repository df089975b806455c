"""The answer to a description: a line for each series and value of the breakdown, and the formula over them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from tracker.insights import answering, asking, daily, places, ranges, running, statement, strips, wording
from tracker.insights import formula as formulas
from tracker.insights.asking import Asked
from tracker.insights.description import Description, Math, Of, letter
from tracker.insights.expressions import Writer

NUMBERS_WITHOUT_ZERO = frozenset({Math.AVG, Math.MIN, Math.MAX, Math.MEDIAN, Math.P90, Math.P95, Math.P99})
LARGEST = Decimal("1e300")
EVERYBODY_ELSE = "Everybody else"
REST = {places.OTHER: ("other", "Other"), places.NONE: ("none", "None")}
Number = Decimal | None
# The place of what a number is about, and the value that stands there.
Key = tuple[int, str | None]


@dataclass(frozen=True)
class Part:
    """A value of the breakdown: a value, the rest, or those without; `text` is what a label says."""

    kind: str
    text: str


@dataclass(frozen=True)
class Line:
    """Numbers of one series, or of the formula (`series` is None), for one value of the breakdown.

    `data` has a number for each bucket; None where there was nothing to compute one from, like an average of nothing.
    """

    series: int | None
    label: str
    part: Part | None
    data: tuple[Number, ...]
    aggregate: Number


@dataclass(frozen=True)
class Trend:
    """What a description asked for. `formula` is over everything, `formula_parts` by value of the breakdown.

    `from_daily`: for each series whether the daily rows answered it. `counted_at` is when the events it counts had
    been counted; those that came since are not in it.
    """

    description: Description
    since: date
    until: date
    buckets: tuple[date | datetime, ...]
    lines: tuple[Line, ...]
    formula: Line | None
    formula_parts: tuple[Line, ...]
    skipped_values: int
    incomplete_last_bucket: bool
    notes: tuple[str, ...]
    from_daily: tuple[bool, ...]
    previous: "Trend | None" = None


def answer(description: Description, now: datetime, *, query_id: str = "") -> Trend:
    """Ask the database, unless the answer was kept and nothing is new since.

    Raises BadDescription, running.TooSlow, running.Cancelled.
    """
    asked = asking.ask(description, now)
    return answering.answer(
        asked, Trend, lambda run: _computed(asked, run), query_id=query_id, statements=_statements(asked)
    )


def computed(description: Description, now: datetime, *, use_daily: bool = True) -> Trend:
    """The same, asked of the database whatever was kept.

    `use_daily` False reads raw events even where the daily rows suffice; the numbers are the same.
    """
    asked = asking.ask(description, now)
    return answering.computed(asked, lambda run: _computed(asked, run, use_daily), statements=_statements(asked))


def _statements(asked: Asked) -> int:
    each = 2 if strips.among(asked) else 1
    return 2 * each if asked.description.compare else each


def _computed(asked: Asked, run: running.Run, use_daily: bool = True) -> Trend:
    trend = _answer(asked, run, use_daily)
    if asked.description.compare:
        trend = replace(trend, previous=_answer(asking.before(asked), run, use_daily))
    return trend


def _answer(asked: Asked, run: running.Run, use_daily: bool) -> Trend:
    from_daily = tuple(use_daily and daily.suffices(each, asked) for each in asked.description.series)
    shown = _shown(asked, from_daily, run) if strips.among(asked) else None
    writer = Writer(asked.calendar, asked.today, asked.folding)
    found = run.rows(statement.write(asked, from_daily, writer, shown), writer.params)
    return _assembled(asked, found, from_daily)


def _shown(asked: Asked, from_daily: tuple[bool, ...], run: running.Run) -> list[str]:
    writer = Writer(asked.calendar, asked.today, asked.folding)
    return [part for [part] in run.rows(statement.write_shown(asked, from_daily, writer), writer.params)]


def _assembled(asked: Asked, found: list[tuple], from_daily: tuple[bool, ...]) -> Trend:
    numbers: dict[tuple[int, Key, int | None], Decimal] = {}
    keys: set[Key] = set()
    skipped: dict[int, int] = {}
    for series, bucket, place, number, left_out, shown in found:
        key = (place, shown)
        numbers[series, key, bucket] = number
        keys.add(key)
        if bucket is None and (place != places.WHOLE or asked.description.breakdown is None):
            skipped[series] = skipped.get(series, 0) + int(left_out or 0)
    table = Table(asked, numbers)
    whole = (places.WHOLE, None)
    parts = sorted(each for each in keys if each != whole)
    series = range(len(asked.description.series))
    shown = parts if asked.description.breakdown else [whole]
    return Trend(
        description=asked.description,
        since=asked.days.since,
        until=asked.days.until,
        buckets=asked.buckets.labels if asked.buckets else (),
        lines=tuple(table.line(place, key) for place in series for key in shown),
        formula=table.formula(whole) if asked.description.formula else None,
        formula_parts=tuple(table.formula(key) for key in parts) if asked.description.formula else (),
        skipped_values=sum(skipped.values()),
        incomplete_last_bucket=is_running(asked),
        notes=tuple(notes(asked, from_daily)),
        from_daily=from_daily,
    )


@dataclass(frozen=True)
class Table:
    """The numbers of an answer by series, value and bucket, read as lines."""

    asked: Asked
    numbers: Mapping[tuple[int, Key, int | None], Decimal]

    def line(self, place: int, key: Key) -> Line:
        series = self.asked.description.series[place]
        data = tuple(self.number(place, key, bucket) for bucket in range(len(self.asked.buckets or ())))
        names = {feature.pk: feature.name for feature in self.asked.features.values()}
        return Line(place, wording.label(series, names), part_of(key, self.asked), data, self.number(place, key, None))

    def number(self, place: int, key: Key, bucket: int | None) -> Number:
        found = self.numbers.get((place, key, bucket))
        if found is None:
            has_zero = self.asked.description.series[place].math not in NUMBERS_WITHOUT_ZERO
            return Decimal(0) if has_zero else None
        return showable(found)

    def formula(self, key: Key) -> Line:
        description = self.asked.description
        read = formulas.read(description.formula, description.letters())
        places = {letter(place): place for place in range(len(description.series))}

        def value(bucket: int | None) -> Number:
            return showable(read.value({name: self.number(places[name], key, bucket) for name in read.letters}))

        data = tuple(value(bucket) for bucket in range(len(self.asked.buckets or ())))
        return Line(None, description.formula, part_of(key, self.asked), data, value(None))


def showable(number: Decimal) -> Number:
    """None for what no reader of JSON could take as a number."""
    return number if number.is_finite() and abs(number) < LARGEST else None


def part_of(key: Key, asked: Asked) -> Part | None:
    place, text = key
    if place == places.WHOLE:
        return None
    if place in REST:
        return Part(*REST[place])
    breakdown = asked.description.breakdown
    if breakdown and breakdown.of == Of.COHORT:
        text = f"In “{asked.cohorts[int(breakdown.name)]}”" if text == "true" else EVERYBODY_ELSE
    return Part("value", text or "")


def is_running(asked: Asked) -> bool:
    return asked.buckets is not None and ranges.is_running(asked.buckets, asked.days, asked.now, asked.calendar.zone)


def notes(asked: Asked, from_daily: Iterable[bool]) -> list[str]:
    """What a reader must know to read the numbers right."""
    raw = [each for each, is_daily in zip(asked.description.series, from_daily, strict=True) if not is_daily]
    if asked.raw_since is None or not raw:
        return []
    day = asked.raw_since.astimezone(asked.calendar.zone).date()
    said = f"Events before {day} are no longer kept one by one"
    if asked.since < asked.raw_since:
        return [f"{said}; this answer begins there."]
    if any(each.math == Math.FIRST_TIME for each in raw):
        return [f"{said}; what came first is looked for from there."]
    return []
