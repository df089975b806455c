"""The roll-up: every committed event is counted into the daily rows once, soon after it came, whatever its own day.

Ids are drawn before their events are committed, so the last id alone says nothing. Writers therefore hold a gate (a
shared advisory lock) from before they draw ids until they have committed. The roll-up reads the last id, then waits for
those who held the gate at that instant: below that id nothing can appear any more. It takes no lock that a writer could
wait for, and transactions elsewhere hold nobody up.
"""

import json
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from config import db
from config.backoffice import settings
from orgs import properties
from tracker import counting, store
from tracker.models import Feature, RollupCursor
from tracker.sql import rollups as sql

PATIENCE = 60.0


class CursorMoved(Exception):
    """Another roll-up counted meanwhile; this pass wrote nothing."""


class WriterStalled(Exception):
    """A web process drew ids and neither stored its events nor gave up; the next pass tries again."""


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


def roll_up(now: datetime, *, chunk: int = counting.CHUNK) -> Pass:
    """Count all that is committed and not yet counted; after a change of the reporting zone, everything anew."""
    zone = settings.read().time_zone
    start = cursor(zone)
    if start.time_zone != zone:
        return rebuild(now, chunk=chunk)
    bound, low, events, chunks = upper_bound(), start.last_event_id, 0, 0
    while low < bound:
        with transaction.atomic():
            _hold_cursor(low)
            high = counting.chunk_end(low, bound, chunk)
            events += _count_new(low, high, counting.every_day(zone), now)
            _move_cursor(low, high, now)
        low, chunks = high, chunks + 1
    return Pass(events, chunks, False, low)


def rebuild(now: datetime, *, chunk: int = counting.CHUNK) -> Pass:
    """Count the raw events that still exist anew, in one transaction; days whose raw events are gone stay."""
    zone = settings.read().time_zone
    cursor(zone)
    with transaction.atomic():
        held = RollupCursor.objects.select_for_update().get(id=1)
        days = counting.days_with_raw_events(zone, held.raw_since)
        feature_ids = _counted_features()
        counting.clear_usage(days)
        counting.clear_features(days, feature_ids)
        low, events, chunks = 0, 0, 0
        while low < held.last_event_id:
            high = counting.chunk_end(low, held.last_event_id, chunk)
            events += counting.count_usage(low, high, days, now)
            counting.count_features(low, high, days, feature_ids)
            low, chunks = high, chunks + 1
        if held.time_zone != zone:
            held.time_zone, held.zone_since = zone, days.first
        held.rolled_up_at = now
        held.save()
    return Pass(events, chunks, True, held.last_event_id)


def upper_bound(patience: float = PATIENCE) -> int:
    """An id below which no event can appear any more. Raises WriterStalled after so many seconds."""
    gate = {"gate": db.lock_key(store.GATE)}
    [[bound]] = db.rows(sql.LAST_ID)
    writing, deadline = set(db.rows(sql.WRITERS, gate)), time.monotonic() + patience
    while writing:
        if time.monotonic() > deadline:
            raise WriterStalled(f"{len(writing)} web processes have not finished storing events in {patience} s.")
        time.sleep(0.005)
        writing &= set(db.rows(sql.WRITERS, gate))
    return bound


def cursor(zone: str) -> RollupCursor:
    """How far the roll-up got; the first time it starts at nothing, in this zone."""
    RollupCursor.objects.bulk_create([RollupCursor(id=1, time_zone=zone)], ignore_conflicts=True)
    return RollupCursor.objects.get(id=1)


def _hold_cursor(low: int) -> None:
    """Only one roll-up counts at a time; the other finds the cursor moved."""
    if not RollupCursor.objects.select_for_update().filter(id=1, last_event_id=low).first():
        raise CursorMoved("Another roll-up is counting; this one stopped.")


def _move_cursor(low: int, high: int, now: datetime) -> None:
    if not RollupCursor.objects.filter(id=1, last_event_id=low).update(last_event_id=high, rolled_up_at=now):
        raise CursorMoved("Another roll-up is counting; this one stopped.")


def _count_new(low: int, high: int, days: counting.Days, now: datetime) -> int:
    """Count events for the first time; what they say about their organizations is applied once, here."""
    counted = counting.count_usage(low, high, days, now)
    counting.count_features(low, high, days, _counted_features())
    counting.note_plans(low, high)
    properties.set_properties(_property_changes(low, high), now)
    return counted


def _counted_features() -> list[int]:
    """Features that wait to be counted anew are left to that."""
    return list(Feature.objects.counted().order_by("id").values_list("id", flat=True))


def _property_changes(low: int, high: int) -> list[tuple[int, Any, Any]]:
    """(organization id, to set, to set once); the connection hands out JSON as text."""
    return [
        (organization_id, json.loads(to_set or "null"), json.loads(once or "null"))
        for organization_id, to_set, once in db.rows(sql.PROPERTY_CHANGES, {"low": low, "high": high})
    ]
