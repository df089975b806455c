"""Celery's doors: the tick that looks at the ledger, and the run of one of its rows."""

import logging
import os
import socket
import threading
import traceback

from celery import shared_task
from django.db import connection, connections
from django.utils import timezone

from config.backoffice import jobs, settings
from config.backoffice.models import JobRun

log = logging.getLogger(__name__)


@shared_task(ignore_result=True)
def tick() -> None:
    jobs.send(jobs.tick(timezone.now()))


@shared_task(ignore_result=True)
def run_job(run_id: int) -> None:
    run = jobs.claim(run_id, f"{socket.gethostname()} · {os.getpid()}", timezone.now())
    if run is None:
        return
    with Heartbeat(run):
        execute(run)


def execute(run: JobRun) -> bool:
    """Run a claimed row to its end; False when its act failed, with the error in the ledger."""
    try:
        with settings.read_once():
            summary = jobs.kind(run.job).act(run)
    except Exception as error:
        log.exception("The job %s failed", run.job)
        if not connection.in_atomic_block:  # inside one, the connection is the caller's
            connection.close_if_unusable_or_obsolete()
        tail = "".join(traceback.format_exception(error)[-3:])
        jobs.fail(run, f"{type(error).__name__}: {error}\n\n{tail}", timezone.now())
        return False
    return jobs.finish(run, summary, timezone.now())


class Heartbeat:
    """Signs of life from a thread with its own connection, so that a long statement does not look like a death."""

    def __init__(self, run: JobRun) -> None:
        self.run = run
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.keep_beating, daemon=True)

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.thread.join(timeout=2)

    def keep_beating(self) -> None:
        try:
            while not self.stopped.wait(jobs.HEARTBEAT.total_seconds()):
                try:
                    if not jobs.beat(self.run, timezone.now()):
                        return
                except Exception:
                    log.exception("A heartbeat of run %s was missed", self.run.pk)
                    connection.close_if_unusable_or_obsolete()
        finally:
            connections.close_all()
