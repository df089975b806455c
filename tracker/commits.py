"""Shared commits: requests that wait at the same time are stored by one of them, in one transaction.

The first to come leads: it stores its own rows at once. Whoever arrives meanwhile waits; when the leader is done, the
next one leads for all who wait. No thread of its own, and nobody is answered before the commit. A process so busy that
several share a commit waits a moment before the next, so that more of them do: a commit costs what forty rows cost.
"""

import threading
import time
from collections.abc import Sequence
from itertools import pairwise

from django.db import DataError, Error, IntegrityError, connection

from tracker import store
from tracker.store import Outcome, Row

MOST_ROWS = 500
BUSY = 4
MOMENT = 0.001


class Waiting:
    """The rows of one request on their way; `leads` says that it is its turn to store for all.

    `turn` is a lock that is taken twice: an Event does the same with three locks. Of many who are done each wakes the
    `next`: woken all at once they would only queue for the interpreter.
    """

    __slots__ = ("error", "leads", "next", "outcomes", "rows", "turn")

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.turn = threading.Lock()
        self.turn.acquire()
        self.next: Waiting | None = None
        self.leads = False
        self.outcomes: list[Outcome] | None = None
        self.error: Exception | None = None

    def wait(self) -> None:
        """Until it is its turn to lead, or its rows are stored."""
        self.turn.acquire()
        if self.next is not None:
            self.next.turn.release()


_lock = threading.Lock()
_queue: list[Waiting] = []
_is_led = False
_last_shared = 0


def append(rows: Sequence[Row]) -> list[Outcome]:
    """Like `store.append`, in a transaction shared with other requests of this process."""
    if len(rows) >= store.COPY_FROM or connection.in_atomic_block:
        return store.append(rows)
    mine = Waiting(rows)
    leads_at_once = _join(mine)
    if not leads_at_once:
        mine.wait()
    if leads_at_once or mine.leads:
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
    if _last_shared >= BUSY:
        time.sleep(MOMENT)
    group = _take()
    try:
        _store(group)
    finally:
        _hand_over()
        _wake([each for each in group if each is not mine])


def _take() -> list[Waiting]:
    """The head of the queue, as many rows as one statement should carry."""
    global _last_shared  # noqa: PLW0603
    with _lock:
        group, rows = [], 0
        while _queue and (not group or rows + len(_queue[0].rows) <= MOST_ROWS):
            group.append(_queue.pop(0))
            rows += len(group[-1].rows)
        _last_shared = len(group)
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


def _wake(group: list[Waiting]) -> None:
    for each, following in pairwise(group):
        each.next = following
    if group:
        group[0].turn.release()
