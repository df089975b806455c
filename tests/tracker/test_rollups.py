"""The roll-up is exact: incremental equals rebuilt equals counted by hand, whatever the order of commits."""

import random
import threading
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction

from config.backoffice import settings
from orgs.keys import ensure_keys
from orgs.models import Organization, OrganizationKey, OrganizationTouch
from tests.factories import application
from tracker import rollups, store
from tracker.incoming import NewEvent
from tracker.models import Event, EventNameDay, PathDay, RollupCursor, SessionDay, UsageDay, UserMonth

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DAILY = {
    UsageDay: ("application_id", "environment", "key_id", "day", "events", "users", "sessions", "first_at", "last_at"),
    EventNameDay: ("application_id", "environment", "key_id", "day", "name", "events"),
    PathDay: ("application_id", "environment", "key_id", "day", "path", "events"),
    SessionDay: ("application_id", "environment", "key_id", "day", "session_id"),
    UserMonth: ("application_id", "environment", "key_id", "month", "user_hash", "days"),
}


def event(occurred_at: datetime = NOW, **values) -> NewEvent:
    defaults = {
        "name": "opened",
        "external_id": "org",
        "user_hash": b"u" * 32,
        "path": "/a",
        "session_id": UUID(int=1),
        "plan": None,
        "environment": "production",
        "properties": None,
        "event_key": None,
    }
    return NewEvent(occurred_at=occurred_at, **{**defaults, **values})


def put(app, events, received_at=NOW) -> None:
    ids = ensure_keys({each.external_id for each in events if each.external_id}, received_at)
    store.append([store.row(each, app.id, ids.get(each.external_id), received_at) for each in events])


def random_events(rng: random.Random, count: int) -> list[NewEvent]:
    """Late, back-dated and future ones, with and without users, sessions, paths and organizations."""
    return [
        event(
            NOW
            + timedelta(seconds=rng.choice([-400, -90, -31, -3, 0, 2, 40]) * 86_400 + rng.randrange(-90_000, 90_000)),
            name=rng.choice(["opened", "saved", "shared"]),
            external_id=rng.choice(["a", "b", "c", None]),
            user_hash=rng.choice([None, *(bytes([n]) * 32 for n in range(6))]),
            path=rng.choice([None, "/a", "/b?token=1", "/b?token=2"]),
            session_id=rng.choice([None, *(UUID(int=n) for n in range(9))]),
            environment=rng.choice(["production", "staging"]),
        )
        for _ in range(count)
    ]


def daily_rows() -> dict[str, list[tuple]]:
    return {
        model.__name__: sorted(
            tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)
            for row in model.objects.values_list(*columns)
        )
        for model, columns in DAILY.items()
    }


def counted_by_hand(zone: ZoneInfo) -> dict[tuple, tuple[int, int, int]]:
    """Events, users and sessions a key, environment and day, in plain Python."""
    events, users, sessions = Counter(), defaultdict(set), defaultdict(set)
    for each in Event.objects.exclude(key=None):
        place = (each.key_id, each.environment, each.occurred_at.astimezone(zone).date())
        events[place] += 1
        users[place] |= {bytes(each.user_hash)} if each.user_hash else set()
        sessions[place] |= {each.session_id} if each.session_id else set()
    return {place: (count, len(users[place]), len(sessions[place])) for place, count in events.items()}


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_incremental_equals_rebuilt_and_counted_by_hand(zone):
    settings.change({"time_zone": zone}, actor=None, now=NOW)
    app, rng = application(), random.Random(zone)
    for size in (1, 60, 7, 120, 33):
        put(app, random_events(rng, size))
        rollups.roll_up(NOW, chunk=rng.choice([1, 10, 1000]))
    counted = {
        (row.key_id, row.environment, row.day): (row.events, row.users, row.sessions) for row in UsageDay.objects.all()
    }
    assert counted == counted_by_hand(ZoneInfo(zone))
    incremental = daily_rows()
    rebuilt = rollups.rebuild(NOW, chunk=50)
    assert daily_rows() == incremental
    assert (rebuilt.rebuilt, rebuilt.events) == (True, 221)
    assert set(PathDay.objects.values_list("path", flat=True)) == {"/a", "/b"}


@pytest.mark.django_db
def test_each_event_is_counted_once():
    app = application()
    put(app, [event(), event(user_hash=b"v" * 32), event(session_id=UUID(int=2))])
    first, again = rollups.roll_up(NOW), rollups.roll_up(NOW)
    assert (first.events, again.events) == (3, 0)
    [day] = UsageDay.objects.all()
    assert (day.day, day.events, day.users, day.sessions) == (date(2026, 3, 10), 3, 2, 2)
    put(app, [event()])
    rollups.roll_up(NOW)
    day.refresh_from_db()
    assert (day.events, day.users, day.sessions) == (4, 2, 2)
    # Scoring asks for what was rolled up, hourly: a touch would have it done again every 15 seconds.
    assert not OrganizationTouch.objects.filter(reason="usage").exists()


