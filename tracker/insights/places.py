"""The values of a breakdown that are shown, and the place of each: a number that is grouped by in place of a text."""

from collections.abc import Sequence

from psycopg import sql

from tracker.insights.expressions import Writer

MOST_PARTS = 25
# Places of what a number is about: everything, the values that are shown by rank, the rest, those without a value.
WHOLE, OTHER, NONE = 0, MOST_PARTS + 1, MOST_PARTS + 2

# A number in the place of the value: what is grouped by it next is many rows.
PLACE = "COALESCE(top.place, CASE WHEN {part} IS NULL THEN {none} ELSE {other} END)"
TOP = """SELECT part, (row_number() OVER (ORDER BY sum(n) DESC, part COLLATE "C"))::int AS place
    FROM ({all_cells}) AS every WHERE part IS NOT NULL
    GROUP BY part ORDER BY sum(n) DESC, part COLLATE "C" LIMIT {most}"""
GIVEN = "SELECT part, place::int AS place FROM unnest({values}) WITH ORDINALITY AS given (part, place)"


def top(counts: Sequence[sql.Composable]) -> sql.Composable:
    """The values with the most events by their rank; each of `counts` says of values how many events (n) they had."""
    return sql.SQL(TOP).format(all_cells=sql.SQL(" UNION ALL ").join(counts), most=sql.Literal(MOST_PARTS))


def given(shown: Sequence[str], writer: Writer) -> sql.Composable:
    """The same rows where the values are known, in their order."""
    return sql.SQL(GIVEN).format(values=writer.bind(list(shown), "text[]"))


def place_of(part: sql.Composable) -> sql.Composable:
    """The place of a value beside the row of `top` that it was joined with."""
    return sql.SQL(PLACE).format(part=part, none=sql.Literal(NONE), other=sql.Literal(OTHER))
