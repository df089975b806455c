"""Revenue of a cohort and the lists behind it: its own rows, its own totals; two halves make the whole."""

import random
from collections import Counter
from datetime import timedelta
from operator import attrgetter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.backoffice import settings as install
from orgs.cohorts.choosing import member_ids
from orgs.models import Organization
from revenue import books, facts
from revenue.drilldown.listing import ORGANIZATION, Listing
from revenue.mrr.calendar import add_months
from revenue.mrr.report import report
from tests import factories
from tests.revenue.stored import store_book
from tests.revenue.test_doors import BOOKS, click_everything, move_book_to_today, read

pytestmark = pytest.mark.django_db
# Of the page of a cohort: as many more than that of everybody as it has parts that are added up anew.
QUERIES = 27
HOSTILE = "</script><b>Large</b>"
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
    cohort = factories.cohort(HOSTILE, acme)
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


class TestPage:
    """The Revenue page itself."""

    @pytest.fixture
    def half(self, request):
        """A cohort of half of a random book, whose figures are stored."""
        install.change(BOOKS[getattr(request, "param", "plain")], actor=None, now=timezone.now())
        store_book(35, organizations=24, lines=110)
        move_book_to_today()
        ids = sorted(Organization.objects.values_list("pk", flat=True))
        return factories.cohort(HOSTILE, *random.Random(2).sample(ids, 12))

    @pytest.mark.parametrize("half", BOOKS, indirect=True)
    def test_months_are_those_of_a_book_of_the_members_alone(self, staff, half):
        today = install.today(timezone.now())
        facts.get(today, timezone.now())
        among = member_ids(half.pk)
        found = facts.last_months_of(among, today, 6)
        alone = report(books.load(today, organization_ids=among), add_months(today, -5)).months
        assert [(each.bridge, each.paying_start, each.paying_end, each.organizations) for each in found] == [
            (each.bridge, each.paying_start, each.paying_end, each.organizations) for each in alone
        ]
        assert [(each.ratios, each.arr_end) for each in found] == [(each.ratios, each.arr_end) for each in alone]
        assert found[-1].composition.concentration == alone[-1].composition.concentration
        assert found[-1].bridge.end > 0
        lists = facts.lists_of(among, today)
        assert lists.products.total == found[-1].bridge.end
        assert {each.product_code: each.mrr for each in lists.products.items} == alone[-1].composition.mrr_by_product

    @pytest.mark.parametrize("half", BOOKS, indirect=True)
    def test_every_number_opens_a_list_of_the_cohort_with_that_total(self, staff, half):
        page = read(staff.get("/admin/revenue/", {"cohort": half.pk}))
        assert page.strays == []
        assert len(page.numbers) > 180
        assert {number.href for number in page.numbers if f"cohort={half.pk}" not in number.href} == set()
        click_everything(staff, page)

    def test_two_halves_make_the_whole(self, staff, half):
        others = Organization.objects.exclude(cohort_memberships__cohort=half)
        other = factories.cohort("Other", *others)
        whole, *parts = (
            staff.get("/admin/revenue/", {"cohort": chosen, "months": 24}).context_data
            for chosen in ("", half.pk, other.pk)
        )
        for at, step in enumerate(whole["steps"]):
            for name in ("start", "new", "expansion", "reactivation", "contraction", "churn", "fx_impact", "end"):
                assert sum(getattr(part["steps"][at].figures.bridge, name) for part in parts) == getattr(
                    step.figures.bridge, name
                )
        for name in ("lines", "schedule.count", "schedule.starting", "schedule.ending", "products.total"):
            value = attrgetter(name)
            assert sum(value(part["page"]) for part in parts) == value(whole["page"])
        sums = [[each.mrr for each in context["page"].renewal_sums] for context in (whole, *parts)]
        assert [one + other for one, other in zip(*sums[1:], strict=True)] == sums[0]

    def test_what_is_of_everybody_is_left_out_and_said(self, staff, half):
        content = staff.get("/admin/revenue/", {"cohort": half.pk}).content.decode()
        assert "Everything above is of this cohort" in content
        assert "Cohorts by first paying month" not in content
        assert "/admin/revenue/months/" not in content
        assert "Revenue at risk, by three rules" not in content
        assert "<b>Large" not in content
        assert f"?months=24&amp;by=paying&amp;cohort={half.pk}" in content
        assert "Everything above is of this cohort" not in staff.get("/admin/revenue/").content.decode()

    def test_empty_and_gone(self, staff, half):
        gone = factories.cohort("Gone", *Organization.objects.all())
        key = gone.pk
        gone.delete()
        for chosen, word in ((factories.cohort("Nobody").pk, "Nobody"), (key, "An unknown cohort")):
            answer = staff.get("/admin/revenue/", {"cohort": chosen})
            assert (answer.context_data["now_step"].figures.paying_end, answer.context_data["page"].lines) == (0, 0)
            assert f"“{word}”: " in answer.content.decode()
            page = read(answer)
            assert page.strays == []
            click_everything(staff, page)

    @pytest.mark.parametrize("text", ["x", "-1", "²", "9" * 40, "1 or 1=1"])
    def test_what_is_no_id_is_everybody(self, staff, half, text):
        whole, asked = (staff.get("/admin/revenue/", {"cohort": each}).context_data for each in ("", text))
        assert asked["steps"] == whole["steps"]
        assert asked["page"] == whole["page"]

    def test_queries_do_not_grow_with_members(self, staff):
        today = install.today(timezone.now())
        ids = []
        for number in range(20):
            ids.append((org := factories.organization(f"org-{number}")).pk)
            factories.subscription(org, start_on=today, end_on=today + timedelta(days=20))
        counts = []
        for chosen in (few := factories.cohort("Few", *ids[:2]), few, factories.cohort("All", *ids)):
            with CaptureQueriesContext(connection) as captured:
                page = staff.get("/admin/revenue/", {"cohort": chosen.pk}).context_data["page"]
            counts.append((len(captured), page.lines, len(page.renewals), page.schedule.count))
        assert counts[1:] == [(QUERIES, 2, 2, 2), (QUERIES, 20, 10, 20)]
