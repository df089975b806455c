"""Whatever comes in, in whatever pieces it is counted: the daily rows equal a rebuild and a count by hand."""

from collections import defaultdict
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.backoffice import settings as install
from tests.factories import application
from tests.tracker.test_rollups import NOW, daily_rows, event, put
from tracker import features, rollups
from tracker.features import Rule
from tracker.models import Event, Feature, FeatureDay, UsageDay

ZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe")
FEATURES = {
    "saving": [Rule(event="saved")],
    "page a": [Rule(path_prefix="/a"), Rule(event="shared", property_name="n", property_value="1")],
}
EVENTS = st.builds(
    lambda seconds, **values: event(NOW + timedelta(seconds=seconds), **values),
    # Back-dated by a year, late, now, in the future, and around midnights and changes of the clock.
    st.one_of(
        st.integers(-400 * 86_400, 300 * 86_400),
        st.integers(-3, 3).map(lambda days: days * 86_400 + 43_200),
        st.integers(-5 * 86_400, 0),
    ),
    name=st.sampled_from(["opened", "saved", "shared", "$identify"]),
    external_id=st.sampled_from(["a", "b", None]),
    user_hash=st.sampled_from([None, b"u" * 32, b"v" * 32]),
    path=st.sampled_from([None, "/a", "/a?x=1", "/b", "/b/1", "/b/22"]),
    session_id=st.sampled_from([None, UUID(int=1), UUID(int=2)]),
    environment=st.sampled_from(["production", "staging"]),
    properties=st.sampled_from([None, '{"n":1}', '{"n":"1"}', '{"n":2}']),
)
BATCHES = st.lists(
    st.tuples(st.integers(0, 1), st.lists(EVENTS, min_size=1, max_size=20), st.sampled_from([3, 8, 100])), max_size=4
)


class Undone(Exception):
    """Ends an example: the next one starts from nothing."""


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(zone=st.sampled_from(ZONES), batches=BATCHES, defined_after=st.integers(0, 4))
def test_what_was_counted_equals_a_rebuild_and_a_count_by_hand(zone, batches, defined_after):
    with pytest.raises(Undone), transaction.atomic():
        count_in_pieces(zone, batches, defined_after)
        incremental = daily_rows()
        assert usage_rows() == usage_by_hand(ZoneInfo(zone))
        assert feature_rows() == features_by_hand(ZoneInfo(zone))
        rollups.rebuild(NOW, chunk=7)
        assert daily_rows() == incremental
        raise Undone


def count_in_pieces(zone: str, batches: list, defined_after: int) -> None:
    """Batches of two applications, counted in chunks of random size; features are defined somewhere in between."""
    install.change({"time_zone": zone}, actor=None, now=NOW)
    apps = [application("one"), application("two")]
    for number, (app, events, chunk) in enumerate(batches):
        if number == defined_after:
            define_features()
        put(apps[app], events)
        rollups.roll_up(NOW, chunk=chunk)
    if defined_after >= len(batches):
        define_features()


def define_features() -> None:
    for name, rules in FEATURES.items():
        features.save(Feature(name=name), rules, actor=None, now=NOW)
    features.count_waiting(NOW)


def usage_rows() -> dict[tuple, tuple]:
    fields = ("application_id", "key_id", "environment", "day", "events", "users", "sessions")
    return {row[:4]: row[4:] for row in UsageDay.objects.values_list(*fields)}


def usage_by_hand(zone: ZoneInfo) -> dict[tuple, tuple]:
    days = defaultdict(list)
    for each in countable():
        days[place(each, zone)].append(each)
    return {key: (len(rows), users(rows), len({row.session_id for row in rows} - {None})) for key, rows in days.items()}


def feature_rows() -> dict[tuple, tuple]:
    fields = ("feature__name", "application_id", "key_id", "environment", "day", "events", "users")
    return {row[:5]: row[5:] for row in FeatureDay.objects.values_list(*fields)}


def features_by_hand(zone: ZoneInfo) -> dict[tuple, tuple]:
    days = defaultdict(list)
    for each in countable():
        is_use = {
            "saving": each.name == "saved",
            "page a": (each.path or "").startswith("/a")
            or (each.name == "shared" and str((each.properties or {}).get("n")) == "1"),
        }
        for name, used in is_use.items():
            if used:
                days[name, *place(each, zone)].append(each)
    return {key: (len(rows), users(rows)) for key, rows in days.items()}


def countable() -> list[Event]:
    return list(Event.objects.exclude(key=None).exclude(name="$identify"))


def place(each: Event, zone: ZoneInfo) -> tuple:
    return (each.application_id, each.key_id, each.environment, each.occurred_at.astimezone(zone).date())


def users(rows: list[Event]) -> int:
    return len({bytes(row.user_hash) for row in rows if row.user_hash})
