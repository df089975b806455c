"""Cells from the daily rows: as many as there are organizations and days, however many events those had.

They suffice for events, organizations and first times by event name, path or at all, for users and sessions of any
event, and for whatever is filtered or broken down by the organization, the environment or the application alone.
"""

from datetime import date, timedelta

from psycopg import sql

from tracker.insights import cells, conditions
from tracker.insights.asking import Asked
from tracker.insights.description import (
    PER_ORGANIZATION,
    Description,
    Field,
    Interval,
    Kind,
    Math,
    Of,
    Property,
    Series,
)
from tracker.insights.expressions import Writer

BY_ORGANIZATION = PER_ORGANIZATION | {Math.TOTAL, Math.UNIQUE_ORGANIZATIONS, Math.FIRST_TIME}
TABLES = {
    Kind.EVENT: "tracker_eventnameday",
    Kind.ANY: "tracker_usageday",
    Kind.PAGE: "tracker_pathday",
    Kind.FEATURE: "tracker_featureday",
}
MASKS = {Kind.ANY: "tracker_usermonth", Kind.FEATURE: "tracker_featuremonth"}
TARGETS = {Kind.EVENT: "name", Kind.FEATURE: "feature_id"}


def suffices(series: Series, asked: Asked) -> bool:
    """Whether the daily rows hold all that the series asks for."""
    description = asked.description
    if asked.daily_zone != asked.calendar.zone.key or description.interval == Interval.HOUR:
        return False
    if not all(_has(each) for each in properties(series, description)):
        return False
    if series.kind == Kind.FEATURE and not _is_counted(series, asked):
        return False
    return _has_math(series, description.breakdown)


def _has_math(series: Series, breakdown: Property | None) -> bool:
    if series.math == Math.UNIQUE_USERS:
        # Masks do not say how many events there were, which decides what a breakdown shows.
        return series.kind in MASKS and breakdown is None
    if series.math == Math.UNIQUE_SESSIONS:
        return series.kind == Kind.ANY and breakdown is None
    if series.math == Math.FIRST_TIME:
        # A day does not say which of its events came first, and so not where.
        return breakdown is None or breakdown.of != Of.FIELD
    return series.math in BY_ORGANIZATION


def _is_counted(series: Series, asked: Asked) -> bool:
    """Whether the days of a feature follow its present rules, as far as the question looks back."""
    feature = asked.features[series.name]
    if not feature.is_active or feature.counted_version != feature.version:
        return False
    looks_back = date.min if series.math == Math.FIRST_TIME else asked.days.since
    return feature.counted_since is None or feature.counted_since <= looks_back


def properties(series: Series, description: Description) -> list[Property]:
    """Everything that is filtered or broken down by."""
    found = [each.property for each in (*series.filters, *description.filters.flat())]
    return found + ([description.breakdown] if description.breakdown else [])


def _has(asked: Property) -> bool:
    if asked.of == Of.FIELD:
        return asked.name in (Field.ENVIRONMENT, Field.APPLICATION)
    return asked.of in (Of.ORGANIZATION, Of.COHORT)


def write(series: Series, asked: Asked, writer: Writer) -> sql.Composable:
    """The statement whose rows are the cells of a series."""
    writer = writer.of("daily")
    if series.math == Math.UNIQUE_USERS:
        return _users(series, asked, writer)
    if series.math == Math.FIRST_TIME:
        return _first_times(series, asked, writer)
    return _counted(series, asked, writer)


def _counted(series: Series, asked: Asked, writer: Writer) -> sql.Composable:
    """Events a bucket, value and organization; sessions a bucket."""
    entity = {"organization": "key.organization_id", "session": "daily.session_id"}.get(cells.shape(series).entity)
    words = cells.words(series, len(asked.buckets or ()))
    is_spread = cells.is_spread(series, len(asked.buckets or ()))
    columns = {} if is_spread else {"bucket": bucket(asked, writer)}
    columns |= {"part": part(asked, writer)} | ({"entity": sql.SQL(entity)} if entity else {})
    is_session = series.math == Math.UNIQUE_SESSIONS
    n = sql.SQL("count(*) AS n" if is_session else "sum(daily.events) AS n")
    measures = [n, *cells.spread(words, sql.SQL("({})").format(bucket(asked, writer)))]
    return sql.SQL("SELECT {columns}, {measures} FROM {rows} WHERE {conditions} GROUP BY {places}").format(
        columns=sql.SQL(", ").join(
            sql.SQL("{} AS {}").format(text, sql.Identifier(as_)) for as_, text in columns.items()
        ),
        measures=sql.SQL(", ").join(measures),
        conditions=sql.SQL(" AND ").join(matching(series, asked, writer, since=True)),
        rows=rows("tracker_sessionday" if is_session else TABLES[series.kind], writer),
        places=sql.SQL(", ").join(sql.Literal(place + 1) for place in range(len(columns))),
    )


def _first_times(series: Series, asked: Asked, writer: Writer) -> sql.Composable:
    """The first day of each organization, where it falls into the range."""
    first = sql.SQL(
        "SELECT DISTINCT ON (key.organization_id) key.organization_id AS entity, {bucket} AS bucket, {part} AS part, "
        "daily.day FROM {rows} WHERE {conditions} ORDER BY key.organization_id, daily.day"
    )
    columns = {"bucket": bucket(asked, writer), "part": part(asked, writer)}
    chosen = matching(series, asked, writer, since=False)
    return sql.SQL("SELECT bucket, part, entity, 1 AS n FROM ({first}) AS first WHERE day >= {since}").format(
        first=first.format(**columns, rows=rows(TABLES[series.kind], writer), conditions=sql.SQL(" AND ").join(chosen)),
        since=writer.bind(asked.days.since, "date"),
    )


