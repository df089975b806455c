"""Filters at their edges: what equals a number, and on which day a moment was."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from config.backoffice import settings
from tests.factories import application
from tests.tracker.test_rollups import event, put
from tracker import rollups
from tracker.insights import reading, trends

pytestmark = pytest.mark.django_db
NOW = datetime(2024, 4, 20, 12, tzinfo=UTC)
AT = datetime(2024, 3, 15, tzinfo=UTC)


def send(*values: Any) -> None:
    """One event a value, each of an organization of its own that is called like the value as JSON."""
    told = [json.dumps(each) for each in values]
    put(application(), [event(AT, external_id=each, properties=f'{{"v": {each}}}') for each in told], received_at=NOW)
    rollups.roll_up(NOW)


def passing(operator: str, value: Any) -> list[Any]:
    """The values that fulfil the filter."""
    found = trends.computed(
        reading.read(
            {
                "series": [{"event": "opened", "filters": [{"property": "v", "operator": operator, "value": value}]}],
                "breakdown": {"property": "external_id", "of": "organization"},
                "range": {"from": "2024-03-01", "to": "2024-03-31"},
            },
            NOW.date(),
        ),
        NOW,
    )
    return sorted((json.loads(each.part.text) for each in found.lines), key=repr)


def test_text_that_is_asked_for_finds_numbers_however_they_were_written():
    send(30, 30.0, "30", "30.0", " 30 ", "030", 31, True)
    assert passing("exact", ["30"]) == sorted([30, 30.0, "30"], key=repr)
    assert passing("exact", [30]) == sorted([30, 30.0, "30", "30.0", " 30 ", "030"], key=repr)
    assert passing("is_not", ["30", "31"]) == sorted(["30.0", " 30 ", "030", True], key=repr)


MOMENTS = ("2024-03-31T21:59:59Z", "2024-03-31T22:30:00.123Z", "2024-03-31 18:30:00-0400", "2024-04-01T00:30+02:00")


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_a_moment_lies_on_its_day_of_the_reporting_zone(zone):
    settings.change({"time_zone": zone}, actor=None, now=NOW)
    send(*MOMENTS, "2024-03-31", "2024-03-31T23:59:59", "2024-04-01T00:00:00", "2024-02-31T10:00:00Z", "31.3.2024")
    moments = MOMENTS[1:] if zone == "Europe/Berlin" else ()
    assert passing("is_date_after", "2024-03-31") == sorted([*moments, "2024-04-01T00:00:00"])
    assert passing("is_date_before", "2024-03-31") == ["2024-02-31T10:00:00Z"]


@pytest.mark.parametrize(
    "value", ["2024-13-01", "2024-03-32", "0000-01-01T00:00:00Z", "2024-03-01T25:00:00Z", "2024-03-0"]
)
def test_what_is_no_day_is_on_none_or_on_the_one_it_names(value):
    send(value)
    named = [value] if value[:10] in ("0000-01-01", "2024-03-01") else []
    assert passing("is_date_before", "2024-12-31") == named
    assert passing("is_date_after", "2024-12-31") == []
