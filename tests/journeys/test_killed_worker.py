"""A worker killed in the middle of a job: the job ends after the restart, and nothing is counted twice."""

import hashlib
import os
import signal
import time

import pytest

from tests.journeys.product import wait_for

pytestmark = pytest.mark.journey

ORGANIZATIONS = 40
EVENTS = 60_000


def events(start: int, count: int) -> list[dict]:
    now = int(time.time())
    return [
        {
            "event": f"event_{n % 7}",
            "user_hash": hashlib.sha256(f"{n % 900}".encode()).hexdigest(),
            "customer_org_id": f"org-{n % ORGANIZATIONS}",
            "path": f"/page/{n % 50}",
            "ts_epoch": now - (n % 90) * 86_400,
        }
        for n in range(start, start + count)
    ]


def test_a_job_whose_worker_is_killed_finishes_after_the_restart(product):
    with product.database() as database:

        def ask(statement: str):
            return database.execute(statement).fetchone()

        def running():
            return ask("SELECT id, worker FROM backoffice_jobrun WHERE job = 'roll_up' AND state = 'running'")

        # The events wait in one heap, so that the next roll-up has something to be killed in.
        database.execute("UPDATE backoffice_job SET is_enabled = false WHERE name = 'roll_up'")
        wait_for("a quiet roll-up", lambda: running() is None, 60)
        for start in range(0, EVENTS, 10_000):
            assert product.send(events(start, 10_000))["accepted"] == 10_000
        before = ask("SELECT last_event_id FROM tracker_rollupcursor")
        database.execute("UPDATE backoffice_job SET is_enabled = true WHERE name = 'roll_up'")

        run_id, worker = wait_for("a running roll-up", running, 60, every=0.01)
        os.kill(int(worker.split("·")[1]), signal.SIGKILL)
        [state] = ask(f"SELECT state FROM backoffice_jobrun WHERE id = {run_id:d}")
        assert state == "running", "the kill came too late to prove anything"

        def finished():
            return ask(f"SELECT attempts, summary FROM backoffice_jobrun WHERE id = {run_id:d} AND state = 'succeeded'")

        attempts, _ = wait_for("the end of the same run", finished, 120)
        assert attempts == 2
        assert ask("SELECT last_event_id FROM tracker_rollupcursor") != before

        [counted, rows, unique] = ask(
            "SELECT sum(events), count(*), count(DISTINCT (key_id, day)) FROM tracker_usageday"
        )
        [stored] = ask("SELECT count(*) FROM tracker_event")
        assert (counted, rows) == (stored, unique)
        assert stored == EVENTS
        [names] = ask("SELECT sum(events) FROM tracker_eventnameday")
        [paths] = ask("SELECT sum(events) FROM tracker_pathday")
        assert names == paths == EVENTS
        [masked] = ask("SELECT sum(bit_count(days::bit(32))) FROM tracker_usermonth")
        [users] = ask("SELECT sum(users) FROM tracker_usageday")
        assert masked == users