def _users(series: Series, asked: Asked, writer: Writer) -> sql.Composable:
    """Users a month with their days in the range as bits; `users_by_bucket` divides them into buckets."""
    months: dict[date, int] = {}
    for month, _, mask in bits(asked):
        months[month] = months.get(month, 0) | mask
    given = sql.SQL("unnest({}, {}) AS bits (month, mask)").format(
        writer.bind(list(months), "date[]"), writer.bind(list(months.values()), "int[]")
    )
    conditions_ = [sql.SQL("daily.days & bits.mask <> 0"), *narrowing(series, asked, writer)]
    return sql.SQL(
        "SELECT daily.month AS month, daily.user_hash AS entity, bit_or(daily.days) AS days "
        "FROM {rows} JOIN {given} ON bits.month = daily.month WHERE {conditions} GROUP BY 1, 2"
    ).format(rows=rows(MASKS[series.kind], writer), given=given, conditions=sql.SQL(" AND ").join(conditions_))


def users_by_bucket(cells_: sql.Composable, asked: Asked, writer: Writer) -> sql.Composable:
    """Buckets with users, `n` of them in a row: those of one month with the same days are looked at together.

    Only a week can lie in two months and hold a user twice: its users are told apart.
    """
    months, places, masks = zip(*bits(asked), strict=True)
    given = sql.SQL("unnest({}, {}, {}) AS bits (month, bucket, mask)").format(
        writer.bind(list(months), "date[]"), writer.bind(list(places), "int[]"), writer.bind(list(masks), "int[]")
    )
    if asked.description.interval == Interval.WEEK:
        columns, alike = sql.SQL("DISTINCT bits.bucket, alike.entity, 1 AS n"), cells_
    else:
        columns = sql.SQL("bits.bucket, alike.n")
        alike = sql.SQL("(SELECT month, days, count(*) AS n FROM {} GROUP BY month, days)").format(cells_)
    return sql.SQL(
        "(SELECT {columns} FROM {alike} AS alike JOIN {given} ON bits.month = alike.month "
        "AND alike.days & bits.mask <> 0) AS joined"
    ).format(columns=columns, alike=alike, given=given)


def by_mask(series: Series) -> bool:
    """Whether the cells of a series are masks of days."""
    return series.math == Math.UNIQUE_USERS


def bits(asked: Asked) -> list[tuple[date, int, int]]:
    """(month, place of the bucket, the bucket's days in that month as bits) for the whole range."""
    starts = day_starts(asked)
    found: dict[tuple[date, int], int] = {}
    place = 0
    for number in range(asked.days.count):
        day = asked.days.since + timedelta(days=number)
        while place + 1 < len(starts) and starts[place + 1] <= day:
            place += 1
        month = day.replace(day=1)
        found[month, place] = found.get((month, place), 0) | 1 << (day.day - 1)
    return [(month, place, mask) for (month, place), mask in found.items()]


def day_starts(asked: Asked) -> list[date]:
    """The first day of each bucket that lies in the range; one bucket without an interval."""
    labels = asked.buckets.labels if asked.buckets else ()
    return [max(each, asked.days.since) for each in labels] or [asked.days.since]


def bucket(asked: Asked, writer: Writer) -> sql.Composable:
    if asked.buckets is None:
        return sql.SQL("0")
    return sql.SQL("width_bucket(daily.day, {}) - 1").format(writer.bind(day_starts(asked), "date[]"))


def part(asked: Asked, writer: Writer) -> sql.Composable:
    breakdown = asked.description.breakdown
    return sql.SQL("NULL::text") if breakdown is None else writer.part(breakdown)


def rows(table: str, writer: Writer) -> sql.Composable:
    """Daily rows with their organizations, and what the parts written so far need beside them."""
    return sql.SQL("{} AS daily JOIN orgs_organizationkey AS key ON key.id = daily.key_id {}").format(
        sql.Identifier(table), writer.joined()
    )


def matching(series: Series, asked: Asked, writer: Writer, *, since: bool) -> list[sql.Composable]:
    """The conditions that a daily row of the series meets; without `since` from the first day ever."""
    found = narrowing(series, asked, writer)
    if since:
        found.append(sql.SQL("daily.day >= {}").format(writer.bind(asked.days.since, "date")))
    return [*found, sql.SQL("daily.day < {}").format(writer.bind(asked.days.until, "date"))]


def target(series: Series, writer: Writer) -> sql.Composable:
    if series.kind == Kind.ANY:
        return sql.SQL("true")
    if series.kind == Kind.PAGE:
        return conditions.page(series.name, writer)
    value = writer.bind(int(series.name), "bigint") if series.kind == Kind.FEATURE else writer.bind(series.name)
    return sql.SQL("{} = {}").format(sql.Identifier("daily", TARGETS[series.kind]), value)


def narrowing(series: Series, asked: Asked, writer: Writer) -> list[sql.Composable]:
    """What is counted, filters and scope."""
    found = [target(series, writer)]
    found += [conditions.condition(each, writer) for each in series.filters]
    if asked.description.filters.filters:
        found.append(conditions.group(asked.description.filters, writer))
    if asked.where.environment is not None:
        found.append(sql.SQL("daily.environment = {}").format(writer.bind(asked.where.environment)))
    if asked.where.application_id is not None:
        found.append(sql.SQL("daily.application_id = {}").format(writer.bind(asked.where.application_id, "bigint")))
    if asked.where.organization_id is not None:
        found.append(sql.SQL("key.organization_id = {}").format(writer.bind(asked.where.organization_id, "bigint")))
    return found
