"""Cells from the raw events: answers everything, and reads every event that matches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg import sql

from tracker.incoming import STATEMENTS
from tracker.insights import cells, conditions
from tracker.insights.asking import Asked
from tracker.insights.cells import Shape
from tracker.insights.description import PERCENTILES, Kind, Math, Series
from tracker.insights.expressions import Writer

ENTITIES = {
    "organization": sql.SQL("key.organization_id"),
    "user": sql.SQL("event.user_hash"),
    "session": sql.SQL("event.session_id"),
}

# The same conditions as ROLL_UP_FEATURES.
USE_OF_FEATURE = """event.name <> ALL({statements}) AND EXISTS (
    SELECT FROM tracker_featurerule AS rule WHERE rule.feature_id = {feature}
    AND (rule.event = '' OR event.name = rule.event)
    AND (rule.path_prefix = '' OR starts_with(event.path, rule.path_prefix))
    AND (rule.property_name = '' OR event.properties ->> rule.property_name::text = rule.property_value)
)"""

# OFFSET: several processes read, one groups. Entities of which there are many hardly repeat in what one of them reads,
# so that grouping there too would be twice the work.
MANY = frozenset({"user", "session"})
ROWS = "(SELECT {columns} FROM {rows} WHERE {conditions} OFFSET 0) AS event"

# OFFSET: which values are looked at is decided when they are counted, not once more for every event.
COUNTS = "(SELECT {part} AS part, count(*) AS n FROM {events} WHERE {conditions} GROUP BY 1 OFFSET 0)"


@dataclass(frozen=True)
class Source:
    """Where the cells of a series are read from, and its columns there; what a series has no use for is None."""

    rows: sql.Composable
    conditions: sql.Composable
    bucket: sql.Composable
    part: sql.Composable
    entity: sql.Composable | None
    number: sql.Composable | None


def write_counts(series: Series, asked: Asked, writer: Writer) -> sql.Composable:
    """How many events of a series there are by value; every process counts what it reads."""
    writer = writer.of("event")
    part_, conditions_ = part(asked, writer), matching(series, asked, writer, since=True)
    return sql.SQL(COUNTS).format(part=part_, events=events(writer), conditions=sql.SQL(" AND ").join(conditions_))


def write(series: Series, asked: Asked, writer: Writer) -> sql.Composable:
    """The statement whose rows are the cells of a series, from a scan of its own."""
    writer = writer.of("event")
    columns = {"bucket": bucket(asked, writer), "part": part(asked, writer)}
    if series.math == Math.FIRST_TIME:
        return _first_times(series, asked, writer, columns)
    columns |= {"entity": entity(series, writer), "number": number(series, writer)}
    conditions_ = sql.SQL(" AND ").join(matching(series, asked, writer, since=True))
    source = Source(rows=events(writer), conditions=conditions_, **columns)
    is_many = cells.shape(series).entity in MANY and cells.is_spread(series, len(asked.buckets or ()))
    return _cells(series, asked, _handed_over(source) if is_many else source)


def _handed_over(source: Source) -> Source:
    """The same source, read to the end before anything is grouped."""
    columns = {name: getattr(source, name) for name in ("bucket", "part", "entity")}
    return Source(
        rows=sql.SQL(ROWS).format(columns=named(columns), rows=source.rows, conditions=source.conditions),
        conditions=sql.SQL("true"),
        number=None,
        **{name: sql.Identifier("event", name) for name in columns},
    )


def shared(asked: Asked, from_daily: Sequence[bool]) -> dict[int, Series]:
    """The series that one scan serves, by place: named events, where there are several to be read one by one."""
    found = {
        place: each
        for place, (each, is_daily) in enumerate(zip(asked.description.series, from_daily, strict=True))
        if not is_daily and each.kind == Kind.EVENT and each.math != Math.FIRST_TIME
    }
    return found if len(found) > 1 else {}


def write_matched(shared_: Mapping[int, Series], asked: Asked, writer: Writer) -> sql.Composable:
    """A row an event of any of these series: whose it is, and what each of them takes from it."""
    writer = writer.of("event")
    columns = {"bucket": bucket(asked, writer), "part": part(asked, writer)}
    for place, series in shared_.items():
        own = [target(series, writer), *(conditions.condition(each, writer) for each in series.filters)]
        columns[f"is_{place}"] = is_own = conditions.joined(own)
        for kind, value in (("entity", entity(series, writer)), ("number", number(series, writer))):
            if value is not None:
                columns[f"{kind}_{place}"] = sql.SQL("CASE WHEN {} THEN {} END").format(is_own, value)
    names = writer.bind(sorted({each.name for each in shared_.values()}), "text[]")
    return sql.SQL("SELECT {columns} FROM {events} WHERE event.name = ANY({names}) AND {conditions}").format(
        columns=named(columns),
        names=names,
        conditions=sql.SQL(" AND ").join(common(asked, writer, since=True)),
        events=events(writer),
    )


def write_from_matched(place: int, series: Series, asked: Asked) -> sql.Composable:
    """The cells of a series from the rows of `write_matched`."""
    shape = cells.shape(series)
    source = Source(
        rows=sql.SQL("matched"),
        conditions=sql.Identifier(f"is_{place}"),
        bucket=sql.SQL("bucket"),
        part=sql.SQL("part"),
        entity=sql.Identifier(f"entity_{place}") if shape.entity else None,
        number=sql.Identifier(f"number_{place}") if shape.number else None,
    )
    return _cells(series, asked, source)


def write_placed_from_matched(place: int, series: Series, asked: Asked, at: sql.Composable) -> sql.Composable:
    """One row an entity and place, from the rows of `write_matched`; `at` is the place of a value of `top`."""
    words = cells.words(series, len(asked.buckets or ()))
    return sql.SQL(
        "SELECT {columns} FROM matched LEFT JOIN top ON top.part = matched.part WHERE {is_own} GROUP BY 1, 2"
    ).format(
        columns=sql.SQL(", ").join(
            [
                sql.SQL("{} AS place").format(at),
                sql.SQL("{} AS entity").format(sql.Identifier(f"entity_{place}")),
                *cells.spread(words, sql.SQL("bucket")),
            ]
        ),
        is_own=sql.Identifier(f"is_{place}"),
    )


def _cells(series: Series, asked: Asked, source: Source) -> sql.Composable:
    shape, count = cells.shape(series), len(asked.buckets or ())
    words, is_spread = cells.words(series, count), cells.is_spread(series, count)
    columns = {"part": source.part} if is_spread else {"bucket": source.bucket, "part": source.part}
    if source.entity is not None:
        columns["entity"] = source.entity
    if shape.number == "each":
        columns["number"] = source.number
    measures = [_measures(shape, source.number), *cells.spread(words, sql.SQL("({})").format(source.bucket))]
    return sql.SQL("SELECT {columns}, {measures} FROM {rows} WHERE {conditions} GROUP BY {keys}").format(
        columns=named(columns),
        measures=sql.SQL(", ").join(measures),
        rows=source.rows,
        conditions=source.conditions,
        keys=sql.SQL(", ").join(sql.Literal(place + 1) for place in range(len(columns))),
    )


def named(columns: Mapping[str, sql.Composable]) -> sql.Composable:
    """Columns of a SELECT by their names."""
    return sql.SQL(", ").join(sql.SQL("{} AS {}").format(text, sql.Identifier(as_)) for as_, text in columns.items())


def _measures(shape: Shape, number_: sql.Composable | None) -> sql.Composable:
    if shape.number in ("", "each"):
        return sql.SQL("count(*) AS n")
    kept = sql.SQL(shape.number + "({number}) AS number, count({number}) AS numbers, count(*) AS n")
    return kept.format(number=number_)


def entity(series: Series, writer: Writer) -> sql.Composable | None:
    """What must not be counted twice."""
    kind = cells.shape(series).entity
    return (ENTITIES.get(kind) or writer.text(series.property)) if kind else None


def number(series: Series, writer: Writer) -> sql.Composable | None:
    """One number of one row; for percentiles as the floating point number they are computed with."""
    if not cells.shape(series).number:
        return None
    exact = writer.number(series.property)
    if series.math not in PERCENTILES:
        return exact
    return sql.SQL("CASE WHEN abs({exact}) < 1e100 THEN ({exact})::double precision END").format(exact=exact)


def _first_times(series: Series, asked: Asked, writer: Writer, columns: dict) -> sql.Composable:
    """The first matching event ever of each organization, where it falls into the range."""
    first = sql.SQL(
        "SELECT DISTINCT ON (key.organization_id) key.organization_id AS entity, {bucket} AS bucket, {part} AS part, "
        "event.occurred_at FROM {facts} WHERE {conditions} ORDER BY key.organization_id, event.occurred_at, event.id"
    )
    chosen = matching(series, asked, writer, since=False)
    return sql.SQL("SELECT bucket, part, entity, 1 AS n FROM ({first}) AS first WHERE occurred_at >= {since}").format(
        first=first.format(**columns, facts=events(writer), conditions=sql.SQL(" AND ").join(chosen)),
        since=writer.bind(asked.since, "timestamptz"),
    )


def events(writer: Writer) -> sql.Composable:
    """Events with their organizations, and what the parts written so far need beside them."""
    return sql.SQL("tracker_event AS event JOIN orgs_organizationkey AS key ON key.id = event.key_id {}").format(
        writer.joined()
    )


def bucket(asked: Asked, writer: Writer) -> sql.Composable:
    """The place of the bucket that the event falls into; 0 without an interval."""
    if asked.buckets is None:
        return sql.SQL("0")
    starts = writer.bind(list(asked.buckets.starts), "timestamptz[]")
    return sql.SQL("width_bucket(event.occurred_at, {}) - 1").format(starts)


def part(asked: Asked, writer: Writer) -> sql.Composable:
    breakdown = asked.description.breakdown
    return sql.SQL("NULL::text") if breakdown is None else writer.part(breakdown)


def matching(series: Series, asked: Asked, writer: Writer, *, since: bool) -> list[sql.Composable]:
    """The conditions that an event of the series meets; without `since` from the first event ever."""
    own = [conditions.condition(each, writer) for each in series.filters]
    return [target(series, writer), *own, *common(asked, writer, since=since)]


def common(asked: Asked, writer: Writer, *, since: bool) -> list[sql.Composable]:
    """The conditions that the events of every series meet."""
    found = scope(asked, writer)
    if asked.description.filters.filters:
        found.append(conditions.group(asked.description.filters, writer))
    if since:
        found.append(sql.SQL("event.occurred_at >= {}").format(writer.bind(asked.since, "timestamptz")))
    found.append(sql.SQL("event.occurred_at < {}").format(writer.bind(asked.until, "timestamptz")))
    return found


def target(series: Series, writer: Writer) -> sql.Composable:
    """What the series counts. Events that only tell about users and organizations are no usage."""
    if series.kind == Kind.EVENT:
        name = sql.SQL("event.name = {}").format(writer.bind(series.name))
        return name if series.name not in STATEMENTS else sql.SQL("false")
    if series.kind == Kind.FEATURE:
        return sql.SQL(USE_OF_FEATURE).format(
            feature=writer.bind(int(series.name), "bigint"), statements=writer.bind(list(STATEMENTS), "text[]")
        )
    usage = sql.SQL("event.name <> ALL({})").format(writer.bind(list(STATEMENTS), "text[]"))
    if series.kind == Kind.PAGE:
        return sql.SQL("{} AND {}").format(usage, conditions.page(series.name, writer))
    return usage


def scope(asked: Asked, writer: Writer) -> list[sql.Composable]:
    """Environment, application and organization, and the event up to which all is counted."""
    found = [sql.SQL("event.id <= {}").format(writer.bind(asked.counted, "bigint"))]
    if asked.where.environment is not None:
        found.append(sql.SQL("event.environment = {}").format(writer.bind(asked.where.environment)))
    if asked.where.application_id is not None:
        found.append(sql.SQL("event.application_id = {}").format(writer.bind(asked.where.application_id, "bigint")))
    if asked.where.organization_id is not None:
        found.append(sql.SQL("key.organization_id = {}").format(writer.bind(asked.where.organization_id, "bigint")))
    return found
