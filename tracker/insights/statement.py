"""One statement for a whole insight: the cells of every series, the values that are shown, and the answers per level.

The breakdown shows the values with the most matching events, counted over all series in the range; the rest is one
value, “Other”, computed from the cells of all that it stands for, so that an organization in two of them counts once.
"""

from collections.abc import Iterable, Sequence

from psycopg import sql

from tracker.insights import cells, daily, places, raw, strips
from tracker.insights.asking import Asked
from tracker.insights.description import NUMERIC, PERCENTILES, Math, Of, Series
from tracker.insights.expressions import Writer
from tracker.insights.places import OTHER, WHOLE

PLACED = "{placed} AS (SELECT {place} AS place, {columns} FROM {cells} AS cells LEFT JOIN top ON top.part = cells.part)"
USERS = """SELECT {place} AS series, NULL::int AS bucket, {whole} AS place, count(*)::numeric AS number, 0 AS skipped
FROM (SELECT entity FROM {cells} GROUP BY entity) AS joined"""
USERS_BY_BUCKET = """SELECT {place} AS series, bucket, {whole} AS place, sum(n)::numeric AS number, 0 AS skipped
FROM {rows} GROUP BY bucket"""
# Entities of one place that were in the same buckets are counted together, once for both levels below.
ALIKE = "{alike} AS MATERIALIZED (SELECT {columns} FROM {rows} {group})"
BY_PLACE = """SELECT {series} AS series, NULL::int AS bucket, {place} AS place, sum(n)::numeric AS number, 0 AS skipped
FROM {alike} AS alike {group}"""
# Each bucket of a word takes those that were in it. Words are looked at one by one: far fewer entities differ in one.
BY_BITS = """SELECT {series} AS series, {first} + bit AS bucket, {place} AS place, sum(n)::numeric AS number,
       0 AS skipped
FROM (SELECT {columns}, sum(n)::bigint AS n FROM {alike} GROUP BY {columns}) AS alike
JOIN generate_series(0, {last}) AS bit ON alike.{word} & (1::bigint << bit) <> 0
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


def write_shown(asked: Asked, from_daily: Sequence[bool], writer: Writer) -> sql.Composable:
    """The values of the breakdown that are shown, most events first: a statement of its own, for `shown` of `write`."""
    counts = [
        sql.SQL("SELECT part, n FROM ({}) AS cells").format(_cells(each, asked, writer, is_daily=is_daily))
        if is_daily or each.math == Math.FIRST_TIME
        else raw.write_counts(each, asked, writer)
        for each, is_daily in zip(asked.description.series, from_daily, strict=True)
    ]
    return sql.SQL("SELECT part FROM ({}) AS top ORDER BY place").format(places.top(counts))


def write(
    asked: Asked, from_daily: Sequence[bool], writer: Writer, shown: Sequence[str] | None = None
) -> sql.Composable:
    """Rows of the answer: series, bucket (null: the whole range), place, number, skipped, value of the place.

    `shown`: the values of the breakdown that are shown, where they had to be known before (`strips`).
    """
    ctes = [*_read(asked, from_daily, writer, shown), *_alike(asked, from_daily)]
    answers = []
    for place, each in enumerate(asked.description.series):
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


def _cells(series: Series, asked: Asked, writer: Writer, *, is_daily: bool) -> sql.Composable:
    return daily.write(series, asked, writer) if is_daily else raw.write(series, asked, writer)


def _read(
    asked: Asked, from_daily: Sequence[bool], writer: Writer, shown: Sequence[str] | None
) -> list[sql.Composable]:
    """The cells of every series and, with a breakdown, the values that are shown and the cells in their places.

    Entities of a shared scan are grouped by place at once, those of strips by themselves: cells by value would be as
    many again.
    """
    series = asked.description.series
    shared = raw.shared(asked, from_daily)
    late = _late(asked, from_daily)
    ctes = [sql.SQL("matched AS MATERIALIZED ({})").format(raw.write_matched(shared, asked, writer))] if shared else []
    for place, (each, is_daily) in enumerate(zip(series, from_daily, strict=True)):
        if place in strips.among(asked):
            ctes.append(sql.SQL("{} AS ({})").format(_name("strips", place), strips.write(each, asked, writer, shown)))
        if place in late:
            continue
        if place in shared:
            written = raw.write_from_matched(place, each, asked)
        else:
            written = _cells(each, asked, writer, is_daily=is_daily)
        ctes.append(sql.SQL("{} AS MATERIALIZED ({})").format(_name("cells", place), written))
    if asked.description.breakdown:
        top = _top(len(series), late) if shown is None else places.given(shown, writer)
        ctes.append(sql.SQL("top AS ({})").format(top))
        ctes += [_placed(place, each, asked, is_late=place in late) for place, each in enumerate(series)]
    return ctes


def levels(asked: Asked) -> list[tuple[str, ...]]:
    """Which columns the answers are grouped by: over the whole range and by bucket, all and by value."""
    buckets = [(), ("bucket",)] if asked.buckets else [()]
    if asked.description.breakdown is None:
        return buckets
    by_part = [(*each, "place") for each in buckets]
    return [*by_part, *buckets] if asked.description.formula else by_part


def _top(count: int, late: set[int]) -> sql.Composable:
    every = [
        sql.SQL("SELECT part, count(*) AS n FROM matched WHERE {} GROUP BY part").format(sql.Identifier(f"is_{place}"))
        if place in late
        else sql.SQL("SELECT part, n FROM {}").format(_name("cells", place))
        for place in range(count)
    ]
    return places.top(every)


def _placed(place: int, series: Series, asked: Asked, *, is_late: bool) -> sql.Composable:
    """The cells of a series with the place of their value instead of the value."""
    if place in strips.among(asked):
        written = strips.write_placed(_name("strips", place), asked)
        return sql.SQL("{} AS ({})").format(_name("placed", place), written)
    if is_late:
        written = raw.write_placed_from_matched(place, series, asked, places.place_of(sql.SQL("matched.part")))
        return sql.SQL("{} AS ({})").format(_name("placed", place), written)
    shape = cells.shape(series)
    columns = [
        *(_words(series, asked) if _is_spread(series, asked) else ["bucket"]),
        "n",
        *(["entity"] if shape.entity else []),
        *(["number"] if shape.number else []),
    ]
    if shape.number and shape.number != "each":
        columns.append("numbers")
    return sql.SQL(PLACED).format(
        placed=_name("placed", place),
        place=places.place_of(sql.SQL("cells.part")),
        cells=_name("cells", place),
        columns=sql.SQL(", ").join(sql.Identifier("cells", each) for each in columns),
    )


def _late(asked: Asked, from_daily: Sequence[bool]) -> set[int]:
    """The series, by place, whose cells are made when the shown values are known."""
    if asked.description.breakdown is None:
        return set()
    spread = {place for place, each in raw.shared(asked, from_daily).items() if _is_spread(each, asked)}
    return spread | strips.among(asked)


def _alike(asked: Asked, from_daily: Sequence[bool]) -> list[sql.Composable]:
    """For each series whose entities have a single cell: how many of them were in the same buckets."""
    late = _late(asked, from_daily)
    return [
        _write_alike(place, series, keys, asked, is_late=place in late)
        for place, series in enumerate(asked.description.series)
        if _is_spread(series, asked) and not (from_daily[place] and daily.by_mask(series))
        for keys in sorted({keys_of(level) for level in levels(asked)})
    ]


def _write_alike(place: int, series: Series, keys: tuple[str, ...], asked: Asked, *, is_late: bool) -> sql.Composable:
    columns = [*keys, *_words(series, asked)]
    rows = _name("placed" if keys or is_late else "cells", place)
    if not (keys and is_late):
        rows = _by_entity(rows, series, keys, asked)
    return sql.SQL(ALIKE).format(
        alike=_name("alike_by_place" if keys else "alike", place),
        columns=sql.SQL(", ").join([*map(sql.Identifier, columns), sql.SQL("count(entity) AS n")]),
        rows=rows,
        group=_grouped(columns),
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
    if _is_spread(series, asked):
        return _answer_of_alike(place, series, level, asked)
    shape = cells.shape(series)
    rows = _name("placed" if "place" in level else "cells", place)
    if series.math in PERCENTILES and not shape.entity:
        return _percentile(place, series, level, rows)
    if shape.entity:
        rows = _by_entity(rows, series, level, asked)
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
        group=_grouped(level),
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


def _answer_of_alike(place: int, series: Series, level: tuple[str, ...], asked: Asked) -> sql.Composable:
    """From rows that say how many entities were in the same buckets, as bits."""
    keys, words = keys_of(level), _words(series, asked)
    given = {
        "series": sql.Literal(place),
        "place": sql.SQL("alike.place" if keys else str(WHOLE)),
        "alike": _name("alike_by_place" if keys else "alike", place),
    }
    if "bucket" not in level:
        return sql.SQL(BY_PLACE).format(**given, group=_grouped(keys))
    last = len(asked.buckets) - 1
    return sql.SQL(" UNION ALL ").join(
        sql.SQL(BY_BITS).format(
            **given,
            first=sql.Literal(first),
            last=sql.Literal(min(last - first, cells.BITS_OF_A_WORD - 1)),
            word=sql.Identifier(word),
            columns=_listed([*keys, word]),
            keys=_listed(["bit", *keys]),
        )
        for first, word in zip(range(0, last + 1, cells.BITS_OF_A_WORD), words, strict=True)
    )


def keys_of(level: tuple[str, ...]) -> tuple[str, ...]:
    """What a level is grouped by beside its buckets."""
    return tuple(each for each in level if each != "bucket")


def _by_entity(rows: sql.Composable, series: Series, level: tuple[str, ...], asked: Asked) -> sql.Composable:
    """One row an entity. Cells are that already where they are not joined over buckets or values; “Other” always is."""
    if asked.buckets and not _is_spread(series, asked) and "bucket" not in level:
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
    keys = [*level, "entity"]
    measures = [
        sql.SQL(text + " AS {}").format(sql.Identifier(name)) for name, text in _measures(series, asked).items()
    ]
    return sql.SQL("SELECT {columns} FROM {rows} {group}").format(
        columns=sql.SQL(", ").join([*map(sql.Identifier, keys), *measures]), rows=rows, group=_grouped(keys)
    )


def _measures(series: Series, asked: Asked) -> dict[str, str]:
    """The columns of a cell beside its keys, and how those of several cells become one."""
    if _is_spread(series, asked):
        return {each: f"bit_or({each})" for each in _words(series, asked)}
    return {"n": "sum(n)"} | ({"number": "max(number)"} if cells.shape(series).number else {})


def _is_spread(series: Series, asked: Asked) -> bool:
    return cells.is_spread(series, len(asked.buckets or ()))


def _words(series: Series, asked: Asked) -> list[str]:
    return cells.words(series, len(asked.buckets or ()))


def _listed(names: Iterable[str]) -> sql.Composable:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _grouped(names: Iterable[str]) -> sql.Composable:
    return sql.SQL("GROUP BY {}").format(_listed(names)) if names else sql.SQL("")


def _skipped(series: Series, shape: cells.Shape) -> sql.Composable:
    """How many values were no numbers: of events, or of organizations for a property of theirs."""
    if series.math not in NUMERIC:
        return sql.SQL("0")
    if series.property and series.property.of == Of.ORGANIZATION:
        return sql.SQL("count(*) - count(number)")
    return sql.SQL("sum(n) - sum(numbers)")


def _name(kind: str, place: int) -> sql.Identifier:
    return sql.Identifier(f"{kind}_{place}")
