"""Shared commits: requests that wait at the same time are stored by one of them, in one transaction.

The first to come leads: it stores its own rows at once. Whoever arrives meanwhile waits; when the leader is done, the
next one leads for all who wait. No thread of its own, no delay, and nobody is answered before the commit.
"""

import threading
from collections.abc import Sequence

from django.db import DataError, Error, IntegrityError, connection

from tracker import store
from tracker.store import Outcome, Row

MOST_ROWS = 500


class Waiting:
    """The rows of one request on their way; `leads` says that it is its turn to store for all.

    `turn` is a lock that whoever waits takes twice: an Event does the same with three locks and four times the work,
    and half of a request's time in this process goes into waiting and waking.
    """

    __slots__ = ("error", "leads", "outcomes", "rows", "turn")

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.turn = threading.Lock()
        self.turn.acquire()
        self.leads = False
        self.outcomes: list[Outcome] | None = None
        self.error: Exception | None = None


_lock = threading.Lock()
_queue: list[Waiting] = []
_is_led = False


def append(rows: Sequence[Row]) -> list[Outcome]:
    """Like `store.append`, in a transaction shared with other requests of this process."""
    if len(rows) >= store.COPY_FROM or connection.in_atomic_block:
        return store.append(rows)
    mine = Waiting(rows)
    if not _join(mine):
        mine.turn.acquire()
        if mine.leads:
            _lead(mine)
    else:
        _lead(mine)
    if isinstance(mine.error, DataError | IntegrityError):
        return store.append(rows)  # a row of somebody else: nothing was stored, so everybody tries alone
    if mine.error is not None:
        raise mine.error
    return mine.outcomes


def _join(mine: Waiting) -> bool:
    """Queue up; True when nobody leads, so this request does."""
    global _is_led  # noqa: PLW0603  one queue a process
    with _lock:
        _queue.append(mine)
        if _is_led:
            return False
        _is_led = True
        return True


def _lead(mine: Waiting) -> None:
    """Store for all who wait now, then hand over to the next."""
    group = _take()
    try:
        _store(group)
    finally:
        _hand_over()
        for each in group:
            if each is not mine:
                each.turn.release()


def _take() -> list[Waiting]:
    """The head of the queue, as many rows as one statement should carry."""
    with _lock:
        group, rows = [], 0
        while _queue and (not group or rows + len(_queue[0].rows) <= MOST_ROWS):
            group.append(_queue.pop(0))
            rows += len(group[-1].rows)
        return group


def _store(group: list[Waiting]) -> None:
    try:
        outcomes = store.append([row for each in group for row in each.rows])
    except Error as error:
        for each in group:
            each.error = error
        return
    except BaseException:
        for each in group:
            each.error = Error("The request that stored for this one ended early.")
        raise
    start = 0
    for each in group:
        each.outcomes = outcomes[start : start + len(each.rows)]
        start += len(each.rows)


def _hand_over() -> None:
    global _is_led  # noqa: PLW0603
    with _lock:
        if _queue:
            _queue[0].leads = True
            _queue[0].turn.release()
        else:
            _is_led = False
