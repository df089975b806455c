"""An answer in the shape that pages show: the finding in words, chart data, table rows, rows of an export. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from config.backoffice import formatting
from orgs.models import Band, Quadrant
from tracker.insights import wording
from tracker.insights.description import Current, Description, Display, Interval, Math, Of, Property, letter
from tracker.insights.trends import EVERYBODY_ELSE, NUMBERS_WITHOUT_ZERO, Line, Trend

COLOURS = ("usage", "series-2", "series-3", "series-4", "series-5", "series-6", "series-7", "series-8")
MOST_DRAWN = len(COLOURS)
MOST_SLICES = 5
ADDITIVE = frozenset({Math.TOTAL, Math.SUM})
NAMED = {"band": dict(Band.choices), "quadrant": dict(Quadrant.choices)}
OF_ORGANIZATIONS = (
    "Current values are those of organizations with such an event in this time, each once; whoever had none is left "
    "out, with what it pays."
)
MRR = Property(Current.MRR, Of.ORGANIZATION)
LABELS = {Interval.HOUR: "%-d %b %H:%M", Interval.DAY: "%-d %b", Interval.WEEK: "%-d %b", Interval.MONTH: "%b %Y"}


@dataclass(frozen=True)
class Row:
    """One line of the table; `before` and `change` are dashes without a period before."""

    label: str
    part: str
    value: str
    before: str
    change: str


@dataclass(frozen=True)
class Beside:
    """Series side by side: a column each, and one for the formula; a row a value of the breakdown."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


@dataclass(frozen=True)
class Picture:
    """`display` is what is really drawn: a pie of things that must not be added becomes bars, with a note.

    `numbers` are the rows as a number is shown: the formula first, then what it is made of.
    """

    finding: str
    measure: str
    period: str
    display: str
    chart: dict[str, Any] | None
    rows: tuple[Row, ...]
    numbers: tuple[Row, ...]
    beside: Beside | None
    has_formula: bool
    has_series: bool
    has_parts: bool
    has_before: bool
    notes: tuple[str, ...]
    is_empty: bool


def picture(given: Trend, currency: str = "", cohorts: Mapping[int, str] = wording.NO_NAMES) -> Picture:
    """`currency` is what MRR is in; `cohorts` are names by id."""
    trend = told(given, cohorts)
    lines = drawn(trend)
    display, notes = displayed(trend)
    return Picture(
        finding=finding(trend, cohorts),
        measure=measure(trend),
        period=period(trend),
        display=display,
        chart=chart(trend, lines, display),
        rows=tuple(row(trend, each) for each in listed(trend)),
        numbers=tuple(row(trend, each) for each in sorted(listed(trend), key=lambda line: line.series is not None)),
        beside=beside(trend),
        has_formula=trend.formula is not None,
        has_series=several(trend) or trend.formula is not None or trend.description.breakdown is None,
        has_parts=trend.description.breakdown is not None,
        has_before=trend.previous is not None,
        notes=(*notes, *more_notes(trend, lines, currency, display)),
        is_empty=all(not each.aggregate for each in trend.lines),
    )


def told(trend: Trend, cohorts: Mapping[int, str]) -> Trend:
    """The same with the conditions of each series in its label, unless somebody gave it one."""

    def label(line: Line) -> Line:
        series = trend.description.series[line.series or 0]
        return line if series.label else replace(line, label=f"{line.label}{wording.where(series, cohorts)}")

    lines = tuple(label(each) for each in trend.lines)
    return replace(trend, lines=lines, previous=trend.previous and told(trend.previous, cohorts))


def several(trend: Trend) -> bool:
    return len(trend.description.series) > 1


def drawn(trend: Trend) -> tuple[Line, ...]:
    """The lines of the chart: the formula where there is one, else the series."""
    if trend.formula is None:
        return ranked(trend.lines)
    return ranked(trend.formula_parts) or (trend.formula,)


def listed(trend: Trend) -> tuple[Line, ...]:
    """The lines of the table: the series, and the formula over them."""
    formula = (trend.formula, *ranked(trend.formula_parts)) if trend.formula else ()
    return (*ranked(trend.lines), *formula)


