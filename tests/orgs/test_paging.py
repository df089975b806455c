from decimal import Decimal

import pytest
from django.db.models import F

from orgs.admin.paging import OrganizationPaginator
from orgs.models import Organization
from orgs.totals import Amount
from tests.factories import organization, snapshot

pytestmark = pytest.mark.django_db


def pages(size):
    paginator = OrganizationPaginator(
        Organization.objects.select_related("snapshot").order_by(F("snapshot__mrr").desc(nulls_last=True), "id"), size
    )
    return paginator, [[org.external_id for org in paginator.page(number)] for number in paginator.page_range]


def test_pages_keep_the_order_and_the_totals_are_those_of_the_whole_list(django_assert_num_queries):
    for number, mrr in enumerate(("10", "30", "20", "30", "5")):
        snapshot(organization(f"org-{number}"), mrr=Decimal(mrr))
    organization("without")
    paginator, shown = pages(2)
    assert shown == [["org-1", "org-3"], ["org-2", "org-0"], ["org-4", "without"]]
    assert paginator.total == Amount(6, Decimal(95))
    with django_assert_num_queries(1):
        assert [org.snapshot.mrr for org in paginator.page(2)] == [20, 10]


def test_nobody():
    paginator, shown = pages(2)
    assert (paginator.count, shown) == (0, [[]])
