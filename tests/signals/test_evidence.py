"""Evidence from real daily rows and subscriptions: every figure by hand."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from revenue import books
from revenue.models import ExchangeRate
from signals import evidence as meeting
from signals.evidence import evidence
from signals.past import Past
from tests import factories
from tests.signals.world import TODAY, days_ago, paying, span, used

pytestmark = pytest.mark.django_db


def test_windows_end_with_yesterday_and_peaks_look_six_windows_back():
    org = paying("acme", "250.00", renewal_on=date(2026, 4, 20), properties={"seats": "40"})
    used(org, span(60, 31), events=5, users=["a", "b", "c"], names=["open", "save"])
    used(org, span(28, 28), events=7, users=["a"])
    used(org, [TODAY], events=100, users=["z"])
    [found] = evidence(TODAY)
    assert (found.first_seen_on, found.last_seen_on) == (days_ago(60), TODAY)
    assert (found.events_28d, found.events_previous_28d) == (7, 26 * 5)
    assert (found.events_30d, found.events_previous_30d) == (7, 30 * 5)
    assert (found.active_users_28d, found.peak_users) == (1, 3)
    assert (found.distinct_events_28d, found.peak_distinct_events) == (1, 2)
    assert found.active_weekdays_28d == 1
    assert found.weekly_events == (35, 35, 35, 25, 7, 0, 0, 0)
    assert (found.mrr, found.mrr_90_days_ago, found.currency) == (Decimal(250), Decimal(250), "EUR")
    assert (found.renewal_on, found.ends_on, found.seats) == (date(2026, 4, 20), None, 40)
    assert (found.all_events_30d, found.all_events_previous_30d) == (7, 150)


def test_never_seen_and_never_paid_is_known_too():
    org = factories.organization("quiet")
    [found] = evidence(TODAY)
    assert (found.organization_id, found.first_seen_on, found.last_seen_at) == (org.pk, None, None)
    assert (found.mrr, found.mrr_90_days_ago, found.events_30d) == (0, 0, 0)


def test_aliases_count_for_their_organization():
    org, other = factories.organization("org-456"), factories.organization("org_456")
    used(org, [days_ago(2)], events=3)
    used(other, [days_ago(1)], events=4)
    other.keys.update(organization=org)
    by_id = {found.organization_id: found.events_30d for found in evidence(TODAY)}
    assert by_id == {org.pk: 7, other.pk: 0}


def test_revenue_then_and_now_and_the_end_of_a_contract():
    org = factories.organization("acme")
    factories.subscription(org, "100", start_on=days_ago(200), end_on=days_ago(10))
    factories.subscription(org, "80", product_code="basic", start_on=days_ago(10), end_on=date(2026, 5, 1))
    [found] = evidence(TODAY)
    assert (found.mrr, found.mrr_90_days_ago, found.ends_on) == (80, 100, date(2026, 5, 1))


def test_a_currency_that_moves_changes_no_customer():
    for days, per_eur in ((120, "1.1000"), (5, "1.2500")):
        ExchangeRate.objects.create(date=days_ago(days), currency="USD", per_eur=Decimal(per_eur))
    org = factories.organization("acme")
    factories.subscription(org, "1000", currency="USD")
    factories.subscription(org, "250", currency="USD", product_code="extra", end_on=days_ago(10))
    [found] = evidence(TODAY)
    assert (found.mrr, found.mrr_90_days_ago) == (800, 1000)
    past = Past([org.pk], TODAY, TODAY, books.read_terms()).evidence(org.pk, TODAY)
    assert (past.mrr, past.mrr_90_days_ago) == (800, 1000)


def test_some_are_asked_for_but_all_customers_are_compared_with():
    one, two = paying("one"), paying("two")
    used(one, [days_ago(3)], events=5)
    used(two, [days_ago(40)], events=11)
    [found] = evidence(TODAY, [one.pk])
    assert (found.organization_id, found.all_events_30d, found.all_events_previous_30d) == (one.pk, 5, 11)
    assert found == evidence(TODAY)[0]


def test_the_number_of_queries_does_not_grow():
    used(paying("first"), span(5, 1))
    with CaptureQueriesContext(
        connection,
    ) as few:
        evidence(TODAY)
    for name in "abcdef":
        used(paying(name), span(5, 1))
    with CaptureQueriesContext(connection) as many:
        assert len(evidence(TODAY)) == 7
    assert len(many) == len(few) <= 20


@pytest.mark.parametrize(
    ("value", "seats"),
    [
        *((12, 12), ("12", 12), (" 7 ", 7), (12.0, 12)),
        *((value, None) for value in ("many", "", 0, -3, True, 2.5, "NaN", "1e400", ["12"], None, "12 000")),
    ],
)
def test_seats_are_whole_or_unknown(value, seats):
    assert meeting.seats(value) == seats