def ranked(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Series by series; within one the largest value first, then the rest and those without."""

    def place(line: Line) -> tuple:
        is_rest = line.part is not None and line.part.kind != "value"
        return line.series or 0, is_rest, -(line.aggregate or Decimal(0)) if line.part and not is_rest else 0

    return tuple(sorted(lines, key=place))


def displayed(trend: Trend) -> tuple[Display, tuple[str, ...]]:
    chosen = trend.description.display
    if chosen == Display.PIE and not adds_up(trend.description):
        return Display.BAR, ("Shown as bars: an organization in two slices would count twice in a pie.",)
    if chosen == Display.LINE and not trend.buckets:
        return (Display.TABLE if beside(trend) else Display.BAR), ()
    return chosen, ()


def adds_up(description: Description) -> bool:
    """Whether the slices of a pie are parts of a whole: an organization has one current plan, but may use two."""
    breakdown = description.breakdown
    one_each = {Math.UNIQUE_ORGANIZATIONS} if breakdown and breakdown.of == Of.ORGANIZATION else set()
    return not description.formula and all(each.math in ADDITIVE | one_each for each in description.series)


def more_notes(trend: Trend, lines: tuple[Line, ...], currency: str, display: Display) -> Iterator[str]:
    counted = [each.property for each in trend.description.series if each.property]
    owned = [each for each in counted if each.of == Of.ORGANIZATION]
    if owned:
        yield OF_ORGANIZATIONS + (f" MRR is in {currency}." if currency and MRR in owned else "")
    if trend.skipped_values:
        yield f"{formatting.plural(trend.skipped_values, 'value')} skipped: missing, or not a number."
    if len(lines) > MOST_DRAWN:
        yield f"The chart shows the first {MOST_DRAWN} of {len(lines)} lines, the table all."
    if trend.incomplete_last_bucket and display not in (Display.NUMBER, Display.TABLE):
        yield "The last interval is not over yet."
    yield from trend.notes


# --- Words -------------------------------------------------------------------------------------------------
def finding(trend: Trend, cohorts: Mapping[int, str]) -> str:
    """What the answer says, in one sentence, from the numbers of the page."""
    conditions = wording.group(trend.description.filters, cohorts)
    when = f"{f', only where {conditions}' if conditions else ''}, {period(trend)}"
    whole = [trend.formula] if trend.formula else [each for each in trend.lines if each.part is None]
    if not whole:
        return f"{against(trend) if is_of_cohort(trend) and trend.lines else leading(trend)}{when}"
    names = [measure(trend) if trend.formula else each.label for each in whole]
    said = "; ".join(f"{name}: {shown(each.aggregate)}" for name, each in zip(names, whole, strict=True)) + when
    before = before_of(trend, whole[0]) if len(whole) == 1 else None
    if before is not None:
        said += f"; {shown(before.aggregate)} in the period before ({change(whole[0], before)})"
    return said


def is_of_cohort(trend: Trend) -> bool:
    breakdown = trend.description.breakdown
    return breakdown is not None and breakdown.of == Of.COHORT


def against(trend: Trend) -> str:
    """A cohort beside everybody else, series by series."""
    said = []
    for place, series in enumerate(trend.description.series):
        found = {is_rest(each): each for each in trend.lines if each.series == place}
        none = formatting.DASH if series.math in NUMBERS_WITHOUT_ZERO else "0"
        inside, outside = (shown(found[each].aggregate) if each in found else none for each in (False, True))
        said.append(f"{next(iter(found.values())).label}: {inside} in the cohort, {outside} for everybody else")
    return "; ".join(said)


def is_rest(line: Line) -> bool:
    return line.part is not None and line.part.text == EVERYBODY_ELSE


def leading(trend: Trend) -> str:
    """Of a breakdown, the value that is ahead."""
    if not trend.lines:
        return f"{measure(trend)}: none"
    first = ranked(trend.lines)[0]
    others = len({each.part for each in trend.lines}) - 1
    ahead = f"{measure(trend)}: {part_words(trend, first)} leads with {shown(first.aggregate)}"
    return f"{ahead}, before {formatting.plural(others, 'other')}" if others else ahead


def measure(trend: Trend) -> str:
    """What is drawn, in words: the series, or the formula and what its letters are."""
    known = {each.series: each.label for each in trend.lines}
    said = [known.get(place) or wording.label(each) for place, each in enumerate(trend.description.series)]
    if trend.formula is None:
        return ", ".join(said)
    return f"{trend.description.formula} ({'; '.join(f'{letter(n)} is {each}' for n, each in enumerate(said))})"


def part_words(trend: Trend, line: Line) -> str:
    """The value of the breakdown as pages call it."""
    if line.part is None:
        return ""
    asked = trend.description.breakdown
    known = NAMED.get(asked.name, {}) if asked and asked.of == Of.ORGANIZATION else {}
    return known.get(line.part.text, line.part.text) if line.part.kind == "value" else line.part.text


def words(trend: Trend, line: Line) -> str:
    """What the line is, for legends and tables."""
    is_one_of_several = line.series is not None and several(trend)
    return f"{letter(line.series or 0)} · {line.label}" if is_one_of_several else line.label


def legend(trend: Trend, line: Line) -> str:
    """Short: the value of the breakdown says more than the series."""
    if line.part is None:
        return words(trend, line)
    name = part_words(trend, line)
    return f"{letter(line.series or 0)} · {name}" if trend.formula is None and several(trend) else name


def period(trend: Trend) -> str:
    last = trend.until - timedelta(days=1)
    return f"{day(trend.since)}" if last == trend.since else f"{day(trend.since)} to {day(last)}"


def day(when: date) -> str:
    return f"{when.day} {when:%b %Y}"


def shown(value: Decimal | None) -> str:
    """Whole numbers without decimals, others with two."""
    if value is None:
        return formatting.DASH
    return formatting.number(value, 0 if value == value.to_integral_value() else 2)


# --- Tables ------------------------------------------------------------------------------------------------
def row(trend: Trend, line: Line) -> Row:
    before = before_of(trend, line)
    return Row(
        label=words(trend, line),
        part=part_words(trend, line),
        value=shown(line.aggregate),
        before=shown(before.aggregate) if before else formatting.DASH,
        change=change(line, before),
    )


def beside(trend: Trend) -> Beside | None:
    """What a breakdown of several series is read by; None where there is one series or none, or a period before."""
    if trend.description.breakdown is None or trend.previous or not (several(trend) or trend.formula):
        return None
    lines = (*ranked(trend.lines), *trend.formula_parts)
    if is_of_cohort(trend):
        lines = tuple(sorted(lines, key=is_rest))
    values = {(each.series, each.part): shown(each.aggregate) for each in lines}
    places = sorted({each.series for each in lines}, key=lambda place: (place is None, place))
    names = {each.series: words(trend, each) for each in lines}
    parts = {each.part: part_words(trend, each) for each in lines}
    return Beside(
        tuple(names[place] for place in places),
        tuple((name, tuple((names[place], values[place, part]) for place in places)) for part, name in parts.items()),
    )


def before_of(trend: Trend, line: Line) -> Line | None:
    """The same line in the period before."""
    if trend.previous is None:
        return None
    same = (each for each in listed(trend.previous) if (each.series, each.part) == (line.series, line.part))
    return next(same, None)


def change(line: Line, before: Line | None) -> str:
    if before is None or not before.aggregate or line.aggregate is None:
        return formatting.DASH
    return formatting.change((line.aggregate - before.aggregate) / before.aggregate)


# --- Charts ------------------------------------------------------------------------------------------------
def chart(trend: Trend, lines: tuple[Line, ...], display: Display) -> dict[str, Any] | None:
    """In the form the chart partial reads; None for a number or a table alone."""
    if display in (Display.NUMBER, Display.TABLE) or not lines:
        return None
    if display == Display.PIE:
        return pie(trend, lines)
    return over_time(trend, lines, display) if trend.buckets else side_by_side(trend, lines)


def over_time(trend: Trend, lines: tuple[Line, ...], display: Display) -> dict[str, Any]:
    kind = "bar" if display == Display.BAR else "line"
    series = [
        {"label": legend(trend, each), "kind": kind, "colour": COLOURS[place], "data": [plain(n) for n in each.data]}
        for place, each in enumerate(lines[:MOST_DRAWN])
    ]
    before = before_of(trend, lines[0])
    if before and len(lines) == 1:
        earlier = [plain(n) for n in before.data][: len(trend.buckets)]
        series.append({"label": "Period before", "kind": "line", "colour": "previous", "data": earlier})
    stacked = kind == "bar" and trend.description.breakdown is not None
    for each in series if stacked else ():
        each["stack"] = "parts"
    return {
        "labels": [label(each, trend.description.interval) for each in trend.buckets],
        "series": series,
        "stacked": stacked,
        "incomplete_last": trend.incomplete_last_bucket,
    }


def side_by_side(trend: Trend, lines: tuple[Line, ...]) -> dict[str, Any]:
    """A bar a line, over the whole range."""
    data = [plain(each.aggregate) for each in lines]
    series = [{"label": "Whole range", "kind": "bar", "colour": "usage", "data": data}]
    return {"labels": [legend(trend, each) for each in lines], "series": series, "incomplete_last": False}


def pie(trend: Trend, lines: tuple[Line, ...]) -> dict[str, Any]:
    """The largest slices; the others are one, which only things that add up may be."""
    found = sorted((each for each in lines if each.aggregate and each.aggregate > 0), key=largest_first)
    head, rest = (found, []) if len(found) <= MOST_SLICES + 1 else (found[:MOST_SLICES], found[MOST_SLICES:])
    slices = [(legend(trend, each), plain(each.aggregate)) for each in head]
    if rest:
        slices.append((f"{len(rest)} others", plain(sum((each.aggregate or Decimal(0) for each in rest), Decimal(0)))))
    data = [number for _, number in slices]
    return {
        "pie": True,
        "labels": [name for name, _ in slices],
        "series": [{"label": "Whole range", "kind": "pie", "colours": list(COLOURS[: len(slices)]), "data": data}],
        "incomplete_last": False,
    }


def largest_first(line: Line) -> Decimal:
    return -(line.aggregate or Decimal(0))


def label(bucket: date | datetime, interval: Interval | None) -> str:
    return f"{bucket:{LABELS[interval or Interval.DAY]}}"


def plain(value: Decimal | None) -> float | None:
    return None if value is None else round(float(value), 4)


# --- Export ------------------------------------------------------------------------------------------------
EXPORTED = ("series", "breakdown", "bucket", "value")


def exported(given: Trend, cohorts: Mapping[int, str] = wording.NO_NAMES) -> Iterator[tuple[Any, ...]]:
    """A row for each line and bucket; an empty bucket is the whole range."""
    trend = told(given, cohorts)
    for line in listed(trend):
        name, part = words(trend, line), line.part.text if line.part else ""
        yield name, part, "", line.aggregate
        for bucket, value in zip(trend.buckets, line.data, strict=True):
            yield name, part, bucket.isoformat(), value
