"""Answers of a day against the engine's report and against slow plain Python, on random books in the database."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from config.backoffice import settings as install
from orgs.models import OrganizationKey
from revenue import answers, books
from revenue.models import Subscription
from revenue.mrr.money import from_units
from revenue.mrr.movements import segment_on
from tests import factories
from tests.revenue.stored import AS_OF, store_book

pytestmark = pytest.mark.django_db
SEEDS = range(6)


def choose(**values):
    install.change(values, actor=None, now=timezone.now())


def plain_mrr(as_of, rate_of):
    """R2, R5, R7, R23, R26 with loops and `Decimal` only."""
    found = {}
    for row in Subscription.objects.filter(known_to=None).select_related("key"):
        begins = max(row.start_on, row.trial_end_on or row.start_on)
        if begins > as_of or (row.end_on is not None and row.end_on <= as_of) or row.currency == "XAU":
            continue
        value = (row.mrr / rate_of(row.currency)).quantize(Decimal("0.0001"), "ROUND_HALF_UP")
        found[row.key.organization_id] = found.get(row.key.organization_id, Decimal(0)) + value
    return {organization: max(value, Decimal(0)) for organization, value in found.items()}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("grace", [0, 20])
def test_a_day_agrees_with_the_report(seed, grace):
    store_book(seed)
    choose(gap_grace_days=grace, reporting_currency="USD" if seed % 2 else "EUR")
    figures = answers.months(date(2026, 1, 1), AS_OF)
    month = figures.months[-1]
    headline = answers.headline(AS_OF)
    assert {who: mrr for who, mrr in answers.organization_mrr(AS_OF).items() if mrr} == figures.mrr_by_organization
    assert (headline.mrr, headline.arr, headline.paying) == (month.bridge.end, month.arr_end, month.paying_end)
    assert (headline.arpa, headline.previous_mrr) == (month.ratios.arpa, month.bridge.start)
    assert headline.previous_month == date(2026, 2, 28)
    assert headline.unconverted == figures.unconverted
    assert answers.concentration(AS_OF) == month.composition.concentration
    by_product = answers.by_product(AS_OF)
    assert {item.product_code: item.mrr for item in by_product.items} == month.composition.mrr_by_product
    assert {
        item.product_code: (item.subscriptions, item.organizations) for item in by_product.items if item.subscriptions
    } == {code: (counts.lines, counts.organizations) for code, counts in month.composition.product_counts.items()}
    assert sum(item.mrr for item in by_product.items) + by_product.unused_discounts == by_product.total == headline.mrr
    assert by_product.unused_discounts >= 0


@pytest.mark.parametrize("seed", SEEDS)
def test_mrr_of_organizations_equals_plain_python(seed):
    store_book(seed)
    terms = books.read_terms()
    for day in (AS_OF, AS_OF - timedelta(days=33), AS_OF + timedelta(days=30)):

        def rate_of(currency, day=day):
            rate = terms.rates.per_eur(currency, day.toordinal())
            return Decimal(rate.numerator) / rate.denominator

        assert answers.organization_mrr(day) == plain_mrr(day, rate_of)


def test_a_previous_close_inside_a_gap_that_closed_since_counts_as_paid():
    org = factories.organization()
    factories.subscription(org, "100", subscription_id="a", start_on=date(2025, 1, 1), end_on=date(2026, 2, 26))
    factories.subscription(org, "120", subscription_id="b", start_on=date(2026, 3, 4))
    assert answers.headline(AS_OF).previous_mrr == 0
    choose(gap_grace_days=10)
    assert answers.headline(AS_OF).previous_mrr == 100
    assert answers.headline(AS_OF).change == Decimal("0.200000")


def test_an_empty_install():
    headline = answers.headline(AS_OF)
    assert (headline.mrr, headline.paying, headline.arpa, headline.change) == (0, 0, None, None)
    assert answers.by_product(AS_OF).items == ()
    assert answers.organization_mrr(AS_OF) == {}
    assert answers.concentration(AS_OF).hhi is None


def test_an_accepted_alias_moves_its_revenue():
    one, other = factories.organization("one"), factories.organization("two")
    factories.subscription(one, "10")
    factories.subscription(other, "5")
    OrganizationKey.objects.filter(external_id="two").update(organization=one)
    assert answers.organization_mrr(AS_OF) == {one.pk: Decimal("15.0000")}
    assert answers.organization_mrr(AS_OF, [other.pk]) == {}


def test_products_of_organizations():
    org = factories.organization()
    for number, (code, mrr) in enumerate([("team", "5"), ("pro", "9"), ("pro", "1"), ("deal", "-2"), ("free", "0")]):
        factories.subscription(org, mrr, product_code=code, subscription_id=str(number))
    factories.subscription(org, "9", product_code="old", end_on=AS_OF)
    assert answers.products(AS_OF) == {org.pk: ["free", "pro", "team"]}


def test_subscriptions_of_an_organization_say_where_they_stand():
    org = factories.organization()
    factories.subscription(org, "1", subscription_id="ended", end_on=AS_OF)
    factories.subscription(org, "2", subscription_id="next", start_on=AS_OF + timedelta(days=1))
    factories.subscription(org, "3", subscription_id="trial", trial_end_on=AS_OF + timedelta(days=9))
    factories.subscription(org, "4", subscription_id="now", currency="XAU", end_on=AS_OF + timedelta(days=1))
    factories.subscription(org, "5", subscription_id="old version", known_to=AS_OF)
    lines = answers.subscriptions_of(org.pk, AS_OF)
    assert [(line.subscription_id, line.state, line.converted) for line in lines] == [
        ("now", "active", None),
        ("next", "scheduled", Decimal("2.0000")),
        ("trial", "scheduled", Decimal("3.0000")),
        ("ended", "ended", Decimal("1.0000")),
    ]


def test_the_close_of_a_day_equals_the_engine_for_every_day_of_a_month():
    store_book(99)
    choose(gap_grace_days=15)
    for back in range(31):
        day = AS_OF - timedelta(days=back)
        book, at = books.load(day), day.toordinal()
        held = {timeline.organization: segment_on(timeline, at) for timeline in book.timelines}
        expected = {who: from_units(book.value(seg, at)) for who, seg in held.items() if seg is not None}
        assert answers.organization_mrr(day) == expected
