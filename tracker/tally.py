"""What was refused, counted in this process and written together: a flood of refusals costs the database one statement
a second, not one each.

The first after a quiet second is written at once. What comes before the next second is over waits for it: the thread
that writes then is waited for when the process ends in order. A process that is killed loses that second of counts,
never an event.
"""

import threading
import time
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import connection
from django.utils import timezone

from tracker import rejects
from tracker.rejects import Group, Refusal

EVERY_SECONDS = 1.0
# More than any sender means: somebody makes names up. The rest of the hour's are counted together.
MOST_FIELDS = 50
OTHERS = "…"
IGNORED_KEY = "Stored; this key is not part of the contract and was ignored."

Groups = dict[tuple[int | None, str, str], Group]
_lock = threading.Lock()
_waiting: Groups = {}
_fields: dict[tuple[int | None, str], set[str]] = {}
_fields_of_hour = 0
_written_at = float("-inf")
_writer: threading.Timer | None = None


def add(application_id: int | None, refusals: Iterable[Refusal], now: datetime) -> None:
    """Count refusals; they are in the database within about a second."""
    _add(application_id, ((each, 1) for each in refusals), now)


def add_unknown_keys(application_id: int, counted: Mapping[str, int], now: datetime) -> None:
    """Count keys that are not part of the contract; their events were stored without them."""
    told = ((Refusal(rejects.UNKNOWN_KEY, IGNORED_KEY, key, is_stored=True), count) for key, count in counted.items())
    _add(application_id, told, now)


def _add(application_id: int | None, counted: Iterable[tuple[Refusal, int]], now: datetime) -> None:
    with _lock:
        for refusal, count in counted:
            group = rejects.group_of(refusal)
            group.field = _bounded(application_id, group, now)
            _waiting.setdefault((application_id, group.code, group.field), group).add(refusal, count)
        due = _take() if _is_due() else {}
        if not due:
            _write_later()
    _record(due, now)


def _is_due() -> bool:
    return time.monotonic() - _written_at >= EVERY_SECONDS


def _bounded(application_id: int | None, group: Group, now: datetime) -> str:
    global _fields_of_hour  # noqa: PLW0603  one tally a process
    hour = int(now.timestamp()) // 3600
    if hour != _fields_of_hour:
        _fields.clear()
        _fields_of_hour = hour
    fields = _fields.setdefault((application_id, group.code), set())
    if len(fields) < MOST_FIELDS:
        fields.add(group.field)
    return group.field if group.field in fields else OTHERS


def _take() -> Groups:
    global _waiting, _written_at
    taken, _waiting, _written_at = _waiting, {}, time.monotonic()
    return taken


def _write_later() -> None:
    global _writer  # noqa: PLW0603
    if _waiting and _writer is None:
        _writer = threading.Timer(EVERY_SECONDS, _write_rest)
        # Threads of the web server are daemons, and a child would be one too: nobody would wait for it.
        _writer.daemon = False
        _writer.start()


def _write_rest() -> None:
    """In a thread of its own, with a connection of its own."""
    global _writer
    with _lock:
        _writer, rest = None, _take()
    try:
        _record(rest, timezone.now())
    finally:
        connection.close()


def _record(groups: Groups, now: datetime) -> None:
    by_application: dict[int | None, list[Group]] = {}
    for (application_id, _, _), group in groups.items():
        by_application.setdefault(application_id, []).append(group)
    for application_id, counted in by_application.items():
        rejects.record(application_id, counted, now)


def forget() -> None:
    """Start without anything waiting."""
    with _lock:
        _waiting.clear()
        _fields.clear()
