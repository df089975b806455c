"""What was acknowledged is there, once, whatever was killed meanwhile.

CRASH_RUNS and CRASH_EVENTS make it longer (5 and 5000 for the full proof), CRASH_BROKER_SECONDS likewise.
"""

import os
import signal
import time

import pytest
import redis

from tests.journeys.crashing import Crowd, kill_a_web_worker, kill_postgres, web_workers
from tests.journeys.product import Product, wait_for

pytestmark = pytest.mark.journey

RUNS = int(os.environ.get("CRASH_RUNS", "1"))
EVENTS = int(os.environ.get("CRASH_EVENTS", "1600"))
BROKER_SECONDS = float(os.environ.get("CRASH_BROKER_SECONDS", "15"))
SENDING_SECONDS = 12
FEWEST_KILLS = 5


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    """An empty product for all these tests; each sends numbers of its own."""
    running = Product(tmp_path_factory.mktemp("crashes") / "data")
    running.start()
    yield running
    running.stop()


def check_counted(product: Product) -> None:
    """The roll-up catches up, and its sums are those of the raw events."""
    with product.database() as database:

        def ask(statement: str) -> int:
            [[answer]] = database.execute(statement).fetchall()
            return answer

        stored = ask("SELECT count(*) FROM tracker_event")
        counted = "SELECT COALESCE(sum(events), 0) FROM tracker_usageday"
        wait_for("the count of every event", lambda: ask(counted) >= stored, 150)
        assert ask(counted) == stored
        masked = ask("SELECT sum(bit_count(days::bit(32))) FROM tracker_usermonth")
        assert masked == ask("SELECT sum(users) FROM tracker_usageday")


def check_stored_once(product: Product, crowd: Crowd) -> None:
    with product.database() as database:
        rows = database.execute("SELECT (properties ->> 'n')::int FROM tracker_event").fetchall()
    stored = sorted(number for [number] in rows if number in crowd.numbers)
    acknowledged = crowd.acknowledged
    assert set(acknowledged) - set(stored) == set(), "acknowledged events are lost"
    assert len(stored) == len(set(stored)), "events are doubled"
    assert sorted(acknowledged) == stored == list(crowd.numbers)


@pytest.mark.parametrize("run", range(RUNS))
def test_no_acknowledged_event_is_lost_or_doubled(product, run):
    """Sixteen clients; a web worker is killed each second, PostgreSQL once."""
    crowd, killed, databases, started = Crowd(product, EVENTS, SENDING_SECONDS).start(), [], None, time.monotonic()
    while crowd.is_sending():
        killed.append(kill_a_web_worker(product))
        if databases is None and time.monotonic() - started > SENDING_SECONDS / 3:
            databases = kill_postgres(product)
        time.sleep(1)
    crowd.join()
    killed = {pid for pid in killed if pid}
    assert len(killed) >= FEWEST_KILLS
    assert databases is not None, "it was over before PostgreSQL was killed"
    assert databases[0] != databases[1]
    wait_for("two new web workers", lambda: len(set(web_workers(product)) - killed) >= 1, 60)
    assert crowd.unkind == []
    assert {status for status in crowd.statuses if isinstance(status, int)} <= {200, 201, 503}
    assert sum(crowd.statuses[each] for each in crowd.statuses if each not in (200, 201)), "nothing was in the way"
    check_stored_once(product, crowd)
    check_counted(product)
    print(f"run {run}: {len(crowd.numbers)} events, {len(killed)} web workers killed, {dict(crowd.statuses)}")


def test_a_killed_database_loses_nothing_and_every_answer_says_so(product):
    """Case I306: only PostgreSQL is killed, so every request has an answer, and it is 2xx or 503."""
    crowd = Crowd(product, EVENTS, SENDING_SECONDS / 2).start()
    time.sleep(SENDING_SECONDS / 6)
    assert crowd.is_sending()
    killed, another = kill_postgres(product)
    crowd.join()
    assert killed != another
    assert set(crowd.statuses) == {200, 201, 503}
    assert crowd.unkind == []
    check_stored_once(product, crowd)


def test_without_a_broker_events_come_in_and_are_counted_afterwards(product):
    url = "unix://" + str((product.folder / "services" / "run").resolve() / "redis.sock")
    pid = redis.Redis.from_url(url).info("server")["process_id"]
    os.kill(pid, signal.SIGSTOP)
    try:
        stopped = time.monotonic()
        crowd = Crowd(product, 800, BROKER_SECONDS / 2).start()
        crowd.join()
        assert set(crowd.statuses) <= {200, 201}
        time.sleep(max(0.0, BROKER_SECONDS - (time.monotonic() - stopped)))
    finally:
        os.kill(pid, signal.SIGCONT)
    check_stored_once(product, crowd)
    check_counted(product)
