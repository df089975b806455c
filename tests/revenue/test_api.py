"""The read API of revenue says what the answers say."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from config.backoffice import settings as install
from config.backoffice import tokens
from orgs.models import OrganizationKey
from revenue import answers
from tests import factories
from tests.revenue.stored import AS_OF, store_book

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    _token, text = tokens.create(factories.staff(), "bi", now=timezone.now(), scopes=["revenue"])
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


def test_summary(client):
    store_book(1)
    body = client.get("/api/v1/revenue/summary/", {"as_of": str(AS_OF)}).json()
    headline = answers.headline(AS_OF)
    assert body["mrr"] == str(headline.mrr)
    assert body["paying_organizations"] == headline.paying
    assert body["difference"] == str(headline.mrr - headline.previous_mrr)
    assert body["unconverted"][0]["currency"] == "XAU"
    assert {item["product_code"]: item["mrr"] for item in body["products"]} == {
        item.product_code: str(item.mrr) for item in answers.by_product(AS_OF).items
    }
    assert body["concentration"]["hhi"] == str(answers.concentration(AS_OF).hhi)


def test_months(client):
    store_book(2)
    body = client.get("/api/v1/revenue/months/", {"as_of": str(AS_OF), "since": "2025-11"}).json()
    assert [month["month"] for month in body["months"]] == ["2025-11", "2025-12", "2026-01", "2026-02", "2026-03"]
    assert body["months"][-1]["partial"] is True
    assert body["months"][-1]["mrr_end"] == str(answers.headline(AS_OF).mrr)
    assert [month["mrr_start"] for month in body["months"][1:]] == [month["mrr_end"] for month in body["months"][:-1]]


def test_movements_in_pages(client):
    store_book(3, organizations=60)
    first = client.get("/api/v1/revenue/movements/", {"as_of": str(AS_OF), "page_size": "2"}).json()
    rest = client.get("/api/v1/revenue/movements/", {"as_of": str(AS_OF), "cursor": first["next"]}).json()
    expected = answers.changes_of_month(AS_OF).items
    names = {each.organization_id: each.name for each in expected}
    assert first["count"] == len(expected) > 2
    assert rest["next"] is None
    assert [(row["organization"], row["kind"], row["amount"]) for row in first["results"] + rest["results"]] == [
        (names[each.organization_id], each.kind, str(each.amount)) for each in expected
    ]
    only = client.get("/api/v1/revenue/movements/", {"as_of": str(AS_OF), "month": "2026-02", "kind": "churn"}).json()
    assert only["count"] == answers.months(date(2026, 2, 1), AS_OF).months[0].organizations["churn"]
    assert {row["month"] for row in only["results"]} <= {"2026-02"}


def test_cohorts(client):
    org = factories.organization()
    today = install.today(timezone.now())
    factories.subscription(org, "10", start_on=today)
    body = client.get("/api/v1/revenue/cohorts/").json()
    assert body["cohorts"] == [
        {
            "cohort": f"{today:%Y-%m}",
            "size": 1,
            "first_day_mrr": "10.0000",
            "paying_by_month": [1],
            "mrr_by_month": ["10.0000"],
        }
    ]


def test_subscriptions_of_an_alias_and_of_a_day(client):
    org = factories.organization("org")
    other = factories.organization("other")
    day = AS_OF - timedelta(days=9)
    factories.subscription(org, "10", subscription_id="a", known_to=day)
    factories.subscription(org, "12", subscription_id="a", known_from=day)
    factories.subscription(other, "20", subscription_id="b", product_code="team")
    OrganizationKey.objects.filter(external_id="other").update(organization=org)

    def ids(**parameters):
        return [
            (row["subscription_id"], row["mrr"])
            for row in client.get("/api/v1/subscriptions/", parameters).json()["results"]
        ]

    assert ids() == [("a", "12.0000"), ("b", "20.0000")]
    assert ids(organization="other") == [("a", "12.0000"), ("b", "20.0000")]
    assert ids(product_code="team", state="active") == [("b", "20.0000")]
    assert ids(known_on=str(day - timedelta(days=1))) == [("a", "10.0000"), ("b", "20.0000")]
    row = client.get("/api/v1/subscriptions/", {"product_code": "team"}).json()["results"][0]
    assert (row["organization"], row["external_org_id"]) == ("org", "other")


@pytest.mark.parametrize(
    ("path", "parameters", "field"),
    [
        ("summary", {"as_of": "yesterday"}, "as_of"),
        ("months", {"since": "2026-13"}, "since"),
        ("months", {"since": "2027-01", "as_of": "2026-03-10"}, "since"),
        ("months", {"since": "1000-01"}, "since"),
        ("movements", {"kind": "theft"}, "kind"),
        ("movements", {"cursor": "-1"}, "cursor"),
        ("movements", {"month": "0000-01"}, "month"),
    ],
)
def test_a_wrong_parameter_is_named(client, path, parameters, field):
    answer = client.get(f"/api/v1/revenue/{path}/", parameters)
    assert answer.status_code == 400
    assert answer.json()["field"] == field


def test_without_the_scope_nothing_is_said():
    _token, text = tokens.create(factories.staff(), "other", now=timezone.now(), scopes=["signals"])
    client = APIClient()
    assert client.get("/api/v1/revenue/summary/").status_code == 401
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    for path in ("revenue/summary", "revenue/months", "revenue/movements", "revenue/cohorts", "subscriptions"):
        assert client.get(f"/api/v1/{path}/").status_code == 403


def test_money_is_text(client):
    factories.subscription(factories.organization(), "0.1")
    factories.subscription(factories.organization("b"), "0.2")
    body = client.get("/api/v1/revenue/summary/", {"as_of": str(AS_OF)}).json()
    assert Decimal(body["mrr"]) == Decimal("0.3")
    assert body["mrr"] == "0.3000"
