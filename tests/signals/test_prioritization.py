from decimal import Decimal

import pytest

from signals.prioritization import Part, part, prioritize, rank, urgency
from signals.rules import Finding
from tests.signals.evidences import ahead, evidence


def risk(severity="0.5000"):
    return Finding(rule="revenue_at_risk", sentence="", severity=Decimal(severity))


def worth(rule, amount):
    return Part(rule, Decimal(amount), Decimal(1), Decimal(1), Decimal(amount), "")


@pytest.mark.parametrize(
    ("days", "factor"),
    [(None, "1"), (-1, "1"), (0, "1.5"), (30, "1.5"), (31, "1.25"), (90, "1.25"), (91, "1")],
)
def test_urgency(days, factor):
    assert urgency(days) == Decimal(factor)


def test_money_at_stake_is_mrr_by_severity_by_urgency():
    found = part(risk("0.4165"), evidence(mrr=Decimal("9800"), renewal_on=ahead(41)))
    assert found.money_at_stake == Decimal("5102.13")
    assert (found.mrr, found.factor, found.urgency) == (Decimal("9800"), Decimal("0.4165"), Decimal("1.25"))
    assert found.words == "9\u202f800\u00a0EUR × severity 0.42 × urgency 1.25"


def test_calm_urgency_is_not_mentioned():
    found = part(risk(), evidence())
    assert (found.money_at_stake, found.words) == (Decimal("500.00"), "1\u202f000\u00a0EUR × severity 0.50")


def test_growth_counts_instead_of_severity_and_urgency():
    growth = Finding(rule="expansion_candidate", sentence="", severity=Decimal("1.0000"), growth=Decimal("0.6400"))
    found = part(growth, evidence(mrr=Decimal("2100"), renewal_on=ahead(5)))
    assert found.money_at_stake == Decimal("1344.00")
    assert found.words == "2\u202f100\u00a0EUR × growth 64\u00a0%"


def test_without_mrr_nothing_is_at_stake():
    assert part(risk(), evidence(mrr=Decimal(0))).money_at_stake == Decimal("0.00")


def test_priority_is_the_sum_of_its_parts_largest_first():
    priority = prioritize(7, [worth("usage_drop", "10.10"), worth("renewal_risk", "20.20")])
    assert priority.value == Decimal("30.30")
    assert [one.rule for one in priority.parts] == ["renewal_risk", "usage_drop"]
    assert prioritize(7, []).value == Decimal("0.00")


def test_ties_go_by_organization_id():
    listed = rank(
        [
            prioritize(9, [worth("usage_drop", "5")]),
            prioritize(3, [worth("usage_drop", "5")]),
            prioritize(8, [worth("usage_drop", "6")]),
        ]
    )
    assert [priority.organization_id for priority in listed] == [8, 3, 9]
