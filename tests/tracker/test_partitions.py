from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from tests.factories import application
from tests.tracker.test_rollups import event, put
from tracker import partitions, rollups
from tracker.models import Event, RollupCursor, UsageDay

pytestmark = pytest.mark.django_db
NOW = datetime(2031, 5, 20, tzinfo=UTC)


def places() -> list[str]:
    """The partition of every event."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM tracker_event ORDER BY occurred_at")
        return [name for [name] in cursor.fetchall()]


def test_months_from_retention_to_two_ahead(settings):
    settings.EVENT_RETENTION_DAYS = 60
    created = partitions.ensure(NOW)
    assert created == [f"tracker_event_y2031m{month:02}" for month in (3, 4, 5, 6, 7)]
    assert partitions.ensure(NOW) == []


def test_events_of_the_default_partition_move_to_their_month(settings):
    settings.EVENT_RETENTION_DAYS = 60
    put(application(), [event(NOW), event(NOW + timedelta(days=200))])
    assert places() == ["tracker_event_default"] * 2
    partitions.ensure(NOW)
    assert places() == ["tracker_event_y2031m05", "tracker_event_default"]
    put(application(), [event(NOW + timedelta(days=1))])
    assert places()[1] == "tracker_event_y2031m05"


def test_statistics_of_all_months_together_are_kept():
    put(application(), [event()])
    partitions.maintain(NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'tracker_event'::regclass")
        assert cursor.fetchone() == (1.0,)


def test_retention_drops_counted_months_and_keeps_the_daily_rows(settings):
    settings.EVENT_RETENTION_DAYS = 60
    partitions.ensure(NOW)
    put(application(), [event(datetime(2031, 3, 31, tzinfo=UTC)), event(datetime(2020, 1, 1, tzinfo=UTC)), event(NOW)])
    later = datetime(2031, 6, 15, tzinfo=UTC)
    assert "tracker_event_y2031m03" not in partitions.drop_old(later)  # nothing is counted yet
    assert Event.objects.count() == 3
    rollups.roll_up(later)
    assert "tracker_event_y2031m03" in partitions.drop_old(later)
    assert list(Event.objects.values_list("occurred_at", flat=True)) == [NOW]
    assert UsageDay.objects.count() == 3
    assert RollupCursor.objects.get().raw_since == datetime(2031, 4, 1, tzinfo=UTC)
    rollups.rebuild(later)
    assert UsageDay.objects.count() == 3
    assert partitions.maintain(later).in_default == 0
