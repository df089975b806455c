"""Times of clients whose clock or calendar is wrong."""

from datetime import UTC, datetime, timedelta

import pytest

from tracker.decoders.tolerant import UNREADABLE_TIME, event_time, moment

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
EVENT = "2026-03-10T11:00:00Z"
AS_IT_IS = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "sent", "expected"),
    [
        (EVENT, None, (AS_IT_IS, [])),
        (EVENT, "2026-03-10T11:00:30Z", (NOW - timedelta(seconds=30), [])),
        (EVENT, "2026-03-10T10:00:00Z", (NOW + timedelta(hours=1), [])),
        (EVENT, "2026-03-09T11:00:00Z", (AS_IT_IS, [])),  # 24 hours ahead: the given time stands
        (EVENT, "9999-12-31T23:59:59Z", (AS_IT_IS, [])),
        ("9999-12-31T23:59:59Z", EVENT, (NOW, [UNREADABLE_TIME])),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", (NOW, [])),
        ("yesterday", EVENT, (NOW, [UNREADABLE_TIME])),
        (None, EVENT, (NOW, [])),
    ],
)
def test_the_time_of_an_event_by_our_clock(given, sent, expected):
    assert event_time(given, sent, NOW) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("20261121", datetime(2026, 11, 21, tzinfo=UTC)),
        ("2026-11-21t10:00:00z", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("1763719199.5", datetime(2025, 11, 21, 9, 59, 59, 500_000, tzinfo=UTC)),
        (" 1763719199 ", datetime(2025, 11, 21, 9, 59, 59, tzinfo=UTC)),
        ("1763719199000", datetime(2025, 11, 21, 9, 59, 59, tzinfo=UTC)),
        (1763719199.5, datetime(2025, 11, 21, 9, 59, 59, 500_000, tzinfo=UTC)),
        ("2026", None),
        ("20261399", None),
        (2026, None),
        (20261121, None),
        ("\u0661\u0667\u0666\u0663\u0667\u0661\u0669\u0661\u0669\u0669", None),
        ("1969-12-31T23:59:59Z", None),
        (True, None),
        (10**400, None),
        ("9" * 400, None),
    ],
)
def test_times_in_many_forms(given, expected):
    assert moment(given) == expected
