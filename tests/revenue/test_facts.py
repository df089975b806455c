"""Stored facts: the same as computed ones, current exactly while nothing they were computed from changed."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from config.backoffice import settings as install
from config.backoffice.models import JobRun
from orgs.models import Organization, OrganizationKey
from revenue import answers, books, facts
from revenue.facts import marks, reading
from revenue.jobs import refresh_figures
from revenue.models import ExchangeRate, StoredFacts, Subscription
from revenue.mrr.money import ratio, to_units
from revenue.mrr.report import report
from tests import factories
from tests.revenue.stored import AS_OF, store_book

pytestmark = pytest.mark.django_db
NOW = factories.NOW


def mark():
    return marks.read(AS_OF, books.read_terms())


def test_what_is_read_back_is_what_the_engine_says():
    store_book(4)
    known = facts.get(AS_OF, NOW)
    again = facts.get(AS_OF, NOW + timedelta(minutes=1))
    full = report(books.load(AS_OF), facts.first_month_of(AS_OF))
    assert (known.is_current, again, again.computed_at) == (True, known, NOW)
    assert tuple(facts.last_months(AS_OF, 500)) == full.months
    assert tuple(facts.last_cohorts()) == full.cohorts
    lists = known.lists
    assert lists.products == answers.by_product(AS_OF)
    largest = sorted(answers.organization_mrr(AS_OF).items(), key=lambda pair: (-pair[1], pair[0]))[:10]
    assert [(each.organization_id, each.mrr) for each in lists.top] == largest
    assert all(each.share == ratio(to_units(each.mrr), to_units(lists.products.total)) for each in lists.top)
    assert lists.changes == answers.changes_of_month(AS_OF).items[:10]
    assert lists.schedule == answers.scheduled(AS_OF, 10)
    assert (lists.unconverted, lists.rate_warnings) == (full.unconverted, full.rate_warnings)
    assert lists.products.total == full.months[-1].bridge.end


def test_only_the_months_that_are_asked_for_are_read():
    store_book(4)
    facts.get(AS_OF, NOW)
    every = facts.last_months(AS_OF, 500)
    assert facts.last_months(AS_OF, 3) == every[-3:]
    assert facts.last_cohorts(2) == facts.last_cohorts()[-2:]


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


def test_a_large_book_shows_older_figures_says_so_and_asks_for_newer(monkeypatch):
    monkeypatch.setattr(reading, "AT_ONCE", 0)
    org = factories.organization()
    factories.subscription(org, "10")
    assert facts.get(AS_OF, NOW).is_current is True
    factories.subscription(org, "5", product_code="team")
    for _ in range(2):
        known = facts.get(AS_OF, NOW + timedelta(hours=1))
        assert (known.is_current, known.computed_at, known.lists.products.total) == (False, NOW, 10)
    assert JobRun.objects.filter(job="revenue_figures").count() == 1
    facts.refresh(AS_OF, NOW + timedelta(hours=2))
    known = facts.get(AS_OF, NOW + timedelta(hours=3))
    assert (known.is_current, known.lists.products.total) == (True, 15)


def test_facts_of_another_shape_or_day_are_not_shown(monkeypatch):
    monkeypatch.setattr(reading, "AT_ONCE", 0)
    factories.subscription(factories.organization(), "10")
    StoredFacts.objects.create(
        id=1, as_of=AS_OF, basis="", fingerprint="old", content={"version": 0}, computed_at=NOW, duration_ms=1
    )
    assert facts.get(AS_OF, NOW).is_current is True
    assert facts.get(AS_OF + timedelta(days=4), NOW).as_of == AS_OF + timedelta(days=4)


def test_the_months_begin_with_the_first_line_and_are_bounded():
    assert facts.first_month_of(AS_OF) == date(2026, 3, 1)
    org = factories.organization()
    factories.subscription(org, "10", start_on=date(2026, 1, 9))
    assert facts.first_month_of(AS_OF) == date(2026, 1, 1)
    factories.subscription(org, "10", start_on=date(2009, 1, 9))
    assert facts.first_month_of(AS_OF) == date(2016, 4, 1)


def test_the_job_says_what_it_did():
    factories.subscription(factories.organization(), "10")
    run = JobRun(job="revenue_figures", slot="now", due_at=timezone.now(), queued_at=timezone.now())
    assert refresh_figures(run).endswith("from 1 lines.")
    assert refresh_figures(run) == "Nothing changed."
