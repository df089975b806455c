"""One statement for a whole insight: the cells of every series, the values that are shown, and the answers per level.

The breakdown shows the values with the most matching events, counted over all series in the range; the rest is one
value, “Other”, computed from the cells of all that it stands for, so that an organization in two of them counts once.
"""

from collections.abc import Iterable, Sequence

from psycopg import sql

from tracker.insights import cells, daily, raw
from tracker.insights.asking import Asked
from tracker.insights.description import NUMERIC, PERCENTILES, Of, Series
from tracker.insights.expressions import Writer

MOST_PARTS = 25
# Places of what a number is about: everything, the values that are shown by rank, the rest, those without a value.
WHOLE, OTHER, NONE = 0, MOST_PARTS + 1, MOST_PARTS + 2

# A number in the place of the value: what is grouped by it next is many rows.
PLACED = """{placed} AS (
    SELECT COALESCE(top.place, CASE WHEN cells.part IS NULL THEN {none} ELSE {other} END) AS place, {columns}
    FROM {cells} AS cells LEFT JOIN top ON top.part = cells.part
)"""
TOP = """top AS (
    SELECT part, (row_number() OVER (ORDER BY sum(n) DESC, part COLLATE "C"))::int AS place
    FROM ({all_cells}) AS every WHERE part IS NOT NULL
    GROUP BY part ORDER BY sum(n) DESC, part COLLATE "C" LIMIT {most}
)"""

USERS = """SELECT {place} AS series, NULL::int AS bucket, {whole} AS place, count(*)::numeric AS number, 0 AS skipped
FROM (SELECT entity FROM {cells} GROUP BY entity) AS joined"""
USERS_BY_BUCKET = """SELECT {place} AS series, bucket, {whole} AS place, sum(n)::numeric AS number, 0 AS skipped
FROM {rows} GROUP BY bucket"""
# Entities that were in the same buckets are counted together; then each bucket takes those that were in it.
BY_BITS = """SELECT {series} AS series, bits.bucket, {place} AS place, sum(alike.n)::numeric AS number, 0 AS skipped
FROM (SELECT {columns}, count(entity) AS n FROM {rows} GROUP BY {columns}) AS alike
JOIN (SELECT bucket, {words} FROM generate_series(0, {last}) AS bucket) AS bits ON {meets}
GROUP BY {keys}"""
# Numbers in their order with how many there are up to each; between the two nearest to the place, as percentile_cont.
PERCENTILE = """SELECT {series} AS series, {bucket} AS bucket, {place} AS place,
       (low + (high - low) * (at - floor(at)))::numeric AS number, skipped
FROM (
    SELECT {keys} min(number) FILTER (WHERE upto > floor(at)) AS low,
           min(number) FILTER (WHERE upto > ceil(at)) AS high,
           max(at) AS at, COALESCE(sum(n) FILTER (WHERE number IS NULL), 0) AS skipped
    FROM (
        SELECT *, sum(n) OVER ({alike} ORDER BY number) AS upto,
               {share} * (sum(n) FILTER (WHERE number IS NOT NULL) OVER ({alike}) - 1) AS at
        FROM (SELECT {keys} number, sum(n)::double precision AS n FROM {rows} GROUP BY {keys} number) AS numbers
    ) AS ordered {group}
) AS nearest"""


def write(asked: Asked, from_daily: Sequence[bool], writer: Writer) -> sql.Composable:
    """Rows of the answer: series, bucket (null: the whole range), place, number, skipped, value of the place."""
    series = asked.description.series
    shared = raw.shared(asked, from_daily)
    ctes = [sql.SQL("matched AS MATERIALIZED ({})").format(raw.write_matched(shared, asked, writer))] if shared else []
    for place, (each, is_daily) in enumerate(zip(series, from_daily, strict=True)):
        if place in shared:
            written = raw.write_from_matched(place, each, asked)
        else:
            written = daily.write(each, asked, writer) if is_daily else raw.write(each, asked, writer)
        ctes.append(sql.SQL("{} AS MATERIALIZED ({})").format(_name("cells", place), written))
    if asked.description.breakdown:
        ctes += [_top(len(series)), *(_placed(place, each, asked) for place, each in enumerate(series))]
    answers = []
    for place, each in enumerate(series):
        by_mask = from_daily[place] and daily.by_mask(each)
        write_answer = _answer_of_masks if by_mask else _answer
        answers += [write_answer(place, each, level, asked, writer) for level in levels(asked)]
    named = (
        "top.part FROM ({}) AS answer LEFT JOIN top USING (place)"
        if asked.description.breakdown
        else ("NULL::text FROM ({}) AS answer")
    )
    return sql.SQL("WITH {} SELECT series, bucket, place, number, skipped, " + named).format(
        sql.SQL(", ").join(ctes), sql.SQL(" UNION ALL ").join(answers)
    )


def levels(asked: Asked) -> list[tuple[str, ...]]:
    """Which columns the answers are grouped by: over the whole range and by bucket, all and by value."""
    buckets = [(), ("bucket",)] if asked.buckets else [()]
    if asked.description.breakdown is None:
        return buckets
    by_part = [(*each, "place") for each in buckets]
    return [*by_part, *buckets] if asked.description.formula else by_part


def _top(count: int) -> sql.Composable:
    every = [sql.SQL("SELECT part, n FROM {}").format(_name("cells", place)) for place in range(count)]
    return sql.SQL(TOP).format(all_cells=sql.SQL(" UNION ALL ").join(every), most=sql.Literal(MOST_PARTS))


