"""Taking up what waits, so that two workers never send the same and nothing is lost when one dies.

A row is claimed by moving its `next_try_at` ahead, if it is as it was read. Whoever dies leaves a row whose time comes
again. A death between the other side's yes and our own note sends a second time, under the same message id.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from config.backoffice.models import Outgoing

LEASE = timedelta(minutes=5)
# Waits after each failed try; after the last one it is given up. A day and a half in all.
WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=8),
    timedelta(hours=24),
)
LONGEST_ERROR = 500


def claim(row: Any, now: datetime) -> bool:
    """Make a due row ours for the length of a lease; False when somebody else has it."""
    as_read = type(row).objects.filter(pk=row.pk, state=Outgoing.State.PENDING, next_try_at=row.next_try_at)
    taken = as_read.update(next_try_at=now + LEASE, attempts=F("attempts") + 1)
    if taken:
        row.refresh_from_db()
    return bool(taken)


def sent(row: Any, now: datetime, **values: Any) -> None:
    _mine(row).update(state=Outgoing.State.SENT, sent_at=now, error="", **values)


def failed(row: Any, error: str, now: datetime, **values: Any) -> None:
    """Try again later, or give up after the last wait. The error may hold bytes of the other side."""
    is_last = row.attempts > len(WAITS)
    state = Outgoing.State.FAILED if is_last else Outgoing.State.PENDING
    again = now if is_last else now + WAITS[row.attempts - 1]
    _mine(row).update(state=state, next_try_at=again, error=error.replace("\0", "\ufffd")[:LONGEST_ERROR], **values)


def _mine(row: Any) -> Any:
    return type(row).objects.filter(pk=row.pk, state=Outgoing.State.PENDING, next_try_at=row.next_try_at)
