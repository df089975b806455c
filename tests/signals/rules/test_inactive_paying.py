from decimal import Decimal

import pytest

from signals.configuration import ConfigurationError
from signals.rules.inactive_paying import Thresholds, check
from tests.signals.evidences import ago, evidence, reading_of


def silence(days, **facts):
    last_seen_on = None if days is None else ago(days)
    return check(evidence(last_seen_on=last_seen_on, **facts), reading_of(None), Thresholds())


@pytest.mark.parametrize(("days", "fires"), [(0, False), (13, False), (14, True), (15, True), (None, True)])
def test_fires_from_day_14_or_when_never_seen(days, fires):
    assert (silence(days) is not None) is fires


def test_who_does_not_pay_may_be_silent():
    assert silence(None, mrr=Decimal(0)) is None


@pytest.mark.parametrize(
    ("days", "severity"), [(14, "0.2500"), (22, "0.6250"), (30, "1.0000"), (90, "1.0000"), (None, "1.0000")]
)
def test_severity(days, severity):
    assert silence(days).severity == Decimal(severity)


def test_sentences_and_numbers():
    assert silence(23).sentence == "Paying, last seen 23 days ago"
    assert silence(23).numbers == {"silent_days": 23, "last_seen_on": "2026-02-07", "days": 14}
    assert silence(None).sentence == "Paying, never seen"
    assert silence(None).numbers == {"silent_days": None, "last_seen_on": None, "days": 14}


def test_full_severity_must_come_later():
    with pytest.raises(ConfigurationError, match="30 must be above Days without event"):
        Thresholds(days=30)
