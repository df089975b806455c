"""Months of the event table: made ahead, dropped by retention, and the default partition that catches the rest."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import OperationalError, connection, transaction
from psycopg import sql

from config import db
from tracker.models import RollupCursor
from tracker.sql import partitions as months

log = logging.getLogger(__name__)

MONTHS_AHEAD = 2
LOCK_TIMEOUT = "3s"
DEFAULT = "tracker_event_default"


@dataclass(frozen=True)
class Outcome:
    """What one run of the daily job did."""

    created: list[str]
    dropped: list[str]
    in_default: int

    def sentence(self) -> str:
        watched = f" {self.in_default} events lie outside the months (default partition)." if self.in_default else ""
        return f"{len(self.created)} months made, {len(self.dropped)} dropped by retention.{watched}"


def maintain(now: datetime) -> Outcome:
    """Make the months that are missing, drop those past retention, count anew what questions are planned by."""
    created, dropped = ensure(now), drop_old(now)
    db.run(months.ANALYZE_EVENTS)
    return Outcome(created, dropped, in_default())


def in_default(application_id: int | None = None) -> int:
    """Events, of one application or of all, that wait in the default partition: no month takes their time."""
    [[count]] = db.rows(months.COUNT_IN_DEFAULT, {"application_id": application_id})
    return count


def ensure(now: datetime) -> list[str]:
    """A partition for every month from the start of retention to two months ahead; the names of new ones."""
    present, created = set(existing()), []
    month, last = month_start(cutoff(now)), _add_months(month_start(now), MONTHS_AHEAD)
    while month <= last:
        if name_of(month) not in present and _create(month):
            created.append(name_of(month))
        month = _add_months(month, 1)
    return created


def drop_old(now: datetime) -> list[str]:
    """Drop months that ended before retention and are counted; what lies that far back in the default goes too."""
    limit, dropped = month_start(cutoff(now)), []
    for name in existing():
        month = datetime.strptime(name.removeprefix("tracker_event_"), "y%Ym%m").replace(tzinfo=UTC)
        if month < limit and _drop(name, _add_months(month, 1)):
            dropped.append(name)
    with transaction.atomic():
        counted = _counted_up_to()
        deleted = db.run(
            "DELETE FROM tracker_event_default WHERE occurred_at < %(limit)s AND id <= %(counted)s",
            {"limit": limit, "counted": counted},
        )
        if deleted:
            _note_gone(limit)
    return dropped


def is_there() -> bool:
    """Whether the event table exists: not in the middle of a migration backwards."""
    [[table]] = db.rows("SELECT to_regclass('tracker_event')")
    return table is not None


def existing() -> list[str]:
    """Names of the month partitions, oldest first. From the catalog, so that hand-made ones are seen too."""
    found = db.rows(
        "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid "
        "WHERE inhparent = 'tracker_event'::regclass AND relname ~ '^tracker_event_y[0-9]{4}m[0-9]{2}$' "
        "ORDER BY relname"
    )
    return [name for [name] in found]


def cutoff(now: datetime) -> datetime:
    return now - timedelta(days=settings.EVENT_RETENTION_DAYS)


def month_start(moment: datetime) -> datetime:
    return datetime(moment.year, moment.month, 1, tzinfo=UTC)


def name_of(month: datetime) -> str:
    return f"tracker_event_y{month:%Y}m{month:%m}"


def _add_months(month: datetime, count: int) -> datetime:
    years, index = divmod(month.month - 1 + count, 12)
    return month.replace(year=month.year + years, month=index + 1)


def _create(month: datetime) -> bool:
    """One month; events of it that lie in the default partition move over. False: tried again tomorrow.

    Attached, not created in place: that would lock the whole event table. The lock on the default partition is not
    waited for longer than writers can bear.
    """
    name, end = sql.Identifier(name_of(month)), _add_months(month, 1)
    bounds = {"start": sql.Literal(month.isoformat()), "end": sql.Literal(end.isoformat())}
    statements = [
        sql.SQL("CREATE TABLE {} (LIKE tracker_event INCLUDING DEFAULTS INCLUDING INDEXES)").format(name),
        sql.SQL(
            "WITH moved AS (DELETE FROM tracker_event_default WHERE occurred_at >= {start} AND occurred_at < {end} "
            "RETURNING *) INSERT INTO {name} SELECT * FROM moved"
        ).format(name=name, **bounds),
        sql.SQL("ALTER TABLE tracker_event ATTACH PARTITION {name} FOR VALUES FROM ({start}) TO ({end})").format(
            name=name, **bounds
        ),
    ]
    return _execute_all(statements, f"make {name_of(month)}")


def _execute_all(statements: list[sql.Composable], doing: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
            db.lock("tracker.partitions")
            for statement in statements:
                cursor.execute(statement)
    except OperationalError:
        log.warning("Could not %s: the event table is busy; the next run tries again", doing)
        return False
    return True


def _drop(name: str, end: datetime) -> bool:
    """Drop one month, unless an event of it is not counted yet."""
    table = sql.Identifier(name)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
            cursor.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(table))
            cursor.execute(sql.SQL("SELECT COALESCE(max(id), 0) FROM {}").format(table))
            [last_id] = cursor.fetchone()
            if last_id > _counted_up_to():
                return False
            cursor.execute(sql.SQL("DROP TABLE {}").format(table))
            _note_gone(end)
    except OperationalError:
        log.warning("Could not drop %s: the event table is busy; the next run tries again", name)
        return False
    return True


def _counted_up_to() -> int:
    return RollupCursor.objects.values_list("last_event_id", flat=True).filter(id=1).first() or 0


def _note_gone(until: datetime) -> None:
    """Remember that raw events before this moment are gone: a rebuild leaves their days alone."""
    RollupCursor.objects.exclude(raw_since__gte=until).update(raw_since=until)
