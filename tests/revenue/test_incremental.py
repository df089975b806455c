"""Stored figures after any changes equal the ones computed from scratch, and only what changed is computed again."""

import random
import threading
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from config.backoffice import settings as install
from orgs.models import Organization, OrganizationKey
from revenue import books, facts
from revenue.facts import rebuilding
from revenue.models import (
    ExchangeRate,
    OrganizationFacts,
    OrganizationMonth,
    StoredCohort,
    StoredFacts,
    StoredMonth,
    Subscription,
)
from revenue.mrr.report import report
from tests import factories
from tests.revenue.stored import AS_OF, CURRENCIES, PRODUCTS, store_book

NOW = factories.NOW


def everything():
    """All that is stored, but when and how fast."""
    months = OrganizationMonth.objects.order_by("organization_id", "month")
    state = StoredFacts.objects.get()
    return {
        "months": list(months.values_list()),
        "organizations": list(OrganizationFacts.objects.order_by("organization_id").values_list()),
        "sums": list(StoredMonth.objects.values_list()),
        "cohorts": list(StoredCohort.objects.values_list()),
        "state": (state.as_of, state.basis, state.fingerprint, state.content),
    }


def from_scratch(as_of):
    """The same, computed from nothing; what stood before stands again afterwards."""
    with transaction.atomic():
        StoredFacts.objects.all().delete()
        facts.refresh(as_of, NOW)
        found = everything()
        transaction.set_rollback(True)
    return found


def agrees_with_the_engine(as_of):
    full = report(books.load(as_of), facts.first_month_of(as_of))
    return (tuple(facts.last_months(as_of, 500)), tuple(facts.last_cohorts())) == (full.months, full.cohorts)


@st.composite
def changes(draw):
    """One change somebody may make, as a name, a random number and an amount."""
    name = draw(st.sampled_from(sorted(CHANGES)))
    return name, draw(st.integers(0, 10**6)), draw(st.sampled_from(["0", "12.5", "-40", "990"]))


def pick(found, number):
    rows = list(found.order_by("pk"))
    return rows[number % len(rows)] if rows else None


def reprice(number, amount):
    if line := pick(Subscription.objects.known_now(), number):
        Subscription.objects.filter(pk=line.pk).update(mrr=Decimal(amount))


def end(number, amount):
    if line := pick(Subscription.objects.known_now(), number):
        Subscription.objects.filter(pk=line.pk).update(end_on=line.start_on + timedelta(days=number % 400))


def withdraw(number, amount):
    """What an undo and a complete file do: the version is not known any more."""
    if line := pick(Subscription.objects.known_now(), number):
        Subscription.objects.filter(pk=line.pk).update(known_to=AS_OF)


def bring_back(number, amount):
    if line := pick(Subscription.objects.exclude(known_to=None), number):
        Subscription.objects.filter(pk=line.pk).update(known_to=None)


def add(number, amount):
    chance = random.Random(number)
    start = AS_OF - timedelta(days=chance.randint(-30, 1500))
    Subscription.objects.create(
        key=pick(OrganizationKey.objects, number),
        subscription_id=f"added-{Subscription.objects.count()}",
        product_code=chance.choice(PRODUCTS),
        mrr=Decimal(amount),
        currency=chance.choice(CURRENCIES),
        start_on=start,
        end_on=chance.choice([None, start + timedelta(days=200)]),
        known_from=start,
    )


def join(number, amount):
    key = pick(OrganizationKey.objects, number)
    OrganizationKey.objects.filter(pk=key.pk).update(organization=pick(Organization.objects, number // 7))


def separate(number, amount):
    key = pick(OrganizationKey.objects, number)
    own = Organization.objects.filter(external_id=key.external_id).first()
    if own:
        OrganizationKey.objects.filter(pk=key.pk).update(organization=own)


def rate(number, amount):
    day = AS_OF - timedelta(days=number % 500)
    values = {"per_eur": Decimal(500 + number % 1000) / 1000}
    ExchangeRate.objects.update_or_create(date=day, currency="USD", defaults=values)


def grace(number, amount):
    install.change({"gap_grace_days": number % 40}, actor=None, now=NOW)


def currency(number, amount):
    install.change({"reporting_currency": "USD" if number % 2 else "EUR"}, actor=None, now=NOW)


def renewal(number, amount):
    day = AS_OF + timedelta(days=number % 200)
    Organization.objects.filter(pk=pick(Organization.objects, number).pk).update(renewal_on=day)


CHANGES = {
    each.__name__: each
    for each in (reprice, end, withdraw, bring_back, add, join, separate, rate, grace, currency, renewal)
}


class RandomChanges(TestCase):
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 10**6), st.lists(st.lists(changes(), min_size=1, max_size=4), min_size=1, max_size=3))
    def test_equal_to_a_full_rebuild_after_any_changes(self, seed, rounds):
        store_book(seed, organizations=8, lines=24)
        facts.refresh(AS_OF, NOW)
        for made in rounds:
            for name, number, amount in made:
                CHANGES[name](number, amount)
            facts.refresh(AS_OF, NOW)
            assert everything() == from_scratch(AS_OF)
        assert agrees_with_the_engine(AS_OF)


