"""Cells from the raw events: answers everything, and reads every event that matches."""

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


def write(series: Series, asked: Asked, writer: Writer) -> sql.Composable:
    """The statement whose rows are the cells of a series."""
    writer, shape = writer.of("event"), cells.shape(series)
    columns = {"bucket": bucket(asked, writer), "part": part(asked, writer)}
    if series.math == Math.FIRST_TIME:
        return _first_times(series, asked, writer, columns)
    if shape.entity:
        columns["entity"] = ENTITIES.get(shape.entity) or writer.text(series.property)
    if shape.number == "each":
        columns |= {"number": number(series, writer)}
    conditions_ = matching(series, asked, writer, since=True)
    measures, grouped = _measures(series, shape, writer), len(columns)
    return sql.SQL("SELECT {columns}, {measures} FROM {facts} WHERE {conditions} {group}").format(
        columns=sql.SQL(", ").join(
            sql.SQL("{} AS {}").format(text, sql.Identifier(as_)) for as_, text in columns.items()
        ),
        measures=measures,
        facts=events(writer),
        conditions=sql.SQL(" AND ").join(conditions_),
        group=_grouping(shape, grouped),
    )


def _grouping(shape: Shape, count: int) -> sql.Composable:
    """By the columns before the measures; numbers that are kept one by one are not grouped."""
    if shape.number == "each" and not shape.entity:
        return sql.SQL("")
    return sql.SQL("GROUP BY {}").format(sql.SQL(", ").join(sql.Literal(place + 1) for place in range(count)))


def _measures(series: Series, shape: Shape, writer: Writer) -> sql.Composable:
    if shape.number == "each":
        n = "count(*)" if shape.entity else "1"
        return sql.SQL(f"{n} AS n")
    if not shape.number:
        return sql.SQL("count(*) AS n")
    kept = sql.SQL(shape.number + "({number}) AS number, count({number}) AS numbers, count(*) AS n")
    return kept.format(number=writer.number(series.property))


def number(series: Series, writer: Writer) -> sql.Composable:
    """One number of one row; for percentiles as the floating point number they are computed with."""
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
    found = [target(series, writer), *scope(asked, writer)]
    found += [conditions.condition(each, writer) for each in series.filters]
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
