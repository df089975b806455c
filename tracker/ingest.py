"""The way of an event, step by step: decode, limit, find the organization, store once, tell what was refused."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

from django.db import DataError, Error, IntegrityError, connection, transaction

from orgs.keys import ensure_keys, hold_keys
from tracker import bodies, commits, limits, memberships, rejects, store, tally
from tracker.credentials import Sender
from tracker.incoming import BadEvent, NewEvent
from tracker.rejects import Refusal

Decode = Callable[[Any], NewEvent]
FindKeys = Callable[[set[str], datetime], dict[str, int]]

log = logging.getLogger(__name__)

UNAVAILABLE, UNSTORABLE = "unavailable", "unstorable"
KEY_IDS_KEPT_SECONDS = 30
MOST_KEY_IDS = 200_000


class RateLimited(Exception):
    """The application is over its limit; nothing of the request was stored."""

    def __init__(self, wait_seconds: float) -> None:
        super().__init__("rate limited")
        self.wait_seconds = wait_seconds


@dataclass(frozen=True)
class Rejected:
    """One event of a request that was not stored, by its place in the request."""

    index: int
    code: str
    field: str
    message: str


@dataclass
class Receipt:
    """The outcome of one request: every event of it was accepted, a duplicate, or rejected with a reason."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    warned: dict[int, str] = field(default_factory=dict)
    event_id: int | None = None

    @property
    def is_incomplete(self) -> bool:
        """Whether something of it would be stored if it were sent again."""
        return any(each.code == UNAVAILABLE for each in self.rejected)


def receive(
    sender: Sender, items: Sequence[Any], decode: Decode, now: datetime, *, key_suffices: bool = False
) -> Receipt:
    """Store what can be stored of one request. When this returns, the accepted events are committed.

    With `key_suffices` whatever comes under a used key is a duplicate, else a key used for something else is refused.
    """
    receipt, refusals = Receipt(), []
    _limit(sender, len(items))
    events = memberships.resolve(sender.application_id, _decode(items, decode, receipt, refusals, now))
    _warn(events, receipt, refusals, now)
    outcomes = _store(sender, events, now)
    _note(outcomes, receipt, refusals, key_suffices)
    _tell(sender, events.values(), refusals, now)
    return receipt


def _limit(sender: Sender, events: int) -> None:
    wait = limits.seconds_to_wait(sender.application_id, sender.events_per_second, events)
    if wait:
        raise RateLimited(wait)


def _decode(
    items: Sequence[Any], decode: Decode, receipt: Receipt, refusals: list[Refusal], now: datetime
) -> dict[int, NewEvent]:
    """The readable events by their place; the others go into the receipt."""
    events = {}
    for index, item in enumerate(items):
        try:
            events[index] = decode(item) if type(item) is not bodies.Unreadable else _refuse(item)
        except BadEvent as error:
            receipt.rejected.append(Rejected(index, error.code, error.field, error.message))
            sample = rejects.sample(item, error.given, now, index if len(items) > 1 else None)
            refusals.append(Refusal(error.code, error.message, error.field, sample))
    return events


def _refuse(item: bodies.Unreadable) -> NoReturn:
    raise BadEvent(item.code, str(item))


def _warn(events: dict[int, NewEvent], receipt: Receipt, refusals: list[Refusal], now: datetime) -> None:
    for index, event in events.items():
        for each in event.warnings:
            receipt.warned[index] = each.message
            sample = rejects.sample(None, None, now, index if len(events) > 1 else None)
            refusals.append(Refusal(each.code, each.message, each.field, sample, is_stored=True))


# --- Organizations: known key ids of this process ----------------------------------------------------------
_key_ids: dict[str, tuple[int, float]] = {}


def forget() -> None:
    """Drop what this process remembers."""
    _key_ids.clear()


def _place(sender: Sender, events: Collection[NewEvent], key_ids_of: FindKeys, now: datetime) -> list[store.Row]:
    """Give every event the id of its organization key; unseen organizations come into being."""
    ids = key_ids_of({event.external_id for event in events if event.external_id is not None}, now)
    memberships.record(sender.application_id, events, ids, now)
    writer = store.Writer(sender.application_id, now)
    return [writer.row(event, ids.get(event.external_id)) for event in events]


