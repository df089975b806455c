"""Filters as SQL conditions. Every positive one is false for a missing value, every negative one is its exact opposite.

Each condition is true or false, never null, so that a NOT in front of it and an OR around it mean what they say.
"""

from decimal import Decimal

from psycopg import sql

from tracker.insights import ranges
from tracker.insights.description import Filter, Group, Operator
from tracker.insights.expressions import Writer
from tracker.insights.folding import PAGE

NEGATIVE = {
    Operator.IS_NOT: Operator.EXACT,
    Operator.NOT_ICONTAINS: Operator.ICONTAINS,
    Operator.NOT_REGEX: Operator.REGEX,
    Operator.IS_NOT_SET: Operator.IS_SET,
    Operator.NOT_IN_COHORT: Operator.IN_COHORT,
}
SIGNS = {Operator.GT: ">", Operator.GTE: ">=", Operator.LT: "<", Operator.LTE: "<="}
DATE_TEXT = "^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]|$)"


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
    """Whether the event is of that page."""
    return condition(Filter(PAGE, Operator.EXACT, (name,)), writer)


def _comparison(operator: Operator, given: Filter, writer: Writer) -> sql.Composable:
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
    """Equal as text, or equal as numbers: 30, 30.0 and "30" are the same."""
    texts = [str(each) for each in given.values]
    same = [sql.SQL("{} = ANY({})").format(writer.text(given.property), writer.bind(texts, "text[]"))]
    numbers = [Decimal(str(each)) for each in given.values if not isinstance(each, str)]
    if numbers:
        same.append(
            sql.SQL("COALESCE({} = ANY({}), false)").format(
                writer.number(given.property), writer.bind(numbers, "numeric[]")
            )
        )
    return joined(same, any_of=True)


def _date(operator: Operator, given: Filter, writer: Writer, text: sql.Composable) -> sql.Composable:
    """By the day that the text begins with; days written year first compare like text."""
    day = ranges.day(str(given.values[0]), writer.today, writer.calendar.week_start)
    sign = "<" if operator == Operator.IS_DATE_BEFORE else ">"
    return sql.SQL('{text} ~ {pattern} AND left({text}, 10) COLLATE "C" ' + sign + " {day}").format(
        text=text, pattern=sql.Literal(DATE_TEXT), day=writer.bind(day.isoformat())
    )
