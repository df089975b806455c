from decimal import Decimal

import pytest

from signals.rules.data_incident import DayPair, Thresholds, check


def day(*pairs):
    return check([DayPair(number, *pair) for number, pair in enumerate(pairs)], Thresholds())


@pytest.mark.parametrize(("events", "fires"), [(40, False), (39, True), (0, True), (100, False)])
def test_fires_when_the_median_fell_by_more_than_60_percent(events, fires):
    found = day((100, 100), (100, 100), (events, 100), (0, 100), (0, 100))
    assert (found is not None) is fires


def test_the_middle_of_an_even_number_lies_between_two():
    assert day((100, 100), (100, 100), (50, 100), (30, 100), (0, 100), (0, 100)) is None
    assert day((100, 100), (100, 100), (50, 100), (29, 100), (0, 100), (0, 100)) is not None


def test_who_had_no_events_a_week_before_is_left_out():
    silent = [(0, 0)] * 9
    assert day((100, 100), (100, 100), (100, 100), (0, 100), (0, 100), *silent) is None


def test_four_organizations_are_no_median():
    assert day(*[(0, 100)] * 4) is None
    assert day(*[(0, 100)] * 5) is not None


def test_sentence_severity_and_numbers():
    found = day((40, 100), (20, 100), (20, 100), (10, 100), (0, 100))
    assert found.sentence == (
        "Events of the median organization \u221280\u00a0% against the same weekday last week; "
        "4 of 5 organizations fell as sharply"
    )
    assert found.severity == Decimal("0.6250")
    assert found.numbers == {
        "median_ratio": "0.2000",
        "organizations": 5,
        "organizations_down": 4,
        "fall_above": "0.6",
    }
