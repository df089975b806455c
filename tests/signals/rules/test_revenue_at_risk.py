from decimal import Decimal

import pytest

from signals.rules.revenue_at_risk import Thresholds, check
from tests.signals.evidences import ago, evidence, reading, reading_of


@pytest.mark.parametrize(
    ("score", "fires"), [("40.00", False), ("39.99", True), ("0.00", True), ("100.00", False), (None, False)]
)
def test_fires_below_40(score, fires):
    assert (check(evidence(), reading_of(score), Thresholds()) is not None) is fires


def test_who_does_not_pay_puts_no_revenue_at_risk():
    assert check(evidence(mrr=Decimal(0)), reading_of("10.00"), Thresholds()) is None


@pytest.mark.parametrize(("score", "severity"), [("39.99", "0.2502"), ("20.00", "0.6250"), ("0.00", "1.0000")])
def test_severity_grows_from_a_quarter_to_one(score, severity):
    assert check(evidence(), reading_of(score), Thresholds()).severity == Decimal(severity)


def test_the_sentence_names_what_cost_most():
    facts = {
        "last_seen_on": ago(6),
        "active_weekdays_28d": 4,
        "active_users_28d": 4,
        "events_28d": 412,
        "events_previous_28d": 1180,
        "distinct_events_28d": 0,
    }
    # 20.69 + 5 + 8 + 0 + 0
    finding = check(evidence(**facts), reading(**facts), Thresholds())
    assert finding.sentence == "Health 33, below 40, most lost in frequency (4 of 20 working days)"
    assert finding.numbers == {"score": "33.69", "health_below": "40", "mrr": "1000.00"}


def test_the_line_can_be_moved():
    assert check(evidence(), reading_of("49.99"), Thresholds(health_below=Decimal(50))) is not None
    assert check(evidence(), reading_of("50.00"), Thresholds(health_below=Decimal(50))) is None
