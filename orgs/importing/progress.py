"""How far a long act is: counted where the rows go by, told to the ledger of jobs from a thread of its own.

The act runs in one transaction, so what it wrote about itself would be seen only after its end; the thread has its own
connection.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, TypeVar

from django.db import OperationalError, connection

from config import db
from config.backoffice import jobs
from config.backoffice.models import JobRun

EVERY_SECONDS = 1.0
STOP = "stop"
Row = TypeVar("Row")


class Stopped(Exception):
    """Somebody asked the act to stop; its transaction is rolled back."""


@dataclass
class Watch:
    """The step going on: rows done of how many, since when."""

    doing: str
    total: int = 0
    done: int = 0
    started: float = field(default_factory=monotonic)
    is_stopped: bool = False

    def begin(self, doing: str, total: int) -> None:
        self.doing, self.total, self.done, self.started = doing, total, 0, monotonic()

    def told(self) -> dict[str, Any]:
        """For the page: rows a second over this step, seconds left of this step; None where it cannot be told."""
        seconds = monotonic() - self.started
        rate = int(self.done / seconds) if self.done and seconds >= EVERY_SECONDS / 2 else None
        left = round((self.total - self.done) / rate) if rate and self.total else None
        return {"doing": self.doing, "done": self.done, "total": self.total, "rate": rate, "left": left}


_watch: ContextVar[Watch | None] = ContextVar("progress", default=None)


def over(rows: Sequence[Row], doing: str) -> Iterator[Row]:
    """The rows one by one, counted when somebody watches."""
    watch = _watch.get()
    if watch is None:
        yield from rows
        return
    watch.begin(doing, len(rows))
    for row in rows:
        watch.done += 1
        if watch.is_stopped:
            raise Stopped
        yield row


def chunks(rows: Sequence[Row], doing: str, size: int = 10_000) -> Iterator[Sequence[Row]]:
    """The rows in pieces, each counted once the next one is asked for."""
    watch = _watch.get() or Watch(doing)
    watch.begin(doing, len(rows))
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
        watch.done = min(start + size, len(rows))


def step(doing: str) -> None:
    """Begin a step whose rows are not counted."""
    watch = _watch.get()
    if watch is not None:
        watch.begin(doing, 0)


@contextmanager
def watched(run: JobRun, doing: str) -> Iterator[Watch]:
    """Tell the run's page every second how far the act inside is. Raises Stopped when somebody asks for it."""
    if is_asked_to_stop(run):
        raise Stopped
    watch = Watch(doing)
    jobs.report_progress(run, watch.told())
    ((backend,),) = db.rows("SELECT pg_backend_pid()")
    ended = threading.Event()
    thread = threading.Thread(target=keep_telling, args=(run, watch, ended, backend), daemon=True)
    token = _watch.set(watch)
    thread.start()
    try:
        yield watch
    except OperationalError as error:
        if watch.is_stopped:
            raise Stopped from error
        raise
    finally:
        _watch.reset(token)
        ended.set()
        thread.join(timeout=5)


def keep_telling(run: JobRun, watch: Watch, ended: threading.Event, backend: int) -> None:
    """A row that goes by or the statement going on ends the act, whichever comes first."""
    try:
        while not ended.wait(EVERY_SECONDS):
            jobs.report_progress(run, watch.told())
            if watch.is_stopped or is_asked_to_stop(run):
                watch.is_stopped = True
                db.run("SELECT pg_cancel_backend(%(backend)s)", {"backend": backend})
    finally:
        connection.close()


def ask_to_stop(run: JobRun) -> bool:
    """False when the run has ended by now. What its transaction wrote is rolled back."""
    return bool(JobRun.objects.filter(pk=run.pk, finished_at=None).update(arguments={**run.arguments, STOP: True}))


def is_asked_to_stop(run: JobRun) -> bool:
    return JobRun.objects.filter(pk=run.pk, arguments__has_key=STOP).exists()
