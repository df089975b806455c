"""The Revenue page: its numbers, the lists behind them, its cost in queries, and what it says when there is nothing."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.backoffice import formatting
from config.backoffice import settings as install
from revenue import admin, facts
from revenue.models import Subscription
from revenue.panels import organization_revenue
from tests import factories
from tests.revenue.stored import AS_OF, store_book

pytestmark = pytest.mark.django_db
# A committed baseline: a page that grows says so here.
PAGE_QUERIES = 14
MONTH_QUERIES = 10
PANEL_QUERIES = 6


@pytest.fixture
def staff(client):
    user = factories.staff()
    client.force_login(user)
    return client


def move_book_to_today():
    """Random books are made around `AS_OF`; the page shows today."""
    shift = install.today(timezone.now()) - AS_OF
    for line in Subscription.objects.all():
        line.start_on += shift
        line.end_on = line.end_on and line.end_on + shift
        line.trial_end_on = line.trial_end_on and line.trial_end_on + shift
        line.save()


def text_of(response):
    return re.sub(r"[ \t\r\n]+", " ", re.sub(r"<[^>]+>", "", response.content.decode()))


def test_an_empty_install_is_taught(staff):
    text = text_of(staff.get("/admin/revenue/"))
    assert "There is no revenue yet: no subscription was imported." in text
    assert "MRR, its movements, products and renewals will stand here" in text


def test_one_organization(staff):
    today = install.today(timezone.now())
    factories.subscription(factories.organization(display_name="Acme <b>"), "99.50", start_on=today)
    response = staff.get("/admin/revenue/")
    assert f"{formatting.money(99.5, 'EUR')} a month from {formatting.plural(1, 'paying organization')}." in text_of(
        response
    )
    assert "Acme &lt;b&gt;" in response.content.decode()
    assert "Acme <b>" not in response.content.decode()


def test_the_numbers_are_those_of_the_facts_and_unconverted_lines_stand_beside(staff):
    store_book(6)
    move_book_to_today()
    text = text_of(staff.get("/admin/revenue/"))
    now = timezone.now()
    found = facts.get(install.today(now), now).lists
    month = facts.last_months(found.as_of, 1)[0]
    assert formatting.money(month.bridge.end, "EUR") in text
    assert formatting.money(month.arr_end, "EUR") in text
    assert formatting.plural(month.paying_end, "paying organization") in text
    assert formatting.money(month.ratios.arpa, "EUR") in text
    for product in found.products.items:
        assert formatting.money(product.mrr, "EUR", exact=True) in text
    [left_out] = found.unconverted
    assert f"Not in any total: {formatting.plural(left_out.active_rows, 'active line')}" in text
    assert "there is no exchange rate for XAU" in text


def test_the_lines_without_a_rate_open_without_naming_a_currency(staff):
    page = text_of(staff.get("/admin/revenue/unconverted/"))
    assert "Lines without a rate: Every currency has a rate, so nothing is left out." in page
    factories.subscription(factories.organization(), "2", currency="XAU")
    page = text_of(staff.get("/admin/revenue/unconverted/"))
    assert f"Lines in XAU: {formatting.money(2, 'XAU', exact=True)} active, in their own currency" in page


def test_a_list_says_its_totals_as_a_sentence(staff):
    assert "Scheduled changes: No line starts or ends after today." in text_of(staff.get("/admin/revenue/scheduled/"))
    tomorrow = install.today(timezone.now()) + timedelta(days=1)
    factories.subscription(factories.organization(), "2", start_on=tomorrow)
    assert "Scheduled changes: 1 change." in text_of(staff.get("/admin/revenue/scheduled/"))


def test_the_page_needs_its_permission(client):
    client.force_login(factories.staff("eve", is_superuser=False))
    assert client.get("/admin/revenue/").status_code == 403
    assert client.get("/admin/revenue/month/").status_code == 403


@pytest.mark.parametrize("months", ["12", "24", "36", "48", "x"])
def test_the_months_shown_are_one_of_three(staff, months):
    today = install.today(timezone.now())
    factories.subscription(factories.organization(), "10", start_on=today - timedelta(days=1500))
    context = staff.get("/admin/revenue/", {"months": months}).context_data
    expected = int(months) if months in ("12", "24", "36") else 12
    assert (len(context["steps"]), len(context["trend"]["labels"])) == (expected, expected)


def queries_of(staff, path):
    staff.get(path)  # the first look at a changed book computes
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert staff.get(path).status_code == 200
    return len(captured)


@pytest.mark.parametrize("organizations", [5, 60])
def test_queries_do_not_grow_with_the_book(staff, organizations):
    store_book(10, organizations=organizations, lines=organizations * 4)
    move_book_to_today()
    assert queries_of(staff, "/admin/revenue/") == PAGE_QUERIES
    assert queries_of(staff, "/admin/revenue/month/") == MONTH_QUERIES


def test_queries_of_the_panel():
    store_book(11)
    organization = Subscription.objects.known_now().first().key.organization_id
    with CaptureQueriesContext(connection) as captured:
        content = organization_revenue(organization, AS_OF)
    assert len(captured) == PANEL_QUERIES
    assert content["mrr"] == content["chart"]["series"][0]["data"][-1]


def test_the_panel_of_an_organization_without_revenue():
    assert organization_revenue(factories.organization().pk, AS_OF) == {"groups": []}


def test_the_panel_shows_lines_by_state():
    org = factories.organization()
    factories.subscription(org, "10", subscription_id="now")
    factories.subscription(org, "5", subscription_id="then", end_on=AS_OF)
    factories.subscription(org, "7", subscription_id="soon", start_on=AS_OF + timedelta(days=3))
    content = organization_revenue(org.pk, AS_OF)
    assert [(title, [line.subscription_id for line in lines]) for title, lines in content["groups"]] == [
        ("Active", ["now"]),
        ("Scheduled", ["soon"]),
        ("Ended", ["then"]),
    ]
    assert [(each.kind, each.amount) for each in content["movements"]] == [("contraction", 5)]
    assert len(content["chart"]["labels"]) == 12


@pytest.mark.parametrize("mode", ["period_end", "constant"])
def test_a_product_opens_the_lines_it_was_counted_from(staff, mode):
    store_book(12)
    move_book_to_today()
    install.change({"fx_mode": mode, "fx_constant_date": AS_OF}, actor=None, now=timezone.now())
    now = timezone.now()
    for product in facts.get(install.today(now), now).lists.products.items:
        if product.product_code:
            filters = {"product_code": product.product_code, "state": "active"}
            total = staff.get("/admin/revenue/subscription/", filters).context_data["total"]
            assert total.mrr == product.mrr


def test_the_renewals_on_a_card_are_the_ones_listed(staff):
    today = install.today(timezone.now())
    org = factories.organization("first", renewal_on=today + timedelta(days=29))
    factories.subscription(org, "10", start_on=today)
    other = factories.organization("second")
    factories.subscription(other, "20", start_on=today, end_on=today + timedelta(days=30))
    found = facts.get(today, timezone.now()).lists
    assert [(each.days, each.organizations, each.mrr) for each in found.renewal_sums] == [
        (30, 1, 10),
        (60, 2, 30),
        (90, 2, 30),
        (180, 2, 30),
    ]
    for each in found.renewal_sums:
        response = staff.get("/admin/revenue/renewals/", {"days": each.days})
        totals = {total.measure: total.value for total in response.context_data["listing"].totals}
        assert totals == {"mrr": each.mrr, "organizations": each.organizations}
        assert formatting.money(each.mrr, "EUR", exact=True) in text_of(response)
    assert "Nobody renews" not in text_of(staff.get("/admin/revenue/renewals/", {"days": "x"}))


@pytest.mark.parametrize("few", [1, 1_000])
def test_a_search_of_subscriptions_finds_little_and_much(staff, monkeypatch, few):
    monkeypatch.setattr(admin, "FEW", few)
    for external_id, product in (("acme", "pro"), ("acme-2", "team"), ("hooli", "pro")):
        factories.subscription(factories.organization(external_id), product_code=product, mrr="10")
    for asked, found in (("acme", 2), ("acme pro", 1), ("PRO", 2), ("nobody", 0)):
        context = staff.get("/admin/revenue/subscription/", {"q": asked}).context_data
        assert len(context["cl"].result_list) == found
        assert (context["total"].rows, context["total"].active_rows, context["total"].mrr) == (found, found, 10 * found)
