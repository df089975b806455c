"""The roll-up: every committed event is counted into the daily rows once, soon after it came, whatever its own day.

Ids are drawn before their events are committed, so the last id alone says nothing. Writers therefore hold a shared
gate from before they draw ids until they have committed; the roll-up holds it alone for the instant in which it reads
its upper bound. Below that bound nothing can appear any more, and transactions elsewhere hold nobody up.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from config import db
from config.backoffice import settings
from orgs import properties
from tracker import store
from tracker.incoming import STATEMENTS
from tracker.models import EventNameDay, PathDay, RollupCursor, SessionDay, UsageDay, UserMonth
from tracker.sql import rollups as sql

CHUNK = 20_000
GATE_TIMEOUT = "5s"


class CursorMoved(Exception):
    """Another roll-up counted meanwhile; this pass wrote nothing."""


@dataclass(frozen=True)
class Pass:
    """What one pass did."""

    events: int
    chunks: int
    rebuilt: bool
    last_event_id: int

    def sentence(self) -> str:
        verb = "Rebuilt the daily rows from" if self.rebuilt else "Counted"
        return f"{verb} {self.events} events; every event up to {self.last_event_id} is in the daily rows."


def roll_up(now: datetime, *, chunk: int = CHUNK) -> Pass:
    """Count all that is committed and not yet counted; after a change of the reporting zone, everything anew."""
    zone = settings.read().time_zone
    cursor = _cursor(zone)
    if cursor.time_zone != zone:
        return rebuild(now, chunk=chunk)
    bound, low, events, chunks = upper_bound(), cursor.last_event_id, 0, 0
    while low < bound:
        with transaction.atomic():
            _hold_cursor(low)
            high, counted = _next_chunk(low=low, bound=bound, zone=zone, since=None, now=now, size=chunk)
            _move_cursor(low, high, now)
        low, events, chunks = high, events + counted, chunks + 1
    return Pass(events, chunks, False, low)


def rebuild(now: datetime, *, chunk: int = CHUNK) -> Pass:
    """Count the raw events that still exist anew, in one transaction; days whose raw events are gone stay."""
    reporting_zone = settings.zone()
    _cursor(reporting_zone.key)
    with transaction.atomic():
        cursor = RollupCursor.objects.select_for_update().get(id=1)
        bound = cursor.last_event_id
        first_day = None if cursor.raw_since is None else first_whole_day(cursor.raw_since, reporting_zone)
        since = None if first_day is None else settings.day_start(first_day, reporting_zone)
        _clear(first_day)
        low, events, chunks = 0, 0, 0
        while low < bound:
            low, counted = _next_chunk(
                low=low, bound=bound, zone=reporting_zone.key, since=since, now=now, size=chunk, anew=True
            )
            events, chunks = events + counted, chunks + 1
        RollupCursor.objects.filter(id=1).update(time_zone=reporting_zone.key, rolled_up_at=now)
    return Pass(events, chunks, True, bound)


def upper_bound() -> int:
    """An id below which no event can appear any more."""
    with transaction.atomic():
        db.run("SELECT set_config('lock_timeout', %(timeout)s, true)", {"timeout": GATE_TIMEOUT})
        db.lock(store.GATE)
        [[bound]] = db.rows(sql.LAST_ID)
    return bound


def first_whole_day(raw_since: datetime, reporting_zone: Any) -> date:
    """The first day of which all raw events still exist."""
    day = raw_since.astimezone(reporting_zone).date()
    whole = settings.day_start(day, reporting_zone) >= raw_since
    return day if whole else date.fromordinal(day.toordinal() + 1)


def _cursor(zone: str) -> RollupCursor:
    RollupCursor.objects.bulk_create([RollupCursor(id=1, time_zone=zone)], ignore_conflicts=True)
    return RollupCursor.objects.get(id=1)


def _hold_cursor(low: int) -> None:
    """Only one roll-up counts at a time; the other finds the cursor moved."""
    if not RollupCursor.objects.select_for_update().filter(id=1, last_event_id=low).first():
        raise CursorMoved("Another roll-up is counting; this one stopped.")


def _move_cursor(low: int, high: int, now: datetime) -> None:
    if not RollupCursor.objects.filter(id=1, last_event_id=low).update(last_event_id=high, rolled_up_at=now):
        raise CursorMoved("Another roll-up is counting; this one stopped.")


def _next_chunk(
    *, low: int, bound: int, zone: str, since: datetime | None, now: datetime, size: int, anew: bool = False
) -> tuple[int, int]:
    """Count the next chunk of ids; the id it ended at and how many events it held."""
    [[high]] = db.rows(sql.CHUNK_END, {"low": low, "bound": bound, "size": size})
    if high is None:
        return bound, 0
    params = {"low": low, "high": high, "zone": zone, "since": since, "now": now, "statements": list(STATEMENTS)}
    db.run(sql.ROLL_UP_USAGE, params)
    db.run(sql.ROLL_UP_NAMES, params)
    db.run(sql.ROLL_UP_PATHS, params)
    db.run(sql.ROLL_UP_PLANS, params)
    if not anew:
        properties.set_properties(_property_changes(params), now)
    [[counted]] = db.rows(sql.CHUNK_COUNT, params)
    return high, counted


def _property_changes(params: dict[str, Any]) -> list[tuple[int, Any, Any]]:
    """(organization id, to set, to set once); the connection hands out JSON as text."""
    return [
        (organization_id, json.loads(to_set or "null"), json.loads(once or "null"))
        for organization_id, to_set, once in db.rows(sql.PROPERTY_CHANGES, params)
    ]


def _clear(first_day: date | None) -> None:
    """Empty the daily rows from this day on; in the month of the first day the earlier bits stay."""
    for model in (UsageDay, EventNameDay, PathDay, SessionDay):
        rows = model.objects.all() if first_day is None else model.objects.filter(day__gte=first_day)
        rows._raw_delete(rows.db)
    if first_day is None:
        UserMonth.objects.all()._raw_delete("default")
        return
    month = first_day.replace(day=1)
    UserMonth.objects.filter(month__gt=month)._raw_delete("default")
    earlier_days = (1 << (first_day.day - 1)) - 1
    db.run(sql.CLEAR_EMPTY_MASKS, {"month": month, "keep": earlier_days})
    db.run(sql.CLEAR_MASKS, {"month": month, "keep": earlier_days})
