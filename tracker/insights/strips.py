"""Users of any event by a value: one row a user that says as bits at which places and in which buckets it was.

Pairs of a user and a value are nearly as many as the events, so that to group by them is all the work; users are far
fewer. So the values that are shown are found first, by a statement of their own. Then every process groups by user what
it reads, and hands over hardly more rows than there are users.
"""

from collections.abc import Sequence

from psycopg import sql

from tracker.insights import cells, places, raw
from tracker.insights.asking import Asked
from tracker.insights.description import Kind, Math, Series
from tracker.insights.expressions import Writer

# OFFSET: what a subquery computes is computed once an event, not wherever it is named. Written as a constant of its own
# type it keeps no process from reading its share (of a plain 0 the planner does not know yet that it skips nothing).
STRIPS = """SELECT entity, {words} FROM (
    SELECT entity, at / {each} AS word, 1::bigint << (mod(at, {each}) * {count} + bucket) AS bit
    FROM (
        SELECT event.entity, event.bucket, {place} - 1 AS at
        FROM (SELECT {columns} FROM {events} WHERE {conditions} OFFSET '0'::bigint) AS event
        LEFT JOIN ({top}) AS top ON top.part = event.part OFFSET '0'::bigint
    ) AS placed OFFSET '0'::bigint
) AS seen GROUP BY entity"""
WORD = "bit_or(bit) FILTER (WHERE word = {word}) AS {name}"
PLACED = """SELECT entity, place, bits AS bits_0 FROM (
    SELECT entity, generate_series(1, {last}) AS place, unnest(ARRAY[{cuts}]) AS bits FROM {strips}
) AS cut WHERE bits <> 0"""
# With so many buckets two places share a word. With more a row a user is so wide that it gains nothing.
MOST_BUCKETS = cells.BITS_OF_A_WORD // 2


def among(asked: Asked) -> set[int]:
    """The series, by place, that are answered so."""
    if asked.description.breakdown is None or _count(asked) > MOST_BUCKETS:
        return set()
    return {place for place, each in enumerate(asked.description.series) if _is_wide(each)}


def _is_wide(series: Series) -> bool:
    return series.kind == Kind.ANY and series.math == Math.UNIQUE_USERS


def write(series: Series, asked: Asked, writer: Writer, shown: Sequence[str]) -> sql.Composable:
    """One row a user: for each place of `shown` and each bucket a bit."""
    writer = writer.of("event")
    columns = {
        "bucket": raw.bucket(asked, writer),
        "part": raw.part(asked, writer),
        "entity": raw.entity(series, writer),
    }
    conditions = raw.matching(series, asked, writer, since=True)
    return sql.SQL(STRIPS).format(
        words=sql.SQL(", ").join(
            sql.SQL(WORD).format(word=sql.Literal(word), name=_word(word))
            for word in range(-(-places.NONE // _each(asked)))
        ),
        each=sql.Literal(_each(asked)),
        count=sql.Literal(_count(asked)),
        place=places.place_of(sql.SQL("event.part")),
        columns=raw.named(columns),
        events=raw.events(writer),
        conditions=sql.SQL(" AND ").join(conditions),
        top=places.given(shown, writer),
    )


def write_placed(strips: sql.Composable, asked: Asked) -> sql.Composable:
    """One row a user and place that it was at, with its buckets as bits: the strips cut into places."""
    each, count = _each(asked), _count(asked)
    cuts = [
        sql.SQL("({} >> {}) & {}::bigint").format(
            _word(place // each), sql.Literal(place % each * count), sql.Literal((1 << count) - 1)
        )
        for place in range(places.NONE)
    ]
    return sql.SQL(PLACED).format(last=sql.Literal(places.NONE), cuts=sql.SQL(", ").join(cuts), strips=strips)


def _count(asked: Asked) -> int:
    """How many bits a place takes."""
    return len(asked.buckets or ()) or 1


def _each(asked: Asked) -> int:
    """How many places share a word."""
    return cells.BITS_OF_A_WORD // _count(asked)


def _word(word: int) -> sql.Composable:
    return sql.Identifier(f"word_{word}")
