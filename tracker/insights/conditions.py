"""Filters as SQL conditions. Every positive one is false for a missing value, every negative one is its exact opposite.

Each condition is true or false, never null, so that a NOT in front of it and an OR around it mean what they say.
"""

from dataclasses import replace
from decimal import Decimal

from psycopg import sql

from orgs.cohorts import comparing
from tracker import paths
from tracker.insights import ranges
from tracker.insights.description import Filter, Group, Operator
from tracker.insights.expressions import Writer
from tracker.insights.folding import ADDRESS, PAGE

NEGATIVE = {
    Operator.IS_NOT: Operator.EXACT,
    Operator.NOT_ICONTAINS: Operator.ICONTAINS,
    Operator.NOT_REGEX: Operator.REGEX,
    Operator.IS_NOT_SET: Operator.IS_SET,
    Operator.NOT_IN_COHORT: Operator.IN_COHORT,
}
# What a path fulfils with its ids folded or as it was sent.
EITHER_WAY = frozenset({Operator.EXACT, Operator.ICONTAINS, Operator.REGEX})
SIGNS = {Operator.GT: ">", Operator.GTE: ">=", Operator.LT: "<", Operator.LTE: "<="}
# The day of a moment that names its zone; of the first of its month first, since a month may lack the day.
DAY_OF_MOMENT = (
    "((overlay({text} PLACING '01' FROM 9 FOR 2)::timestamptz + make_interval(days => substr({text}, 9, 2)::int - 1)) "
    "AT TIME ZONE {zone})::date::text"
)
DAY = (
    "(CASE WHEN {text} ~ {moment_pattern} THEN " + DAY_OF_MOMENT + " "
    "WHEN {text} ~ {day_pattern} THEN left({text}, 10) END)"
)


def group(given: Group, writer: Writer) -> sql.Composable:
    """All or any of the filters in it; an empty group lets everything pass."""
    parts = [group(each, writer) if isinstance(each, Group) else condition(each, writer) for each in given.filters]
    return joined(parts, any_of=given.any)


def joined(parts: list[sql.Composable], *, any_of: bool = False) -> sql.Composable:
    if not parts:
        return sql.SQL("true")
    return sql.SQL("({})").format(sql.SQL(" OR " if any_of else " AND ").join(parts))


def condition(given: Filter, writer: Writer) -> sql.Composable:
    """One filter."""
    if given.operator in NEGATIVE:
        return sql.SQL("NOT {}").format(_positive(NEGATIVE[given.operator], given, writer))
    return _positive(given.operator, given, writer)


def _positive(operator: Operator, given: Filter, writer: Writer) -> sql.Composable:
    if operator == Operator.IN_COHORT:
        return joined([writer.member(int(each)) for each in given.values], any_of=True)
    if operator == Operator.IS_SET:
        return sql.SQL("({} IS NOT NULL)").format(writer.text(given.property))
    return sql.SQL("COALESCE({}, false)").format(_comparison(operator, given, writer))


def page(name: str, writer: Writer) -> sql.Composable:
    """Whether the event is of that page; one that is named with its ids is the path as it was sent."""
    is_page = paths.fold(name) == name
    return _among(writer.text(PAGE if is_page else ADDRESS), writer.bind([name], "text[]"))


def _comparison(operator: Operator, given: Filter, writer: Writer) -> sql.Composable:
    if given.property == PAGE and operator in EITHER_WAY:
        as_sent = replace(given, property=ADDRESS)
        return joined([_of_value(operator, each, writer) for each in (given, as_sent)], any_of=True)
    return _of_value(operator, given, writer)


def _of_value(operator: Operator, given: Filter, writer: Writer) -> sql.Composable:
    if operator == Operator.EXACT:
        return _exact(given, writer)
    if operator in SIGNS:
        number = writer.number(given.property)
        return sql.SQL("{} " + SIGNS[operator] + " {}").format(number, writer.bind(given.values[0], "numeric"))
    text = writer.text(given.property)
    if operator == Operator.ICONTAINS:
        return sql.SQL("strpos(lower({}), lower({})) > 0").format(text, writer.bind(given.values[0]))
    if operator == Operator.REGEX:
        return sql.SQL("{} ~ {}").format(text, writer.bind(given.values[0]))
    return _date(operator, given, writer, text)


def _exact(given: Filter, writer: Writer) -> sql.Composable:
    """Equal as text, or equal as numbers: 30, 30.0 and "30" are the same. Text that is asked for is a number to numbers
    alone: "30" is not " 30 "."""
    texts = [each for each in given.values if isinstance(each, str)]
    numbers = [Decimal(str(each)) for each in given.values if not isinstance(each, str)]
    said = [found for each in texts if (found := comparing.number(each)) is not None]
    same = [_among(writer.text(given.property), writer.bind([str(each) for each in given.values], "text[]"))]
    if numbers:
        same.append(_among(writer.number(given.property), writer.bind(numbers, "numeric[]")))
    if said and (number := writer.stored_number(given.property)) is not None:
        same.append(_among(number, writer.bind(said, "numeric[]")))
    return joined(same, any_of=True)


def _among(value: sql.Composable, values: sql.Composable) -> sql.Composable:
    return sql.SQL("COALESCE({} = ANY({}), false)").format(value, values)


def _date(operator: Operator, given: Filter, writer: Writer, text: sql.Composable) -> sql.Composable:
    """By day: the one that is written, or of a moment with its zone the one that it was in the reporting zone. Days
    written year first compare like text."""
    day = ranges.day(str(given.values[0]), writer.today, writer.calendar.week_start)
    said = sql.SQL(DAY).format(
        text=text,
        moment_pattern=sql.Literal(comparing.MOMENT),
        day_pattern=sql.Literal(comparing.DAY),
        zone=writer.bind(writer.calendar.zone.key),
    )
    sign = "<" if operator == Operator.IS_DATE_BEFORE else ">"
    return sql.SQL('{} COLLATE "C" ' + sign + " {}").format(said, writer.bind(day.isoformat()))
