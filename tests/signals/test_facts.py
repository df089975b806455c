from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from signals.facts import Evidence, Window, window
from tests.signals.evidences import AS_OF, ago, ahead, evidence


def test_windows_end_with_the_last_complete_day():
    assert window(date(2026, 3, 2), 28) == Window(date(2026, 2, 2), date(2026, 3, 2))
    assert window(date(2026, 3, 2), 28, back=1) == Window(date(2026, 1, 5), date(2026, 2, 2))


@pytest.mark.parametrize(("last_seen_on", "days"), [(None, None), (ago(14), 14), (AS_OF, 0), (ahead(1), 0)])
def test_silent_days(last_seen_on, days):
    assert evidence(last_seen_on=last_seen_on).silent_days == days


def test_silent_for_includes_its_day():
    assert evidence(last_seen_on=ago(14)).silent_for(14)
    assert not evidence(last_seen_on=ago(13)).silent_for(14)
    assert evidence(last_seen_on=None).silent_for(14)


@pytest.mark.parametrize(
    ("renewal_on", "ends_on", "days"),
    [
        (None, None, None),
        (ahead(41), None, 41),
        (ahead(41), ahead(20), 20),
        (ago(1), ahead(20), 20),
        (ago(1), None, None),
        (AS_OF, ahead(20), 0),
    ],
)
def test_days_to_renewal(renewal_on, ends_on, days):
    assert evidence(renewal_on=renewal_on, ends_on=ends_on).days_to_renewal == days


def test_json_round_trip():
    full = evidence(
        last_seen_at=datetime(2026, 3, 1, 12, 30, 15, 250, tzinfo=UTC),
        seats=12,
        renewal_on=ahead(3),
        weekly_events=(3, 0, 7),
    )
    data = full.to_json()
    assert data["mrr"] == "1000.00"
    assert data["weekly_events"] == [3, 0, 7]
    assert data["as_of"] == "2026-03-02"
    assert data["last_seen_at"] == "2026-03-01T12:30:15.000250+00:00"
    assert Evidence.from_json(data) == full
    assert Evidence.from_json({**data, "from_a_later_version": 1}) == full


def test_paying_is_more_than_nothing():
    assert evidence(mrr=Decimal("0.01")).paying
    assert not evidence(mrr=Decimal("0.00")).paying
