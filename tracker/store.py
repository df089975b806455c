"""Raw events: the only module that writes them. What `append` returned for is committed, once a key."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction

from config import db
from tracker.incoming import NewEvent
from tracker.models import Event, EventKey
from tracker.sql import store as sql

GATE = "tracker.events"
KEYS_KEPT = timedelta(days=7)
# From here on COPY costs less than arrays in one statement.
COPY_FROM = 40
COLUMNS = (
    "application_id",
    "key_id",
    "name",
    "user_hash",
    "path",
    "session_id",
    "environment",
    "plan",
    "occurred_at",
    "received_at",
    "properties",
)


class Row(NamedTuple):
    """One event in the order of the table's columns, and the key it must not be stored twice under."""

    application_id: int
    key_id: int | None
    name: str
    user_hash: bytes | None
    path: str | None
    session_id: UUID | None
    environment: str
    plan: str | None
    occurred_at: datetime
    received_at: datetime
    properties: str | None
    event_key: str | None
    fingerprint: bytes | None


class Outcome(NamedTuple):
    """What became of one event: its id, or that of the event that used its key first."""

    event_id: int | None
    is_duplicate: bool = False
    is_reused: bool = False


def row(event: NewEvent, application_id: int, key_id: int | None, received_at: datetime) -> Row:
    return Row(
        application_id,
        key_id,
        event.name,
        event.user_hash,
        event.path,
        event.session_id,
        event.environment,
        event.plan,
        event.occurred_at,
        received_at,
        event.properties,
        event.event_key,
        fingerprint(event) if event.event_key is not None else None,
    )


def fingerprint(event: NewEvent) -> bytes:
    """Of event, user and organization: another one under the same key is not a repetition but a mistake."""
    parts = (event.name.encode(), event.user_hash or b"", (event.external_id or "").encode())
    return blake2b(b"\x00".join(parts), digest_size=16).digest()


def append(rows: Sequence[Row]) -> list[Outcome]:
    """Store rows in one short transaction; the outcomes stand in their order.

    A row whose key was used before is not stored: the first one stands, however often and from however many places it
    is sent again.
    """
    stored = _append_few(rows) if len(rows) < COPY_FROM else _append_many(rows)
    if len(stored) == len(rows):
        return [Outcome(stored[place]) for place in range(len(rows))]
    first = _first_uses([each for place, each in enumerate(rows) if place not in stored])
    return [Outcome(stored[place]) if place in stored else _repeated(each, first) for place, each in enumerate(rows)]


def _append_few(rows: Sequence[Row]) -> dict[int, int]:
    """Event id by place: one statement, one round trip, one commit."""
    columns = dict(zip(Row._fields, map(list, zip(*rows, strict=True)), strict=True))
    return dict(db.prepared_rows(sql.APPEND_FEW, {**columns, "gate": db.lock_key(GATE)}))


def _append_many(rows: Sequence[Row]) -> dict[int, int]:
    """Event id by place: keys first, then the survivors by COPY."""
    with transaction.atomic():
        ids = [each for [each] in db.rows(sql.DRAW_IDS, {"gate": db.lock_key(GATE), "count": len(rows)})]
        new = _use_keys(rows, ids)
        places = [place for place, each in enumerate(rows) if each.event_key is None or ids[place] in new]
        db.copy_into("tracker_event", ("id", *COLUMNS), ((ids[place], *rows[place][:11]) for place in places))
    return {place: ids[place] for place in places}


def _use_keys(rows: Sequence[Row], ids: Sequence[int]) -> set[int]:
    """The ids of those events whose key nobody used before."""
    keyed = [(each, event_id) for each, event_id in zip(rows, ids, strict=True) if each.event_key is not None]
    if not keyed:
        return set()
    values = {
        "application_id": [each.application_id for each, _ in keyed],
        "event_key": [each.event_key for each, _ in keyed],
        "event_id": [event_id for _, event_id in keyed],
        "fingerprint": [each.fingerprint for each, _ in keyed],
        "received_at": [each.received_at for each, _ in keyed],
    }
    return {event_id for [event_id] in db.rows(sql.USE_KEYS, values)}


def _first_uses(rows: Sequence[Row]) -> dict[tuple[int, str], tuple[int, bytes]]:
    values = {
        "application_id": [each.application_id for each in rows],
        "event_key": [each.event_key for each in rows],
    }
    found = db.rows(sql.FIRST_USES, values)
    return {(application_id, key): (event_id, bytes(print_)) for application_id, key, event_id, print_ in found}


def _repeated(repeated: Row, first: dict[tuple[int, str], tuple[int, bytes]]) -> Outcome:
    # A key pruned in this very instant is still a repetition of an event that was stored.
    event_id, first_print = first.get((repeated.application_id, repeated.event_key), (None, repeated.fingerprint))
    return Outcome(event_id, is_duplicate=True, is_reused=first_print != repeated.fingerprint)


def prune_keys(now: datetime) -> int:
    """Forget keys older than the promise; how many."""
    return EventKey.objects.filter(received_at__lt=now - KEYS_KEPT)._raw_delete(connection.alias)


def last_received_at() -> datetime | None:
    """When the latest event came in; None when none ever did."""
    return Event.objects.order_by("-id").values_list("received_at", flat=True).first()