def _placed(place: int, series: Series, asked: Asked) -> sql.Composable:
    """The cells of a series with the place of their value instead of the value."""
    shape, words = cells.shape(series), _words(series, asked)
    columns = [
        *(words or ["bucket"]),
        "n",
        *(["entity"] if shape.entity else []),
        *(["number"] if shape.number else []),
    ]
    if shape.number and shape.number != "each":
        columns.append("numbers")
    return sql.SQL(PLACED).format(
        placed=_name("placed", place),
        cells=_name("cells", place),
        columns=sql.SQL(", ").join(sql.Identifier("cells", each) for each in columns),
        none=sql.Literal(NONE),
        other=sql.Literal(OTHER),
    )


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
    if "bucket" in level and _words(series, asked):
        return _answer_of_bits(place, series, level[1:], asked)
    rows = _name("placed" if "place" in level else "cells", place)
    if series.math in PERCENTILES and not shape.entity:
        return _percentile(place, series, level, rows)
    if shape.entity:
        rows = _by_entity(rows, series, level, asked)
    names = [sql.Identifier(each) for each in level]
    return sql.SQL(
        "SELECT {series} AS series, {bucket} AS bucket, {place} AS place, "
        "({aggregate})::numeric AS number, {skipped} AS skipped FROM {rows} {group}"
    ).format(
        series=sql.Literal(place),
        bucket=sql.SQL("bucket" if "bucket" in level else "NULL::int"),
        place=sql.SQL("place" if "place" in level else str(WHOLE)),
        aggregate=shape.aggregate,
        skipped=_skipped(series, shape),
        rows=rows,
        group=sql.SQL("GROUP BY {}").format(sql.SQL(", ").join(names)) if names else sql.SQL(""),
    )


def _percentile(place: int, series: Series, level: tuple[str, ...], rows: sql.Composable) -> sql.Composable:
    """From cells that say how often each number came."""
    keys = _listed(level)
    return sql.SQL(PERCENTILE).format(
        series=sql.Literal(place),
        bucket=sql.SQL("bucket" if "bucket" in level else "NULL::int"),
        place=sql.SQL("place" if "place" in level else str(WHOLE)),
        keys=sql.SQL("{},").format(keys) if level else sql.SQL(""),
        alike=sql.SQL("PARTITION BY {}").format(keys) if level else sql.SQL(""),
        share=sql.Literal(PERCENTILES[series.math]),
        rows=rows,
        group=sql.SQL("GROUP BY {}").format(keys) if level else sql.SQL(""),
    )


def _answer_of_bits(place: int, series: Series, keys: tuple[str, ...], asked: Asked) -> sql.Composable:
    """By bucket, from cells that say as bits in which buckets their entity was."""
    words = _words(series, asked)
    rows = _by_entity(_name("placed" if keys else "cells", place), series, keys, asked)
    return sql.SQL(BY_BITS).format(
        series=sql.Literal(place),
        place=sql.SQL("alike.place" if keys else str(WHOLE)),
        columns=_listed([*keys, *words]),
        rows=rows,
        words=sql.SQL(", ").join(
            sql.SQL("{} AS {}").format(cells.bit(n, sql.SQL("bucket")), sql.Identifier(each))
            for n, each in enumerate(words)
        ),
        last=sql.Literal(len(asked.buckets) - 1),
        meets=sql.SQL(" OR ").join(sql.SQL("alike.{0} & bits.{0} <> 0").format(sql.Identifier(each)) for each in words),
        keys=_listed(["bucket", *keys]),
    )


def _by_entity(rows: sql.Composable, series: Series, level: tuple[str, ...], asked: Asked) -> sql.Composable:
    """One row an entity. Cells are that already where they are not joined over buckets or values; “Other” always is."""
    words = _words(series, asked)
    if asked.buckets and not words and "bucket" not in level:
        return sql.SQL("({}) AS joined").format(_joined(rows, series, level, asked))
    if "place" in level:
        other = sql.SQL("(SELECT * FROM {} WHERE place = {}) AS other").format(rows, sql.Literal(OTHER))
        columns = _listed([*level, "entity", *_measures(series, asked)])
        return sql.SQL("(SELECT {} FROM {} WHERE place <> {} UNION ALL {}) AS joined").format(
            columns, rows, sql.Literal(OTHER), _joined(other, series, level, asked)
        )
    if asked.description.breakdown is None:
        return rows
    return sql.SQL("({}) AS joined").format(_joined(rows, series, level, asked))


def _joined(rows: sql.Composable, series: Series, level: tuple[str, ...], asked: Asked) -> sql.Composable:
    """Cells of several buckets or values become one row an entity."""
    measures = [
        sql.SQL(text + " AS {}").format(sql.Identifier(name)) for name, text in _measures(series, asked).items()
    ]
    return sql.SQL("SELECT {keys}, {measures} FROM {rows} GROUP BY {keys}").format(
        keys=_listed([*level, "entity"]), measures=sql.SQL(", ").join(measures), rows=rows
    )


def _measures(series: Series, asked: Asked) -> dict[str, str]:
    """The columns of a cell beside its keys, and how those of several cells become one."""
    number = {"number": "max(number)"} if cells.shape(series).number else {}
    return {"n": "sum(n)", **number, **{each: f"bit_or({each})" for each in _words(series, asked)}}


def _words(series: Series, asked: Asked) -> list[str]:
    return cells.words(series, len(asked.buckets or ()))


def _listed(names: Iterable[str]) -> sql.Composable:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _skipped(series: Series, shape: cells.Shape) -> sql.Composable:
    """How many values were no numbers: of events, or of organizations for a property of theirs."""
    if series.math not in NUMERIC:
        return sql.SQL("0")
    if series.property and series.property.of == Of.ORGANIZATION:
        return sql.SQL("count(*) - count(number)")
    return sql.SQL("sum(n) - sum(numbers)")


def _name(kind: str, place: int) -> sql.Identifier:
    return sql.Identifier(f"{kind}_{place}")
