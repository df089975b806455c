"""One statement for a whole insight: the cells of every series, the values that are shown, and the answers per level.

The breakdown shows the values with the most matching events, counted over all series in the range; the rest is one
value, “Other”, computed from the cells of all that it stands for, so that an organization in two of them counts once.
"""

from collections.abc import Sequence

from psycopg import sql

from tracker.insights import cells, daily, raw
from tracker.insights.asking import Asked
from tracker.insights.description import NUMERIC, Of, Series
from tracker.insights.expressions import Writer

MOST_PARTS = 25
VALUE, OTHER, NONE, WHOLE = 0, 1, 2, 3

PLACED = """{placed} AS (
    SELECT cells.*, CASE WHEN cells.part IS NULL THEN 2 WHEN top.part IS NULL THEN 1 ELSE 0 END AS kind,
           top.part AS shown, top.rank
    FROM {cells} AS cells LEFT JOIN top ON top.part = cells.part
)"""
TOP = """top AS (
    SELECT part, row_number() OVER (ORDER BY sum(n) DESC, part COLLATE "C") AS rank
    FROM ({all_cells}) AS every WHERE part IS NOT NULL
    GROUP BY part ORDER BY sum(n) DESC, part COLLATE "C" LIMIT {most}
)"""


USERS = """SELECT {place} AS series, NULL::int AS bucket, {whole} AS kind, NULL::text AS shown, NULL::bigint AS rank,
       count(*)::numeric AS number, 0 AS skipped
FROM (SELECT entity FROM {cells} GROUP BY entity) AS joined"""
USERS_BY_BUCKET = """SELECT {place} AS series, bucket, {whole} AS kind, NULL::text AS shown, NULL::bigint AS rank,
       count(*)::numeric AS number, 0 AS skipped
FROM {rows} GROUP BY bucket"""


def write(asked: Asked, from_daily: Sequence[bool], writer: Writer) -> sql.Composable:
    """Rows of the answer: series, bucket (null: the whole range), kind of value, value, its rank, number, skipped."""
    series = asked.description.series
    ctes, answers = [], []
    for place, (each, is_daily) in enumerate(zip(series, from_daily, strict=True)):
        written = daily.write(each, asked, writer) if is_daily else raw.write(each, asked, writer)
        ctes.append(sql.SQL("{} AS MATERIALIZED ({})").format(_name("cells", place), written))
    if asked.description.breakdown:
        ctes.append(_top(len(series)))
        ctes += [
            sql.SQL(PLACED).format(placed=_name("placed", place), cells=_name("cells", place))
            for place in range(len(series))
        ]
    for place, each in enumerate(series):
        by_mask = from_daily[place] and daily.by_mask(each)
        write_answer = _answer_of_masks if by_mask else _answer
        answers += [write_answer(place, each, level, asked, writer) for level in levels(asked)]
    return sql.SQL("WITH {} {}").format(sql.SQL(", ").join(ctes), sql.SQL(" UNION ALL ").join(answers))


def levels(asked: Asked) -> list[tuple[str, ...]]:
    """Which columns the answers are grouped by: over the whole range and by bucket, all and by value."""
    buckets = [(), ("bucket",)] if asked.buckets else [()]
    if asked.description.breakdown is None:
        return buckets
    by_part = [(*each, "kind", "shown", "rank") for each in buckets]
    return [*by_part, *buckets] if asked.description.formula else by_part


def _top(count: int) -> sql.Composable:
    every = [sql.SQL("SELECT part, n FROM {}").format(_name("cells", place)) for place in range(count)]
    return sql.SQL(TOP).format(all_cells=sql.SQL(" UNION ALL ").join(every), most=sql.Literal(MOST_PARTS))


def _answer_of_masks(
    place: int, series: Series, level: tuple[str, ...], asked: Asked, writer: Writer
) -> sql.Composable:
    """Distinct users of masks, over the whole range or by bucket; such a series has no breakdown."""
    cells_ = _name("cells", place)
    if level:
        rows = daily.users_by_bucket(cells_, asked, writer)
        return sql.SQL(USERS_BY_BUCKET).format(place=sql.Literal(place), whole=sql.Literal(WHOLE), rows=rows)
    return sql.SQL(USERS).format(place=sql.Literal(place), whole=sql.Literal(WHOLE), cells=cells_)


def _answer(place: int, series: Series, level: tuple[str, ...], asked: Asked, writer: Writer) -> sql.Composable:
    shape = cells.shape(series)
    by_part = "kind" in level
    rows = _name("placed" if by_part else "cells", place)
    names = [sql.Identifier(each) for each in level]
    if shape.entity:
        rows = _joined_by_entity(rows, names, shape)
    return sql.SQL(
        "SELECT {place} AS series, {bucket} AS bucket, {kind} AS kind, {shown} AS shown, {rank} AS rank, "
        "({aggregate})::numeric AS number, {skipped} AS skipped FROM {rows} {group}"
    ).format(
        place=sql.Literal(place),
        bucket=sql.SQL("bucket" if "bucket" in level else "NULL::int"),
        kind=sql.SQL("kind" if by_part else str(WHOLE)),
        shown=sql.SQL("shown" if by_part else "NULL::text"),
        rank=sql.SQL("rank" if by_part else "NULL::bigint"),
        aggregate=shape.aggregate,
        skipped=_skipped(series, shape),
        rows=rows,
        group=sql.SQL("GROUP BY {}").format(sql.SQL(", ").join(names)) if names else sql.SQL(""),
    )


def _joined_by_entity(rows: sql.Composable, names: list[sql.Identifier], shape: cells.Shape) -> sql.Composable:
    """One row an entity: cells of several buckets or values become one."""
    number = sql.SQL(", max(number) AS number") if shape.number else sql.SQL("")
    return sql.SQL("(SELECT {columns}, sum(n) AS n{number} FROM {rows} GROUP BY {columns}) AS joined").format(
        columns=sql.SQL(", ").join([*names, sql.Identifier("entity")]), number=number, rows=rows
    )


def _skipped(series: Series, shape: cells.Shape) -> sql.Composable:
    """How many values were no numbers: of events, or of organizations for a property of theirs."""
    if series.math not in NUMERIC:
        return sql.SQL("0")
    if series.property and series.property.of == Of.ORGANIZATION:
        return sql.SQL("count(*) - count(number)")
    if shape.number == "each":
        return sql.SQL("sum(n) - count(number)")
    return sql.SQL("sum(n) - sum(numbers)")


def _name(kind: str, place: int) -> sql.Identifier:
    return sql.Identifier(f"{kind}_{place}")
