from datetime import UTC, datetime
from decimal import Decimal

import pytest

from signals import queue
from signals.models import Signal
from signals.prioritization import part, urgency
from signals.rules import Finding
from tests import factories
from tests.signals.evidences import ahead, evidence


def risk(severity="0.5000"):
    return Finding(rule="revenue_at_risk", sentence="", severity=Decimal(severity))


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


@pytest.mark.django_db
def test_lists_go_by_the_sum_of_the_open_signals_then_by_id():
    now = datetime(2026, 3, 10, 12, tzinfo=UTC)
    worth = {"nine": ["5"], "three": ["2", "3"], "eight": ["6"], "closed": ["5"]}
    for name, amounts in worth.items():
        org = factories.organization(name)
        factories.snapshot(org)
        for kind, amount in zip(("usage_drop", "renewal_risk"), amounts, strict=False):
            state = "dismissed" if name == "closed" else "open"
            about = {"opened_at": now, "changed_at": now, "sentence": "x", "state": state}
            Signal.objects.create(organization=org, type=kind, money_at_stake=Decimal(amount), **about)
    listed = queue.organizations(queue.QueueFilter(), user=None, now=now)
    assert [(org.external_id, org.at_stake) for org in listed] == [("eight", 6), ("nine", 5), ("three", 5)]
