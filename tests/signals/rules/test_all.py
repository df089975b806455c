from decimal import Decimal

from signals.rules import BY_KEY, RULES, check_all
from signals.rules.revenue_at_risk import Thresholds
from tests.signals.evidences import ago, ahead, evidence, reading

SILENT = {
    "last_seen_on": ago(20),
    "active_weekdays_28d": 2,
    "active_users_28d": 1,
    "events_28d": 100,
    "events_30d": 120,
    "renewal_on": ahead(30),
}


def fired(verdicts):
    return [verdict.rule.key for verdict in verdicts if verdict.condition]


def test_keys_and_titles():
    assert [(rule.key, rule.title) for rule in RULES] == [
        ("revenue_at_risk", "Revenue at risk"),
        ("usage_drop", "Usage drop"),
        ("inactive_paying", "Inactive paying"),
        ("expansion_candidate", "Expansion candidate"),
        ("renewal_risk", "Renewal risk"),
        ("score_against_money", "Score against money"),
    ]
    assert [rule.key for rule in RULES if rule.about_growth] == ["expansion_candidate"]
    assert BY_KEY["usage_drop"] is RULES[1]


def test_one_organization_may_have_several():
    verdicts = check_all(evidence(**SILENT), reading(**SILENT))
    assert fired(verdicts) == ["revenue_at_risk", "usage_drop", "inactive_paying", "renewal_risk"]
    assert all(verdict.finding.rule == verdict.rule.key for verdict in verdicts if verdict.finding)


def test_a_data_incident_holds_back_what_needs_usage():
    verdicts = check_all(evidence(**SILENT), reading(**SILENT), incident=True)
    assert {verdict.rule.key for verdict in verdicts if verdict.condition is None} == {
        "usage_drop",
        "inactive_paying",
    }
    assert fired(verdicts) == ["revenue_at_risk", "renewal_risk"]


def test_thresholds_are_chosen_by_key():
    # 8.62 + 2.50 + 2.00 + 10.00 + 0
    assert reading(**SILENT).score == Decimal("23.12")
    strict = {"revenue_at_risk": Thresholds(health_below=Decimal("23.12"))}
    assert "revenue_at_risk" not in fired(check_all(evidence(**SILENT), reading(**SILENT), strict))


def test_a_customer_who_is_well_has_no_signal():
    assert fired(check_all(evidence(), reading())) == []
