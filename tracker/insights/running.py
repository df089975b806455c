"""Questions on the database: read-only, bounded in time, visible while they run, and to be cancelled by their id.

The id stands in the connection's `application_name`, so whoever asks for it, or cancels it, from any process, needs
nothing but the database.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import OperationalError, connection, transaction
from psycopg import errors, sql

from config import db
from tracker.insights import sql as constants

SECONDS = 30
PREFIX = "insight"
QUERY_ID = re.compile(r"[0-9a-zA-Z-]{8,36}")
# Enough for the groups of a few hundred thousand organizations, users or values; more goes to disk.
WORK_MEM = "96MB"


class TooSlow(Exception):
    """The question ran into its time limit; the message says what to narrow."""


class Cancelled(Exception):
    """Somebody cancelled the question."""


@dataclass
class Run:
    """One question that may take several statements; all of them see the same state of the database."""

    query_id: str
    statements: int
    done: int = 0
    started: float = field(default_factory=time.monotonic)

    def rows(self, statement: sql.Composable | str, params: dict[str, Any]) -> list[tuple]:
        """All rows of one statement, within what is left of the time."""
        left = SECONDS - (time.monotonic() - self.started)
        name = f"{PREFIX}:{self.query_id}:{self.done}/{self.statements}"
        db.run(constants.LIMIT, {"ms": str(max(1, int(left * 1000))), "name": name, "work_mem": WORK_MEM})
        with connection.cursor() as cursor:
            cursor.execute(statement, params)
            self.done += 1
            return cursor.fetchall()


@contextmanager
def running(query_id: str, statements: int = 1) -> Iterator[Run]:
    """A read-only transaction for the statements of one question. Raises TooSlow, Cancelled."""
    run = Run(query_id, statements)
    outermost = not connection.in_atomic_block
    try:
        with transaction.atomic():
            if outermost:
                db.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            else:
                db.run("SET LOCAL transaction_read_only = on")
            yield run
            # Nothing was written; rolled back, what was set for this question ends with it.
            transaction.set_rollback(True)
    except OperationalError as error:
        raise _stopped(error, run) from error


def _stopped(error: OperationalError, run: Run) -> Exception:
    if not isinstance(error.__cause__, errors.QueryCanceled):
        return error
    if time.monotonic() - run.started < SECONDS - 0.5:
        return Cancelled("This question was cancelled.")
    return TooSlow(
        f"This question was stopped after {SECONDS} seconds. Narrow it: a shorter range, one event instead of any, "
        "fewer series or steps, no breakdown by users or values, or a filter on the event."
    )


@dataclass(frozen=True)
class Progress:
    """Statements done of how many, and for how long it has been running (seconds)."""

    done: int
    statements: int
    seconds: float


def progress(query_id: str) -> Progress | None:
    """How far a question is; None when none of this id is running."""
    found = db.rows(constants.PROGRESS, {"name": f"{PREFIX}:{_checked(query_id)}:%"})
    if not found:
        return None
    [name, seconds] = found[0]
    done, statements = name.rsplit(":", 1)[1].split("/")
    return Progress(int(done), int(statements), float(seconds))


def cancel(query_id: str) -> bool:
    """Stop a running question; False when none of this id is running."""
    return any(done for [done] in db.rows(constants.CANCEL, {"name": f"{PREFIX}:{_checked(query_id)}:%"}))


def is_query_id(text: str) -> bool:
    return bool(QUERY_ID.fullmatch(text))


def _checked(query_id: str) -> str:
    if not is_query_id(query_id):
        raise ValueError("A query id is 8 to 36 letters, digits and dashes.")
    return query_id
