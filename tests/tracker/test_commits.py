"""Requests that wait together share a transaction; each gets its own outcome, and only after the commit."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import DataError, connection

from orgs.keys import ensure_keys
from tests.factories import application
from tests.tracker.test_rollups import event
from tracker import commits, store
from tracker.models import Event, EventKey

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("events_table")


@pytest.fixture
def make_row():
    app, key_id = application(), ensure_keys(["org"], NOW)["org"]
    return lambda **values: store.row(event(**values), app.id, key_id, NOW)


def in_threads(count: int, act) -> list:
    def closing(number: int):
        try:
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(closing, range(count)))


def test_every_request_gets_the_id_of_its_own_event(make_row):
    rows = [make_row(name=f"e{n}") for n in range(16)]
    outcomes = in_threads(16, lambda n: [commits.append([rows[n]])[0] for _ in range(10)])
    found = dict(Event.objects.values_list("id", "name"))
    assert len(found) == 160
    for number, each in enumerate(outcomes):
        assert {found[outcome.event_id] for outcome in each} == {f"e{number}"}


def test_one_key_from_many_threads_is_one_event(make_row):
    row = make_row(event_key="k")
    outcomes = [each for [each] in in_threads(16, lambda _: commits.append([row]))]
    assert Event.objects.count() == EventKey.objects.count() == 1
    assert {each.event_id for each in outcomes} == {Event.objects.get().id}
    assert sum(not each.is_duplicate for each in outcomes) == 1


def test_a_row_that_cannot_be_stored_costs_nobody_else_anything(make_row):
    """Decoders let no such row pass; were one to slip through, only its own request may fail."""
    leading, all_wait = make_row(), threading.Barrier(8)
    rows = [make_row(name=f"e{n}") if n != 3 else make_row(name="x" * 256) for n in range(8)]

    def act(number: int):
        all_wait.wait()
        try:
            return len(commits.append([rows[number]]))
        except DataError:
            return "refused"

    commits.append([leading])
    answers = in_threads(8, act)
    assert [answer for answer in answers if answer == "refused"] == ["refused"]
    assert answers[3] == "refused"
    assert Event.objects.count() == 8


def test_overlapping_batches_neither_deadlock_nor_double(make_row):
    rows = [make_row(event_key=f"k{n}") for n in range(120)]
    orders = [rows, rows[::-1], rows[60:] + rows[:60], rows[::2] + rows[1::2]]
    outcomes = in_threads(4, lambda n: store.append(orders[n]))
    assert Event.objects.count() == 120
    assert sum(not each.is_duplicate for answer in outcomes for each in answer) == 120