pytestmark = pytest.mark.django_db


def test_only_touched_organizations_are_computed_again(monkeypatch):
    store_book(40)
    facts.refresh(AS_OF, NOW)
    line = Subscription.objects.known_now().select_related("key").first()
    reprice(0, "77")
    before = dict(OrganizationFacts.objects.values_list("organization_id", "mark"))
    counted = []
    monkeypatch.setattr(rebuilding, "AT_A_TIME", 1)
    load = books.load
    monkeypatch.setattr(
        books, "load", lambda *args, **kinds: counted.append(kinds["organization_ids"]) or load(*args, **kinds)
    )
    facts.refresh(AS_OF, NOW)
    assert counted == [[line.key.organization_id]]
    after = dict(OrganizationFacts.objects.values_list("organization_id", "mark"))
    assert [who for who in before if before[who] != after[who]] == [line.key.organization_id]


def test_a_new_day_computes_everybody():
    store_book(41)
    facts.refresh(AS_OF, NOW)
    facts.refresh(AS_OF + timedelta(days=1), NOW)
    assert everything() == from_scratch(AS_OF + timedelta(days=1))
    assert agrees_with_the_engine(AS_OF + timedelta(days=1))


def test_rows_that_somebody_broke_are_computed_anew():
    """A sum that is not that of its rows is never shown on: the next rebuild of anything puts it right."""
    store_book(42)
    facts.refresh(AS_OF, NOW)
    row = OrganizationMonth.objects.filter(closing__gt=0).first()
    OrganizationMonth.objects.filter(pk=row.pk).update(closing=row.closing + 1)
    reprice(3, "77")
    facts.refresh(AS_OF, NOW)
    assert everything() == from_scratch(AS_OF)


@pytest.mark.parametrize("step", ["take_off", "count", "keep"])
def test_killed_half_way_leaves_the_old_figures_and_the_next_run_finishes(monkeypatch, step):
    store_book(43)
    facts.refresh(AS_OF, NOW)
    before = everything()
    for number in range(5):
        reprice(number, "77")
    real = getattr(rebuilding, step)

    def killed(*arguments):
        real(*arguments)
        raise SystemExit

    monkeypatch.setattr(rebuilding, step, killed)
    with pytest.raises(SystemExit):
        facts.refresh(AS_OF, NOW)
    monkeypatch.undo()
    assert everything() == before
    facts.refresh(AS_OF, NOW)
    assert everything() == from_scratch(AS_OF) != before


@pytest.mark.django_db(transaction=True)
def test_two_at_once_write_once():
    store_book(44)
    done = []

    def run():
        done.append(facts.refresh(AS_OF, NOW))
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each is None for each in done) == [False, True]
    assert everything() == from_scratch(AS_OF)


def test_months_before_the_first_line_go_and_come():
    org = factories.organization()
    factories.subscription(org, "10", start_on=date(2025, 11, 3), subscription_id="a")
    facts.refresh(AS_OF, NOW)
    assert facts.last_months(AS_OF, 500)[0].month.label == "2025-11"
    old = factories.subscription(org, "20", start_on=date(2022, 2, 1), end_on=date(2022, 3, 1), subscription_id="b")
    facts.refresh(AS_OF, NOW)
    assert facts.last_months(AS_OF, 500)[0].month.label == "2022-02"
    assert everything() == from_scratch(AS_OF)
    old.delete()
    facts.refresh(AS_OF, NOW)
    assert everything() == from_scratch(AS_OF)
    assert [cohort.month for cohort in facts.last_cohorts()] == [date(2025, 11, 1)]


def test_an_organization_that_is_gone_leaves():
    org = factories.organization()
    line = factories.subscription(org, "10")
    facts.refresh(AS_OF, NOW)
    line.delete()
    org.delete()
    facts.refresh(AS_OF, NOW)
    assert not OrganizationMonth.objects.exists() and not OrganizationFacts.objects.exists()
    assert everything() == from_scratch(AS_OF)
