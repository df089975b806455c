from decimal import Decimal

import pytest

from signals.configuration import ConfigurationError
from signals.rules.expansion_candidate import Thresholds, check
from tests.signals.evidences import evidence, reading_of


def growth(now, before=1000, score="70.00", **facts):
    changed = evidence(events_30d=now, events_previous_30d=before, **facts)
    return check(changed, reading_of(score), Thresholds())


@pytest.mark.parametrize(
    ("now", "before", "fires"),
    [(1300, 1000, True), (1299, 1000, False), (65, 50, True), (64, 50, False), (490, 49, False)],
)
def test_fires_from_130_percent_of_at_least_50(now, before, fires):
    assert (growth(now, before) is not None) is fires


@pytest.mark.parametrize(("score", "fires"), [("70.00", True), ("69.99", False), (None, False)])
def test_fires_from_health_70(score, fires):
    assert (growth(2000, score=score) is not None) is fires


def test_who_does_not_pay_yet_is_a_candidate_too():
    assert growth(2000, mrr=Decimal(0)).growth == Decimal("1.0000")


@pytest.mark.parametrize(
    ("now", "severity", "grown"),
    [(1300, "0.2500", "0.3000"), (1650, "0.6250", "0.6500"), (2000, "1.0000", "1.0000"), (5000, "1.0000", "4.0000")],
)
def test_severity_ends_and_growth_does_not(now, severity, grown):
    finding = growth(now)
    assert (finding.severity, finding.growth) == (Decimal(severity), Decimal(grown))


def test_the_sentence_can_be_read_aloud():
    finding = growth(1640, score="88.40")
    assert finding.sentence == "30-day events 1\u202f640, previous 1\u202f000: +64\u00a0%; health 88"
    assert finding.numbers == {
        "events_30d": 1640,
        "events_previous_30d": 1000,
        "ratio_from": "1.3",
        "score": "88.40",
    }


def test_full_severity_must_come_later():
    with pytest.raises(ConfigurationError, match=r"1\.3 must be above 1\.3"):
        Thresholds(full_severity_ratio=Decimal("1.3"))