def _key_ids_of(wanted: set[str], now: datetime) -> dict[str, int]:
    fresh = time.monotonic() - KEY_IDS_KEPT_SECONDS
    known = {}
    for each in wanted:
        key_id, loaded_at = _key_ids.get(each, (0, 0.0))
        if loaded_at > fresh:
            known[each] = key_id
    missing = wanted - known.keys()
    if missing:
        found = ensure_keys(missing, now)
        if len(_key_ids) > MOST_KEY_IDS:
            _key_ids.clear()
        loaded_at = time.monotonic()
        _key_ids.update({each: (key_id, loaded_at) for each, key_id in found.items()})
        known.update(found)
    return known


# --- Storing and telling -----------------------------------------------------------------------------------
def _store(sender: Sender, events: dict[int, NewEvent], now: datetime) -> dict[int, store.Outcome]:
    """What became of each event. Organizations, and who belongs to whom, are committed before the events are: a new
    id that a running import holds makes only this request wait.
    """
    if not events:
        return {}
    rows = _place(sender, events.values(), _key_ids_of, now)
    outcomes = dict(zip(events, _append(rows), strict=True))
    displaced = [index for index, outcome in outcomes.items() if outcome.is_displaced]
    if displaced:
        outcomes.update(zip(displaced, _store_again(sender, [events[index] for index in displaced], now), strict=True))
    return outcomes


def _append(rows: list[store.Row]) -> list[store.Outcome]:
    """All in one commit. When that fails while the database is there, some row is to blame: halves find out which."""
    try:
        return commits.append(rows)
    except Error:
        if len(rows) == 1 or connection.in_atomic_block or not connection.is_usable():
            raise
    middle = len(rows) // 2
    return [*_append_rest(rows[:middle]), *_append_rest(rows[middle:])]


def _append_rest(rows: list[store.Row]) -> list[store.Outcome]:
    """Others of the same request may be stored by now: from here on a failure is told of each event."""
    try:
        return _append(rows)
    except Error as error:
        return [store.Outcome(error=error)] * len(rows)


def _store_again(sender: Sender, events: Collection[NewEvent], now: datetime) -> list[store.Outcome]:
    """Their organizations' keys were taken away since this process read them, or are about to be: by the undo of an
    import. Wait until that is settled, place them anew and store them while nobody can do it again.
    """
    for event in events:
        _key_ids.pop(event.external_id, None)
    with transaction.atomic():
        return store.append(_place(sender, events, hold_keys, now))


def _note(outcomes: dict[int, store.Outcome], receipt: Receipt, refusals: list[Refusal], key_suffices: bool) -> None:
    for index, outcome in outcomes.items():
        receipt.event_id = outcome.event_id
        if outcome.error is not None:
            error = not_stored(outcome.error)
            receipt.rejected.append(Rejected(index, error.code, error.field, error.message))
            refusals.append(Refusal(error.code, error.message, error.field))
        elif not outcome.is_duplicate:
            receipt.accepted += 1
        elif outcome.is_reused and not key_suffices:
            error = key_reused()
            receipt.rejected.append(Rejected(index, error.code, error.field, error.message))
            refusals.append(Refusal(error.code, error.message, error.field))
        else:
            receipt.duplicates += 1
    receipt.rejected.sort(key=lambda each: each.index)


def not_stored(error: Error) -> BadEvent:
    if isinstance(error, DataError | IntegrityError):
        log.error("The database refused an event that the decoder had let pass: %s", type(error).__name__)
        return BadEvent(UNSTORABLE, "The database refuses this event; what it says cannot be stored.")
    return BadEvent(UNAVAILABLE, "This event could not be stored just now; send it again.")


def key_reused() -> BadEvent:
    message = "This key was used before for another event, user or organization; send every event under its own key."
    return BadEvent("key_reused", message, "event_id")


def _tell(sender: Sender, events: Collection[NewEvent], refusals: list[Refusal], now: datetime) -> None:
    """The application's page hears of what was refused, and of keys that are not part of the contract."""
    if refusals:
        tally.add(sender.application_id, refusals, now)
    if unknown := [key for event in events for key in event.unknown_keys]:
        tally.add_unknown_keys(sender.application_id, Counter(unknown), now)
