"""Stored facts: the same as computed ones, current exactly while nothing they were computed from changed."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from config.backoffice import settings as install
from config.backoffice.models import JobRun
from orgs.models import Organization, OrganizationKey
from revenue import books, facts
from revenue.jobs import refresh_figures
from revenue.models import ExchangeRate, StoredFacts, Subscription
from tests import factories
from tests.revenue.stored import AS_OF, store_book

pytestmark = pytest.mark.django_db
NOW = factories.NOW


def mark():
    return facts.fingerprint(books.read_terms())


def test_what_is_read_back_is_what_was_computed():
    store_book(4)
    computed = facts.compute(AS_OF, books.read_terms())
    first = facts.get(AS_OF, NOW)
    again = facts.get(AS_OF, NOW + timedelta(minutes=1))
    assert first.facts == again.facts == computed
    assert (first.is_current, again.computed_at, StoredFacts.objects.count()) == (True, NOW, 1)
    assert computed.products.total == computed.months[-1].bridge.end
    assert [each.bridge.start for each in computed.months[1:]] == [each.bridge.end for each in computed.months[:-1]]


def change_line():
    Subscription.objects.filter(pk=Subscription.objects.known_now().first().pk).update(mrr=7)


def change_alias():
    one, two = Organization.objects.order_by("id")[:2]
    OrganizationKey.objects.filter(external_id=one.external_id).update(organization=two)


def withdraw_line():
    Subscription.objects.filter(pk=Subscription.objects.known_now().first().pk).update(known_to=AS_OF)


def change_rate():
    ExchangeRate.objects.filter(currency="USD").update(per_eur=2)


def change_renewal():
    Organization.objects.filter(pk=Organization.objects.first().pk).update(renewal_on=AS_OF)


def change_name():
    Organization.objects.filter(pk=Organization.objects.first().pk).update(display_name="Acme")


def change_settings():
    install.change({"gap_grace_days": 9}, actor=None, now=NOW)


@pytest.mark.parametrize(
    "change",
    [change_line, change_alias, withdraw_line, change_rate, change_renewal, change_name, change_settings],
)
def test_every_change_of_what_counts_is_noticed(change):
    store_book(5)
    assert facts.refresh(AS_OF, NOW) is not None
    assert facts.refresh(AS_OF, NOW) is None
    change()
    assert facts.refresh(AS_OF, NOW) is not None


def test_what_does_not_count_is_not_noticed():
    store_book(5)
    before = mark()
    factories.organization("seen in an event")
    ExchangeRate.objects.create(date=AS_OF, currency="CHF", per_eur=1)
    old = Subscription.objects.exclude(known_to=None).first()
    Subscription.objects.filter(pk=old.pk).update(mrr=1)
    assert mark() == before


def test_a_large_book_shows_older_figures_and_says_so(monkeypatch):
    monkeypatch.setattr(facts, "AT_ONCE", 0)
    org = factories.organization()
    factories.subscription(org, "10")
    assert facts.get(AS_OF, NOW).is_current is True
    factories.subscription(org, "5", product_code="team")
    known = facts.get(AS_OF, NOW + timedelta(hours=1))
    assert (known.is_current, known.computed_at, known.facts.months[-1].bridge.end) == (False, NOW, 10)
    facts.refresh(AS_OF, NOW + timedelta(hours=2))
    known = facts.get(AS_OF, NOW + timedelta(hours=3))
    assert (known.is_current, known.facts.months[-1].bridge.end) == (True, 15)


def test_facts_of_another_shape_are_not_read(monkeypatch):
    monkeypatch.setattr(facts, "AT_ONCE", 0)
    factories.subscription(factories.organization(), "10")
    StoredFacts.objects.create(as_of=AS_OF, fingerprint="old", content={"version": 0}, computed_at=NOW, duration_ms=1)
    assert facts.get(AS_OF, NOW).is_current is True


def test_old_facts_go():
    factories.subscription(factories.organization(), "10")
    facts.refresh(AS_OF, NOW)
    facts.refresh(AS_OF + timedelta(days=4), NOW + timedelta(days=4))
    assert [stored.as_of for stored in StoredFacts.objects.all()] == [AS_OF + timedelta(days=4)]


def test_the_months_begin_with_the_first_line_and_are_bounded():
    assert facts.first_month_of(AS_OF) == date(2026, 3, 1)
    org = factories.organization()
    factories.subscription(org, "10", start_on=date(2026, 1, 9))
    assert facts.first_month_of(AS_OF) == date(2026, 1, 1)
    factories.subscription(org, "10", start_on=date(2009, 1, 9))
    assert facts.first_month_of(AS_OF) == date(2021, 4, 1)


def test_the_job_says_what_it_did():
    factories.subscription(factories.organization(), "10")
    run = JobRun(job="revenue_figures", slot="now", due_at=timezone.now(), queued_at=timezone.now())
    assert refresh_figures(run).endswith("from 1 lines.")
    assert refresh_figures(run) == "Nothing changed."
