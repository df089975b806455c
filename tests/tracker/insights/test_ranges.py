from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from tracker.insights import ranges
from tracker.insights.description import Interval, Range
from tracker.insights.ranges import BadRange, Calendar, Days

TODAY = date(2026, 3, 31)  # a Tuesday
MONDAY, SUNDAY = 0, 6
NEW_YORK, LORD_HOWE, KOLKATA = (
    ZoneInfo(f"{each}") for each in ("America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-02-29", date(2024, 2, 29)),
        ("-7d", date(2026, 3, 24)),
        ("-2w", date(2026, 3, 17)),
        ("-1m", date(2026, 2, 28)),
        ("-1y", date(2025, 3, 31)),
        ("-1mStart", date(2026, 2, 1)),
        ("-1mEnd", date(2026, 2, 28)),
        ("mStart", date(2026, 3, 1)),
        ("dStart", TODAY),
        ("yStart", date(2026, 1, 1)),
        ("-1yEnd", date(2025, 12, 31)),
        ("wStart", date(2026, 3, 30)),
    ],
)
def test_day(text, expected):
    assert ranges.day(text, TODAY, MONDAY) == expected


def test_weeks_begin_where_the_setting_says():
    assert ranges.day("wStart", TODAY, SUNDAY) == date(2026, 3, 29)
    assert ranges.day("-1wEnd", TODAY, SUNDAY) == date(2026, 3, 28)


@pytest.mark.parametrize("text", ["", "d", "yesterday", "-7", "-7h", "2026-02-30", "-9999y", "1969-12-31", "٢-7d"])
def test_what_is_no_day(text):
    with pytest.raises(BadRange):
        ranges.day(text, TODAY, MONDAY)


def test_resolve():
    assert ranges.resolve(Range("-7d"), TODAY, MONDAY, None) == Days(date(2026, 3, 24), date(2026, 4, 1))
    assert ranges.resolve(Range("2026-01-01", "2026-01-31"), TODAY, MONDAY, None).count == 31
    assert ranges.resolve(Range("all"), TODAY, MONDAY, date(2025, 5, 5)).since == date(2025, 5, 5)
    assert ranges.resolve(Range("all"), TODAY, MONDAY, None) == Days(TODAY, date(2026, 4, 1))
    with pytest.raises(BadRange, match="Swap the two"):
        ranges.resolve(Range("2026-04-02", "2026-04-01"), TODAY, MONDAY, None)


def test_the_period_before():
    assert ranges.previous(Days(date(2026, 3, 1), date(2026, 4, 1))) == Days(date(2026, 2, 1), date(2026, 3, 1))
    assert ranges.previous(Days(date(2026, 1, 1), date(2026, 4, 1))) == Days(date(2025, 10, 1), date(2026, 1, 1))
    assert ranges.previous(Days(date(2026, 3, 1), date(2026, 3, 11))) == Days(date(2026, 2, 19), date(2026, 3, 1))


def test_days_of_23_and_25_hours():
    where = Calendar(NEW_YORK)
    spring = ranges.buckets(Days(date(2026, 3, 8), date(2026, 3, 9)), Interval.HOUR, where)
    autumn = ranges.buckets(Days(date(2026, 11, 1), date(2026, 11, 2)), Interval.HOUR, where)
    assert (len(spring), len(autumn)) == (23, 25)
    assert [each.isoformat() for each in autumn.labels[1:3]] == [
        "2026-11-01T01:00:00-04:00",
        "2026-11-01T01:00:00-05:00",
    ]
    two = ranges.buckets(Days(date(2026, 3, 8), date(2026, 3, 10)), Interval.DAY, where)
    assert two.starts == (datetime(2026, 3, 8, 5, tzinfo=UTC), datetime(2026, 3, 9, 4, tzinfo=UTC))


def test_zones_off_the_hour():
    kolkata = ranges.buckets(Days(TODAY, date(2026, 4, 1)), Interval.HOUR, Calendar(KOLKATA))
    assert (len(kolkata), kolkata.starts[0]) == (24, datetime(2026, 3, 30, 18, 30, tzinfo=UTC))
    # The clock goes back by half an hour: the last bucket of that day is half an hour long.
    assert len(ranges.buckets(Days(date(2026, 4, 5), date(2026, 4, 6)), Interval.HOUR, Calendar(LORD_HOWE))) == 25


def test_the_first_bucket_begins_with_the_range():
    weeks = ranges.buckets(Days(date(2026, 3, 4), date(2026, 3, 18)), Interval.WEEK, Calendar(ZoneInfo("UTC"), SUNDAY))
    assert weeks.labels == (date(2026, 3, 1), date(2026, 3, 8), date(2026, 3, 15))
    assert weeks.starts[0] == datetime(2026, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("until", "now", "running"),
    [
        (date(2026, 4, 1), datetime(2026, 4, 1, tzinfo=UTC), False),
        (date(2026, 4, 1), datetime(2026, 3, 31, 23, 59, tzinfo=UTC), True),
        (date(2026, 3, 31), datetime(2026, 5, 1, tzinfo=UTC), True),  # cut off within the month
    ],
)
def test_a_bucket_that_is_not_whole(until, now, running):
    days = Days(date(2026, 3, 1), until)
    found = ranges.buckets(days, Interval.MONTH, Calendar(ZoneInfo("UTC")))
    assert ranges.is_running(found, days, now, ZoneInfo("UTC")) is running


def test_more_buckets_than_can_be_shown():
    with pytest.raises(BadRange, match="choose days"):
        ranges.buckets(Days(date(2025, 1, 1), date(2026, 1, 1)), Interval.HOUR, Calendar(ZoneInfo("UTC")))