@pytest.mark.django_db
def test_last_seen_never_moves_into_the_future():
    put(application(), [event(NOW + timedelta(days=30))])
    rollups.roll_up(NOW)
    [day] = UsageDay.objects.all()
    assert (day.day, day.last_at) == (date(2026, 4, 9), NOW)


@pytest.mark.django_db
def test_a_path_as_long_as_allowed_is_counted():
    put(application(), [event(path="/" + "".join(chr(0x4E00 + n) for n in range(2047)))])
    rollups.roll_up(NOW)
    assert len(PathDay.objects.get().path) == 2048


@pytest.mark.django_db
def test_a_new_zone_counts_the_days_anew():
    put(application(), [event(datetime(2026, 3, 10, 2, 0, tzinfo=UTC))])
    rollups.roll_up(NOW)
    settings.change({"time_zone": "America/New_York"}, actor=None, now=NOW)
    assert rollups.roll_up(NOW).rebuilt
    assert UsageDay.objects.get().day == date(2026, 3, 9)
    assert RollupCursor.objects.get().time_zone == "America/New_York"


@pytest.mark.django_db
def test_a_rebuild_leaves_days_whose_raw_events_are_gone():
    app = application()
    put(app, [event(NOW - timedelta(days=20)), event(NOW - timedelta(days=8)), event(NOW - timedelta(days=3)), event()])
    rollups.roll_up(NOW)
    before = daily_rows()
    gone = datetime(2026, 3, 5, 6, 0, tzinfo=UTC)
    Event.objects.filter(occurred_at__lt=gone).delete()
    RollupCursor.objects.update(raw_since=gone)
    assert rollups.rebuild(NOW).events == 2
    assert daily_rows() == before


@pytest.mark.django_db
def test_properties_of_the_organization_are_set_in_order():
    app = application()
    put(app, [event(properties='{"$set":{"seats":5,"plan":"a"},"$set_once":{"source":"ad"}}')])
    put(app, [event(properties='{"$set":{"seats":6},"$set_once":{"source":"other"}}'), event(properties='{"$set":3}')])
    rollups.roll_up(NOW)
    org = Organization.objects.get()
    assert org.properties == {"seats": 6, "plan": "a", "source": "ad"}
    org.properties = {"seats": 7}
    org.save()
    rollups.rebuild(NOW)
    org.refresh_from_db()
    assert org.properties == {"seats": 7}


@pytest.mark.django_db
def test_the_very_first_event_counts_after_a_roll_up_of_nothing():
    """A sequence that nobody has called names the id that comes next: an id that is not there yet to be counted."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER SEQUENCE tracker_event_id_seq RESTART")
    assert rollups.roll_up(NOW).last_event_id == 0
    put(application(), [event()])
    assert rollups.roll_up(NOW).events == 1
    assert UsageDay.objects.get().events == 1


@pytest.mark.usefixtures("events_table")
def test_an_event_that_commits_late_is_not_skipped():
    """The first writer draws its id first and commits last: a cursor at the highest id seen would pass it by."""
    app = application()
    key_id = ensure_keys(["org"], NOW)["org"]
    rollups.roll_up(NOW)
    written, may_commit, passes = threading.Event(), threading.Event(), []

    def write_slowly():
        with transaction.atomic():
            store.append([store.row(event(), app.id, key_id, NOW)])
            written.set()
            may_commit.wait(10)
        connection.close()

    def count():
        passes.append(rollups.roll_up(NOW))
        connection.close()

    slow = threading.Thread(target=write_slowly)
    slow.start()
    written.wait(10)
    store.append([store.row(event(), app.id, key_id, NOW)])  # a higher id, committed
    assert Event.objects.count() == 1
    counting = threading.Thread(target=count)
    counting.start()
    counting.join(0.3)
    may_commit.set()
    slow.join()
    counting.join()
    assert [each.events for each in passes] == [2]
    assert UsageDay.objects.get().events == 2


@pytest.mark.usefixtures("events_table")
def test_a_long_transaction_elsewhere_holds_nothing_up():
    app, opened, done = application(), threading.Event(), threading.Event()

    def hold_open():
        with transaction.atomic():
            OrganizationKey.objects.count()
            ensure_keys(["imported"], NOW)
            opened.set()
            done.wait(10)
        connection.close()

    elsewhere = threading.Thread(target=hold_open)
    elsewhere.start()
    opened.wait(10)
    put(app, [event()])
    assert rollups.roll_up(NOW).events == 1
    done.set()
    elsewhere.join()


@pytest.mark.usefixtures("events_table")
def test_two_roll_ups_at_once_count_once():
    app = application()
    put(app, [event() for _ in range(200)])
    refused, start = [], threading.Barrier(3)

    def count():
        start.wait()
        try:
            rollups.roll_up(NOW, chunk=20)
        except rollups.CursorMoved as error:
            refused.append(error)
        connection.close()

    threads = [threading.Thread(target=count) for _ in range(3)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    rollups.roll_up(NOW)
    assert UsageDay.objects.get().events == 200
