"""Movements of the month and of organizations against the engine over the whole book."""

from datetime import date
from decimal import Decimal

import pytest
from django.utils import timezone

from config.backoffice import settings as install
from revenue import answers, books
from revenue.mrr.movements import movements
from tests import factories
from tests.revenue.stored import AS_OF, store_book

pytestmark = pytest.mark.django_db


def rows_of(items):
    return sorted(
        (each.organization_id, each.kind, each.opening, each.closing, each.amount, each.fx_impact) for each in items
    )


def of_engine(found):
    return sorted(
        (each.organization, each.kind, each.opening, each.closing, each.amount, each.fx_impact)
        for each in found
        if each.kind is not None
    )


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("grace", [0, 20])
def test_changes_of_the_month_equal_the_whole_book(seed, grace):
    store_book(seed, organizations=60)
    install.change(
        {"gap_grace_days": grace, "reporting_currency": "USD" if seed % 2 else "EUR"}, actor=None, now=timezone.now()
    )
    changes = answers.changes_of_month(AS_OF)
    assert (changes.since, changes.as_of) == (date(2026, 3, 1), AS_OF)
    assert rows_of(changes.items) == of_engine(movements(books.load(AS_OF), changes.since, AS_OF))
    bridge = answers.months(AS_OF, AS_OF).months[0].bridge
    for kind in ("new", "expansion", "reactivation", "contraction", "churn"):
        assert sum(each.amount for each in changes.items if each.kind == kind) == getattr(bridge, kind)


def test_changes_of_the_month_with_a_constant_rate():
    store_book(3, organizations=60)
    install.change({"fx_mode": "constant", "fx_constant_date": date(2026, 1, 1)}, actor=None, now=timezone.now())
    changes = answers.changes_of_month(AS_OF)
    assert rows_of(changes.items) == of_engine(movements(books.load(AS_OF), changes.since, AS_OF))


def test_the_way_of_one_organization():
    org = factories.organization(display_name="Acme")
    factories.subscription(org, "100", subscription_id="a", start_on=date(2025, 12, 10), end_on=date(2026, 2, 10))
    factories.subscription(org, "150", subscription_id="b", start_on=date(2026, 2, 12))
    factories.subscription(factories.organization("other"), "7", start_on=date(2026, 2, 12))
    found = answers.movements_of(org.pk, AS_OF)
    assert [(each.name, each.on, each.kind, each.amount) for each in found] == [
        ("Acme", date(2026, 2, 28), "expansion", Decimal("50.0000")),
        ("Acme", date(2025, 12, 31), "new", Decimal("100.0000")),
    ]
    days = answers.ledger_of(org.pk, date(2026, 2, 1), AS_OF, AS_OF)
    assert [(each.on, each.kind, each.amount) for each in days] == [
        (date(2026, 2, 12), "reactivation", Decimal("150.0000")),
        (date(2026, 2, 10), "churn", Decimal("100.0000")),
    ]
    assert answers.trend_of(org.pk, AS_OF, 4) == [
        (date(2025, 12, 31), Decimal("100.0000")),
        (date(2026, 1, 31), Decimal("100.0000")),
        (date(2026, 2, 28), Decimal("150.0000")),
        (AS_OF, Decimal("150.0000")),
    ]


def test_what_was_known_on_a_day():
    org = factories.organization()
    day = date(2026, 2, 20)
    factories.subscription(org, "100", subscription_id="a", known_from=date(2026, 1, 1), known_to=day)
    factories.subscription(org, "80", subscription_id="a", known_from=day)
    assert answers.months(AS_OF, AS_OF).months[0].bridge.end == 80
    assert answers.months(AS_OF, AS_OF, known_on=date(2026, 2, 19)).months[0].bridge.end == 100
    assert answers.months(AS_OF, AS_OF, known_on=day).months[0].bridge.end == 80
