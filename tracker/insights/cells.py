"""What each math needs of the events it matches: cells, small groups that answer for a bucket and for the whole range.

A cell is (bucket, part, entity, …, n): `part` is the value of the breakdown, `entity` what must not be counted twice
when cells are joined, `n` the number of events. So an organization active on ten days is ten cells and one
organization. Where entities are only counted, each has a single cell that says as bits in which buckets it was: the
events are grouped once. Two sources write the same cells: `raw` from events, `daily` from the daily rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from tracker.insights.description import NUMERIC, PER_ORGANIZATION, PERCENTILES, Math, Of, Series

ENTITIES = {
    Math.UNIQUE_ORGANIZATIONS: "organization",
    Math.UNIQUE_USERS: "user",
    Math.UNIQUE_SESSIONS: "session",
    Math.UNIQUE_VALUES: "value",
    Math.FIRST_TIME: "organization",
    **dict.fromkeys(PER_ORGANIZATION, "organization"),
}

SPREAD = frozenset({Math.UNIQUE_ORGANIZATIONS, Math.UNIQUE_USERS, Math.UNIQUE_SESSIONS, Math.UNIQUE_VALUES})
BITS_OF_A_WORD, MOST_WORDS = 63, 2


@dataclass(frozen=True)
class Shape:
    """How the cells of a series are joined: by which entity, and which aggregate over the joined rows is the answer.

    `number`: what is kept of the numbers of a cell: nothing, their sum, their extreme, or each of them. Without an
    entity each is a key of the cells: the same number of a thousand events is one row.
    """

    entity: str
    number: str
    aggregate: sql.SQL


def shape(series: Series) -> Shape:
    if series.math not in NUMERIC:
        return Shape(ENTITIES.get(series.math, ""), "", _counted(series.math))
    if series.property and series.property.of == Of.ORGANIZATION:
        return Shape("organization", "each", _numbers(series.math))
    if series.math in PERCENTILES:
        return Shape("", "each", _numbers(series.math))
    merged = {
        Math.SUM: ("sum", "sum(number)"),
        Math.AVG: ("sum", "sum(number) / NULLIF(sum(numbers), 0)"),
        Math.MIN: ("min", "min(number)"),
        Math.MAX: ("max", "max(number)"),
    }
    kept, aggregate = merged[series.math]
    return Shape("", kept, sql.SQL(aggregate))


def _counted(math: Math) -> sql.SQL:
    by_organization = {
        Math.TOTAL: "sum(n)",
        Math.AVG_PER_ORGANIZATION: "avg(n)",
        Math.MEDIAN_PER_ORGANIZATION: "percentile_cont(0.5) WITHIN GROUP (ORDER BY n)",
        Math.MAX_PER_ORGANIZATION: "max(n)",
    }
    return sql.SQL(by_organization.get(math, "count(entity)"))


def _numbers(math: Math) -> sql.SQL:
    """Over rows that carry one number each."""
    if math in PERCENTILES:
        return sql.SQL(f"percentile_cont({PERCENTILES[math]}) WITHIN GROUP (ORDER BY number)")
    return sql.SQL(f"{math}(number)")


def is_spread(series: Series, buckets: int) -> bool:
    """Whether an entity has a single cell, however many buckets it was in."""
    return series.math in SPREAD and buckets <= BITS_OF_A_WORD * MOST_WORDS


def words(series: Series, buckets: int) -> list[str]:
    """The columns that hold the buckets of an entity as bits; none where each of its buckets is a cell."""
    if not is_spread(series, buckets):
        return []
    return [f"bits_{place}" for place in range(-(-buckets // BITS_OF_A_WORD))]


def bit(place: int, bucket: sql.Composable) -> sql.Composable:
    """The bit of a bucket in the word of this place."""
    return sql.SQL("CASE WHEN {bucket} / {size} = {place} THEN 1::bigint << mod({bucket}, {size}) ELSE 0 END").format(
        bucket=bucket, size=sql.Literal(BITS_OF_A_WORD), place=sql.Literal(place)
    )


def spread(columns: Sequence[str], bucket: sql.Composable) -> list[sql.Composable]:
    """These columns as aggregates over the rows of an entity."""
    return [
        sql.SQL("bit_or({}) AS {}").format(bit(place, bucket), sql.Identifier(column))
        for place, column in enumerate(columns)
    ]
