"""Raw events: the only module that writes them. What `append` returned for is committed, once a key."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b, sha256
from typing import NamedTuple

from django.db import Error, IntegrityError, connection, transaction

from config import db
from tracker import cells
from tracker.incoming import NewEvent
from tracker.models import Event, EventKey
from tracker.sql import store as sql

TABLE, KEY_TABLE = "tracker_event", "tracker_eventkey"
GATE = "tracker.events"
KEYS_KEPT = timedelta(days=7)
# From here on COPY costs less than arrays in one statement.
COPY_FROM = 40
BEGINS_AS_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-", re.ASCII).match
# The columns of a row, each with the type of its cells.
KINDS = {
    "application_id": cells.NUMBER,
    "key_id": cells.NUMBER,
    "name": cells.TEXT,
    "user_hash": cells.BYTES,
    "path": cells.TEXT,
    "session_id": cells.UID,
    "environment": cells.TEXT,
    "plan": cells.TEXT,
    "occurred_at": cells.MOMENT,
    "received_at": cells.MOMENT,
    "properties": cells.JSON,
}
COLUMNS = tuple(KINDS)
RECEIVED_AT = COLUMNS.index("received_at")
KEY_COLUMNS = ("event_id", "received_at", "digest", "fingerprint")


class Row(NamedTuple):
    """One event ready to store: the cells of `COLUMNS`, and the digest of the key it must not be stored twice under."""

    cells: tuple[bytes, ...]
    key_id: int | None
    digest: bytes | None
    fingerprint: bytes | None


class Outcome(NamedTuple):
    """What became of one event: its id where one was asked for, or that of the event that used its key first.

    A displaced event is not stored: its organization's key is gone, or somebody is about to take it away. Nor is one
    with an `error`, which is the database's.
    """

    event_id: int | None = None
    is_duplicate: bool = False
    is_reused: bool = False
    is_displaced: bool = False
    error: Error | None = None


STORED = Outcome()
REPEATED = Outcome(is_duplicate=True)
DISPLACED = Outcome(is_displaced=True)


# Names, paths, environments and plans repeat from request to request, and so do applications and organizations.
texts, numbers = cells.Remembered(cells.text), cells.Remembered(cells.number)


class Writer:
    """Writes the events of one request as rows; what repeats, names and paths and times, is written once."""

    def __init__(self, application_id: int, received_at: datetime) -> None:
        self.application_id = application_id
        self.moments = cells.Remembered(cells.moment)
        self.received_at = self.moments[received_at]

    def row(self, event: NewEvent, key_id: int | None) -> Row:
        event_key = event.event_key
        return Row(
            (
                numbers[self.application_id],
                numbers[key_id],
                texts[event.name],
                cells.raw(event.user_hash),
                texts[event.path],
                cells.uuid(event.session_id),
                texts[event.environment],
                texts[event.plan],
                self.moments[event.occurred_at],
                self.received_at,
                cells.json(event.properties),
            ),
            key_id,
            None if event_key is None else digest(self.application_id, event_key),
            None if event_key is None else fingerprint(event),
        )


def row(event: NewEvent, application_id: int, key_id: int | None, received_at: datetime) -> Row:
    """One event alone."""
    return Writer(application_id, received_at).row(event, key_id)


def digest(application_id: int, event_key: str) -> bytes:
    """What is kept of a key: 16 bytes for every key, and nobody finds another's.

    Its beginning stays the key's own, so that ids which begin with the time (UUID version 7, ULID) lie together in the
    index, beside those of their time. `tracker_eventkey` was filled by the same in SQL (migration 0013).
    """
    told = event_key.encode()
    start = bytes.fromhex(event_key[:8] + event_key[9:13]) if BEGINS_AS_UUID(event_key) else told[:6].ljust(6, b"\x00")
    return start + sha256(b"%d\x00%s" % (application_id, told)).digest()[:10]


def fingerprint(event: NewEvent) -> bytes:
    """Of event, user and organization: another one under the same key is not a repetition but a mistake."""
    parts = (event.name.encode(), event.user_hash or b"", (event.external_id or "").encode())
    return blake2b(b"\x00".join(parts), digest_size=16).digest()


def append(rows: Sequence[Row]) -> list[Outcome]:
    """Store rows in one short transaction; the outcomes stand in their order.

    A row whose key was used before is not stored: the first one stands, however often and from however many places it
    is sent again. Of many rows at once only those with a key are told the ids of their events.
    """
    outcomes = _append_few(rows) if len(rows) < COPY_FROM else _append_many(rows)
    repeated = [row for row, outcome in zip(rows, outcomes, strict=True) if outcome is REPEATED]
    if not repeated:
        return outcomes
    first = _first_uses(repeated)
    return [
        _repeated(row, first) if outcome is REPEATED else outcome for row, outcome in zip(rows, outcomes, strict=True)
    ]


def _append_few(rows: Sequence[Row]) -> list[Outcome]:
    """One statement, one round trip, one commit."""
    columns = zip(*(row.cells for row in rows), strict=True)
    values = {name: cells.array(KINDS[name], column) for name, column in zip(COLUMNS, columns, strict=True)}
    for name in ("digest", "fingerprint"):
        values[name] = cells.array(cells.UID, [cells.uuid(getattr(row, name)) for row in rows])
    stored = dict(db.prepared_rows(sql.APPEND_FEW, {**_binary(values), "gate": db.lock_key(GATE)}))
    return [
        Outcome(stored[place]) if place in stored else DISPLACED if row.digest is None else REPEATED
        for place, row in enumerate(rows)
    ]


def _append_many(rows: Sequence[Row]) -> list[Outcome]:
    """By COPY, ids first: an id that was used before is an error to it, and then one statement finds out which."""
    if all(row.digest is None for row in rows):
        return _copy(rows)
    try:
        return _copy_keyed(rows)
    except IntegrityError:
        return _append_few(rows)


def _copy(rows: Sequence[Row]) -> list[Outcome]:
    with transaction.atomic():
        there, _ = _open(rows, count=0)
        db.copy_binary(TABLE, COLUMNS, cells.copied([row.cells for row in rows if row.key_id in there]))
    return [STORED if row.key_id in there else DISPLACED for row in rows]


def _copy_keyed(rows: Sequence[Row]) -> list[Outcome]:
    """Ids are drawn here, as a key has to know that of its event. Keys go in order: two writers wait for each other
    instead of locking crosswise.
    """
    with transaction.atomic():
        there, ids = _open(rows, count=len(rows))
        new = [(cells.number(event_id), row) for row, event_id in zip(rows, ids, strict=True) if row.key_id in there]
        keyed = sorted((row.digest, event_id, row) for event_id, row in new if row.digest is not None)
        keys = [
            (event_id, row.cells[RECEIVED_AT], cells.uuid(key), cells.uuid(row.fingerprint))
            for key, event_id, row in keyed
        ]
        db.copy_binary(KEY_TABLE, KEY_COLUMNS, cells.copied(keys))
        db.copy_binary(TABLE, ("id", *COLUMNS), cells.copied([(event_id, *row.cells) for event_id, row in new]))
    return [Outcome(event_id) if row.key_id in there else DISPLACED for row, event_id in zip(rows, ids, strict=True)]


def _open(rows: Sequence[Row], count: int) -> tuple[set[int | None], list[int]]:
    """Begin: the organizations' keys that can be relied on, and so many ids."""
    wanted = {row.key_id for row in rows if row.key_id is not None}
    key_ids = db.Binary(cells.array(cells.NUMBER, map(cells.number, wanted)))
    values = {"gate": db.lock_key(GATE), "key_ids": key_ids, "count": count}
    [[there, ids]] = db.prepared_rows(sql.OPEN, values)
    return {None, *there}, ids


def _binary(values: Mapping[str, bytes]) -> dict[str, db.Binary]:
    return {name: db.Binary(value) for name, value in values.items()}


def _first_uses(rows: Sequence[Row]) -> dict[bytes, tuple[int, bytes]]:
    digests = db.Binary(cells.array(cells.UID, [cells.uuid(row.digest) for row in rows]))
    found = db.prepared_rows(sql.FIRST_USES, {"digest": digests})
    return {key.bytes: (event_id, print_.bytes) for key, event_id, print_ in found}


def _repeated(row: Row, first: Mapping[bytes, tuple[int, bytes]]) -> Outcome:
    """Not stored, and no key of it: then it is the organization's key that is gone, or its own was pruned just now."""
    if row.digest not in first:
        return DISPLACED
    event_id, first_print = first[row.digest]
    return Outcome(event_id, is_duplicate=True, is_reused=first_print != row.fingerprint)


def prune_keys(now: datetime) -> int:
    """Forget keys older than the promise; how many."""
    return EventKey.objects.filter(received_at__lt=now - KEYS_KEPT)._raw_delete(connection.alias)


def last_received_at() -> datetime | None:
    """When the latest event came in; None when none ever did."""
    return Event.objects.order_by("-id").values_list("received_at", flat=True).first()
