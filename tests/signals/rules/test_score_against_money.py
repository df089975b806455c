from decimal import Decimal

import pytest

from signals.configuration import ConfigurationError
from signals.rules.score_against_money import Thresholds, check
from tests.signals.evidences import evidence, reading_of


def against(score, before, now):
    facts = evidence(mrr=Decimal(now), mrr_90_days_ago=None if before is None else Decimal(before))
    return check(facts, reading_of(score), Thresholds())


@pytest.mark.parametrize(
    ("score", "before", "now", "fires"),
    [
        ("70.00", "1000", "999.99", True),
        ("69.99", "1000", "500", False),
        ("70.00", "1000", "1000", False),
        ("70.00", "1000", "1500", False),
        ("39.99", "1000", "1000.01", True),
        ("40.00", "1000", "2000", False),
        ("39.99", "1000", "900", False),
        ("39.99", "0", "900", True),
        (None, "1000", "900", False),
        ("80.00", None, "900", False),
    ],
)
def test_fires_when_score_and_money_part(score, before, now, fires):
    assert (against(score, before, now) is not None) is fires


@pytest.mark.parametrize(
    ("score", "before", "now", "severity"),
    [("80.00", "1000", "800", "0.4000"), ("80.00", "1000", "0", "1.0000"), ("20.00", "500", "1000", "0.6250")],
)
def test_severity_is_the_share_that_came_or_went(score, before, now, severity):
    assert against(score, before, now).severity == Decimal(severity)


def test_sentences():
    assert against("82.50", "1000", "800").sentence == (
        "Health 82, but MRR 800\u00a0EUR, 90 days ago 1\u202f000\u00a0EUR: \u221220\u00a0%"
    )
    assert against("20.00", "0", "900").sentence == "Health 20, but MRR 900\u00a0EUR, 90 days ago 0\u00a0EUR"
    assert against("82.50", "1000", "800").numbers == {
        "mrr": "800",
        "mrr_90_days_ago": "1000",
        "score": "82.50",
    }


def test_the_lines_may_meet_but_not_cross():
    assert Thresholds(healthy_from=Decimal(50), at_risk_below=Decimal(50)).at_risk_below == 50
    with pytest.raises(ConfigurationError, match="51 must not be above 50"):
        Thresholds(healthy_from=Decimal(50), at_risk_below=Decimal(51))
