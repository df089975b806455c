"""The roll-up is exact: incremental equals rebuilt equals counted by hand, whatever the order of commits."""

import random
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction

from config.backoffice import settings
from orgs.keys import ensure_keys
from orgs.models import Organization, OrganizationTouch
from tests.factories import application
from tracker import rollups, store, usage
from tracker.incoming import NewEvent
from tracker.models import (
    Event,
    EventNameDay,
    FeatureDay,
    FeatureMonth,
    PageDay,
    PathDay,
    PathMonth,
    RollupCursor,
    SessionDay,
    UsageDay,
    UserMonth,
)

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DAILY = {
    UsageDay: ("application_id", "environment", "key_id", "day", "events", "users", "sessions", "first_at", "last_at"),
    EventNameDay: ("application_id", "environment", "key_id", "day", "name", "events"),
    PathDay: ("application_id", "environment", "key_id", "day", "path", "events"),
    PageDay: ("application_id", "environment", "day", "page", "block", "events", "keys"),
    PathMonth: ("application_id", "environment", "month", "path", "page", "days"),
    SessionDay: ("application_id", "environment", "key_id", "day", "session_id"),
    UserMonth: ("application_id", "environment", "key_id", "month", "user_hash", "days"),
    FeatureDay: ("application_id", "environment", "key_id", "day", "feature_id", "events", "users"),
    FeatureMonth: ("application_id", "environment", "key_id", "month", "feature_id", "user_hash", "days"),
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
            path=rng.choice([None, "/a", "/b?token=1", "/b?token=2", "/b/1", "/b/2"]),
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
    assert set(PathDay.objects.values_list("path", flat=True)) == {"/a", "/b", "/b/1", "/b/2"}


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
    put(application(), [event(path="/" + "".join(chr(0x4E00 + n) for n in range(2047))), event(path="/1" * 1024)])
    rollups.roll_up(NOW)
    assert [len(each.path) for each in PathDay.objects.all()] == [2048, 2048]
    assert sorted(len(each.page) for each in PageDay.objects.all()) == [2048, 4096]


@pytest.mark.django_db
def test_a_new_zone_counts_the_days_anew():
    put(application(), [event(datetime(2026, 3, 10, 2, 0, tzinfo=UTC))])
    rollups.roll_up(NOW)
    settings.change({"time_zone": "America/New_York"}, actor=None, now=NOW)
    assert rollups.roll_up(NOW).rebuilt
    assert UsageDay.objects.get().day == date(2026, 3, 9)
    cursor = RollupCursor.objects.get()
    assert (cursor.time_zone, cursor.zone_since) == ("America/New_York", None)


@pytest.mark.django_db
def test_there_is_one_cursor():
    with pytest.raises(IntegrityError, match="one_row_of_rollup_cursor"), transaction.atomic():
        RollupCursor.objects.create(id=2)
    assert not RollupCursor.objects.filter(id=2).exists()


@pytest.mark.django_db
def test_days_that_cannot_be_divided_anew_keep_the_former_zone_and_it_is_known_which():
    put(application(), [event(datetime(2026, 3, 3, 2, 0, tzinfo=UTC)), event(datetime(2026, 3, 10, 2, 0, tzinfo=UTC))])
    rollups.roll_up(NOW)
    gone = datetime(2026, 3, 5, 6, 0, tzinfo=UTC)
    Event.objects.filter(occurred_at__lt=gone).delete()
    RollupCursor.objects.update(raw_since=gone)
    settings.change({"time_zone": "America/New_York"}, actor=None, now=NOW)
    rollups.roll_up(NOW)
    assert list(UsageDay.objects.order_by("day").values_list("day", flat=True)) == [date(2026, 3, 3), date(2026, 3, 9)]
    assert usage.former_bounds_before() == date(2026, 3, 6)


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
