"""The roll-up beside writers, readers and itself."""

import random
import threading
import time
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from orgs.keys import ensure_keys
from orgs.models import OrganizationKey
from tests.factories import application
from tests.tracker.test_rollups import NOW, event, put
from tracker import rollups, store
from tracker.models import Event, UsageDay

pytestmark = pytest.mark.usefixtures("events_table")


class Writer(threading.Thread):
    """Draws ids and stores at `start`, commits when told."""

    def __init__(self, app, key_id: int, events: int = 1) -> None:
        super().__init__()
        self.rows = [store.row(event(), app.id, key_id, NOW) for _ in range(events)]
        self.has_written, self.may_commit = threading.Event(), threading.Event()

    def run(self) -> None:
        with transaction.atomic():
            store.append(self.rows)
            self.has_written.set()
            self.may_commit.wait(30)
        connection.close()

    def write(self) -> "Writer":
        self.start()
        assert self.has_written.wait(30)
        return self

    def commit(self) -> None:
        self.may_commit.set()
        self.join(30)


class PlainCursor:
    """The obvious way that loses events: whatever has a higher id than the last one seen is new."""

    def __init__(self) -> None:
        self.last = self.counted = 0

    def roll_up(self) -> None:
        ids = sorted(Event.objects.filter(id__gt=self.last).values_list("id", flat=True))
        self.counted += len(ids)
        self.last = max(ids, default=self.last)


@contextmanager
def counting_all_the_time():
    """Passes of the roll-up, one after another, beside what goes on inside."""
    stop = threading.Event()

    def count() -> None:
        while not stop.is_set():
            rollups.roll_up(NOW)
        connection.close()

    thread = threading.Thread(target=count)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)


def counted() -> int:
    return sum(UsageDay.objects.values_list("events", flat=True))


@pytest.mark.parametrize("seed", [1, 2])
def test_writers_that_commit_out_of_order_lose_nothing_but_a_plain_cursor_does(seed):
    app, key_id, plain = application(), ensure_keys(["org"], NOW)["org"], PlainCursor()
    rollups.roll_up(NOW)
    writers = [Writer(app, key_id, events=size).write() for size in (3, 1, 50, 2, 5)]
    assert Event.objects.count() == 0
    # Whoever drew the first ids commits last, the others in any order.
    order = writers[1:]
    random.Random(seed).shuffle(order)
    with counting_all_the_time():
        for writer in [*order, writers[0]]:
            writer.commit()
            plain.roll_up()
    rollups.roll_up(NOW)
    assert (Event.objects.count(), counted()) == (61, 61)
    assert plain.counted < 61


def test_an_event_that_commits_late_is_not_skipped():
    app, key_id = application(), ensure_keys(["org"], NOW)["org"]
    rollups.roll_up(NOW)
    slow = Writer(app, key_id).write()
    store.append([store.row(event(), app.id, key_id, NOW)])  # a higher id, committed
    assert Event.objects.count() == 1
    with counting_all_the_time():
        slow.commit()
    rollups.roll_up(NOW)
    assert counted() == 2


def test_a_stalled_writer_holds_up_the_count_and_no_other_writer():
    app, key_id = application(), ensure_keys(["org"], NOW)["org"]
    stalled = Writer(app, key_id).write()
    passes = []

    def count() -> None:
        try:
            passes.append(rollups.upper_bound(patience=1.5))
        except rollups.WriterStalled as error:
            passes.append(error)
        connection.close()

    counting = threading.Thread(target=count)
    counting.start()
    longest = 0.0
    while counting.is_alive():
        started = time.monotonic()
        store.append([store.row(event(), app.id, key_id, NOW)])
        longest = max(longest, time.monotonic() - started)
    counting.join()
    assert isinstance(passes[0], rollups.WriterStalled)
    assert longest < 1
    stalled.commit()
    rollups.roll_up(NOW)
    assert counted() == Event.objects.count()


def test_a_long_transaction_elsewhere_holds_nothing_up():
    """An import or a backtest that is open for minutes: it has written and it has read."""
    app, opened, done = application(), threading.Event(), threading.Event()

    def hold_open() -> None:
        with transaction.atomic():
            ensure_keys(["imported"], NOW)
            OrganizationKey.objects.count()
            Event.objects.count()
            opened.set()
            done.wait(30)
        connection.close()

    elsewhere = threading.Thread(target=hold_open)
    elsewhere.start()
    assert opened.wait(30)
    put(app, [event()])
    assert rollups.roll_up(NOW).events == 1
    assert counted() == 1
    done.set()
    elsewhere.join(30)


def test_two_roll_ups_at_once_count_once():
    app = application()
    put(app, [event() for _ in range(200)])
    refused, start = [], threading.Barrier(3)

    def count() -> None:
        start.wait(30)
        try:
            rollups.roll_up(NOW, chunk=20)
        except rollups.CursorMoved as error:
            refused.append(error)
        connection.close()

    threads = [threading.Thread(target=count) for _ in range(3)]
    [thread.start() for thread in threads]
    [thread.join(60) for thread in threads]
    rollups.roll_up(NOW)
    assert counted() == 200
