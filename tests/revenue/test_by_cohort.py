"""The lists behind revenue of a cohort: its own rows, its own totals; two halves make the whole."""

import random
from collections import Counter

import pytest
from django.utils import timezone

from orgs.models import Organization
from revenue.drilldown.listing import ORGANIZATION, Listing
from tests import factories
from tests.revenue.stored import store_book
from tests.revenue.test_doors import move_book_to_today

pytestmark = pytest.mark.django_db
LISTS = {
    "month/?part=end": "mrr",
    "month/?part=start": "mrr",
    "month/?part=moved": "amount",
    "month/?part=fx": "fx_impact",
    "month/?part=change": "difference",
    "month/?part=retention": "start",
    "month/?part=year": "before",
    "days/?": "count",
    "cohort/?": "size",
    "product/?product=pro": "mrr",
    "unconverted/?currency=USD": "rows",
    "discounts/?": "organizations",
    "renewals/?days=90": "mrr",
    "scheduled/?": "count",
}


@pytest.fixture
def staff(client):
    client.force_login(factories.staff())
    return client


def listed(staff, address: str) -> Listing:
    return staff.get(f"/admin/revenue/{address}").context_data["listing"]


def who(listing: Listing) -> Counter:
    at = [column.kind for column in listing.columns].index(ORGANIZATION)
    return Counter(row[at].external_id for row in listing.rows[0 : len(listing.rows)])


@pytest.mark.parametrize("path", LISTS)
def test_two_halves_make_the_whole(staff, path):
    store_book(34, organizations=24, lines=110)
    move_book_to_today()
    ids = sorted(Organization.objects.values_list("pk", flat=True))
    half = random.Random(1).sample(ids, len(ids) // 2)
    one, other = factories.cohort("One", *half), factories.cohort("Other", *(set(ids) - set(half)))
    names = set(Organization.objects.filter(pk__in=half).values_list("external_id", flat=True))
    whole, first, second = (listed(staff, f"{path}&cohort={each}") for each in ("", one.pk, other.pk))
    assert set(who(first)) <= names
    assert who(first) + who(second) == who(whole)
    totals = [
        next(total.value for total in each.totals if total.measure == LISTS[path]) for each in (whole, first, second)
    ]
    assert totals[1] + totals[2] == totals[0]


def test_the_halves_are_not_empty(staff):
    """Where the book has nothing to show, two halves prove nothing."""
    store_book(34, organizations=24, lines=110)
    move_book_to_today()
    assert {path: len(listed(staff, path).rows) > 1 for path in LISTS if path != "cohort/?"} == {
        path: True for path in LISTS if path != "cohort/?"
    }


def test_the_cohort_stays_while_one_looks_around(staff):
    acme = factories.organization("acme")
    factories.subscription(acme, "120.00")
    factories.subscription(factories.organization("other"), "80.00")
    cohort = factories.cohort("</script><b>Large</b>", acme)
    page = staff.get(f"/admin/revenue/month/?part=end&cohort={cohort.pk}").content.decode()
    assert "MRR at the close" in page
    assert "120.00" in page
    assert "80.00" not in page
    assert "<b>Large" not in page
    assert f"part=churn&amp;cohort={cohort.pk}" in page.replace("&cohort", "&amp;cohort")
    gone = listed(staff, "month/?part=end&cohort=999999")
    assert len(gone.rows) == 0


def test_subscriptions_of_a_cohort(staff):
    acme = factories.organization("acme")
    factories.subscription(acme, "120.00", start_on=timezone.now().date())
    factories.subscription(factories.organization("other"), "80.00")
    cohort = factories.cohort("Large", acme)
    page = staff.get(f"/admin/revenue/subscription/?cohort={cohort.pk}")
    assert [each.mrr for each in page.context_data["cl"].queryset] == [120]
    assert page.context_data["total"].mrr == 120
