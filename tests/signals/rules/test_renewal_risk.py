from decimal import Decimal

import pytest

from signals.rules.renewal_risk import Thresholds, check
from tests.signals.evidences import ahead, evidence, reading_of


def renewal(days, score="50.00", **facts):
    return check(evidence(renewal_on=ahead(days), **facts), reading_of(score), Thresholds())


@pytest.mark.parametrize(("days", "fires"), [(-1, False), (0, True), (60, True), (61, False)])
def test_fires_within_60_days(days, fires):
    assert (renewal(days) is not None) is fires


@pytest.mark.parametrize(("score", "fires"), [("70.00", False), ("69.99", True), (None, False)])
def test_fires_below_health_70(score, fires):
    assert (renewal(41, score) is not None) is fires


def test_without_a_renewal_or_end_there_is_no_risk():
    assert check(evidence(), reading_of("10.00"), Thresholds()) is None


@pytest.mark.parametrize(("score", "severity"), [("69.99", "0.2501"), ("35.00", "0.6250"), ("0.00", "1.0000")])
def test_severity(score, severity):
    assert renewal(41, score).severity == Decimal(severity)


def test_the_sentence_says_which_day_comes_first():
    assert renewal(41, "69.99").sentence == "Renews in 41 days, health 69"
    assert renewal(41, ends_on=ahead(20)).sentence == "Ends in 20 days, health 50"
    assert renewal(20, ends_on=ahead(41)).sentence == "Renews in 20 days, health 50"
    assert renewal(0, ends_on=ahead(0)).sentence == "Ends today, health 50"
    assert renewal(41).numbers == {
        "days_to_renewal": 41,
        "days": 60,
        "score": "50.00",
        "health_below": "70",
    }
