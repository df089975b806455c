"""AI cost against revenue: shares of MRR, margin risk, currencies, the page."""

from datetime import date, timedelta
from decimal import Decimal

import orjson
import pytest

from orgs.models import Organization
from revenue.models import ExchangeRate
from signals import ai_cost
from signals.ai_cost import Counts
from tests.factories import application, cohort, organization, snapshot, staff, subscription
from tests.tracker.test_rollups import NOW, event, put
from tracker.ai import By
from tracker.models import Price

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)


def customer(external_id: str, mrr: str | None) -> Organization:
    org = organization(external_id)
    snapshot(org, mrr=Decimal(mrr or 0))
    if mrr:
        subscription(org, mrr=mrr)
    return org


def call(external_id: str, cost: float | None, days_ago: int = 1, name: str = "ai_call_completed", **said):
    properties = {"provider": "p", "model": "m", **said}
    if cost is not None:
        properties["estimated_cost_eur"] = cost
    at = NOW - timedelta(days=days_ago)
    return event(at, name=name, external_id=external_id, properties=orjson.dumps(properties).decode())


@pytest.fixture
def world():
    """30 days: small pays 100 and costs 30, large pays 1000 and costs 20, free pays nothing and costs 1."""
    for external_id, mrr in (("small", "100"), ("large", "1000"), ("free", None), ("calm", "500")):
        customer(external_id, mrr)
    put(
        application(),
        [
            call("small", 10, 1, feature="draft"),
            call("small", 20, 30, feature="draft"),
            call("small", 8, 31),
            call("large", 20, 5, name="ai_call_failed"),
            call("free", 1, 2, model="other"),
            call("free", None, 2),
            call("large", 99, 0),
            call("small", None, 1, name="ai_output_accepted", feature="draft"),
            call("small", None, 1, name="ai_output_accepted"),
            call("small", None, 1, name="ai_output_rejected"),
        ],
    )


def test_the_report_by_hand(world):
    found = ai_cost.report(TODAY, 30)
    assert found.total == Counts(Decimal(51), calls=5, failed=1, unpriced=1, accepted=2, edited=0, rejected=1)
    assert (found.before, found.change) == (Counts(Decimal(8), calls=1), Decimal(51) / 8 - 1)
    assert (found.total.per_call, found.total.error_rate) == (Decimal("12.75"), Decimal("0.2"))
    assert found.total.per_accepted == Decimal("25.5")
    assert (found.mrr, found.share_of_mrr) == (1600, Decimal(51) / 1600)
    assert found.days[TODAY - timedelta(days=1)].cost == 10
    assert found.unpriced == {("p", "m"): 1}
    assert [(each.organization.external_id, each.monthly_cost, each.share) for each in found.customers] == [
        ("free", 1, None),
        ("small", 30, Decimal("0.3")),
        ("large", 20, Decimal("0.02")),
    ]
    assert [each.organization.external_id for each in found.at_risk(25)] == ["free", "small"]
    assert [each.organization.external_id for each in found.at_risk(50)] == ["free"]


def test_of_a_cohort_against_what_its_organizations_pay(world, client, monkeypatch):
    some = cohort("Some", *Organization.objects.filter(external_id__in=["small", "calm"]))
    found = ai_cost.report(TODAY, 30, some.pk)
    assert found.total == Counts(Decimal(30), calls=2, failed=0, unpriced=0, accepted=2, edited=0, rejected=1)
    assert (found.before.cost, found.mrr, found.share_of_mrr) == (8, 600, Decimal("0.05"))
    assert [each.organization.external_id for each in found.customers] == ["small"]
    assert found.unpriced == {}
    [line] = ai_cost.lines(By.MODEL, TODAY - timedelta(days=30), TODAY, some.pk)
    assert (line.part, line.counts) == ("m", found.total)
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    client.force_login(staff())
    page = client.get(f"/admin/ai-cost/?cohort={some.pk}&by=model").content.decode()
    assert "“Some”: AI cost 30" in page
    assert f"event=ai_call_completed&amp;cohort={some.pk}" in page
    nobody = client.get(f"/admin/ai-cost/?cohort={cohort('Nobody').pk}").content.decode()
    assert "No AI call came from “Nobody”" in nobody


def test_other_spans_are_reckoned_to_a_month(world):
    [small] = [each for each in ai_cost.report(TODAY, 7).customers if each.organization.external_id == "small"]
    assert small.counts.cost == 10
    assert round(small.monthly_cost, 4) == Decimal("42.8571")


def test_breakdowns_add_up_to_the_total(world):
    total = ai_cost.report(TODAY, 30).total
    for by in (By.FEATURE, By.MODEL, By.PROVIDER, By.PLAN):
        lines = ai_cost.lines(by, TODAY - timedelta(days=30), TODAY)
        assert ai_cost.added(line.counts for line in lines) == total
    features = ai_cost.lines(By.FEATURE, TODAY - timedelta(days=30), TODAY)
    assert [(line.part, line.counts.cost) for line in features] == [("draft", 30), (None, 21)]


def test_prices_in_other_currencies_are_converted_or_told():
    customer("small", "100")
    for model, currency in (("m", "USD"), ("x", "GBP")):
        day = date(2026, 1, 1)
        Price.objects.create(
            provider="p", model=model, input_per_million=8, output_per_million=0, currency=currency, valid_from=day
        )
    ExchangeRate.objects.create(date=date(2026, 3, 1), currency="USD", per_eur=Decimal(2))
    put(application(), [call("small", None, model=model, input_tokens=1_000_000) for model in ("m", "x")])
    found = ai_cost.report(TODAY, 30)
    assert (found.total.cost, found.total.unpriced) == (4, 1)
    assert found.unconverted == {"GBP": Decimal(8)}


def test_the_page_says_it_and_every_number_is_a_door(client, world, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    client.force_login(staff())
    page = client.get("/admin/ai-cost/")
    text = page.content.decode()
    assert "AI cost 51\u00a0EUR in 30\u00a0days, 3.2\u00a0% of MRR." in text
    assert "2\u00a0customers spend 25\u00a0% of what they pay and more." in text
    assert [row.organization.external_id for row in page.context_data["page"]] == ["free", "small", "large"]
    risky = client.get("/admin/ai-cost/?risk=1&share=50").context_data["page"]
    assert [row.organization.external_id for row in risky] == ["free"]
    assert "/admin/tracker/price/add/?provider=p&amp;model=m" in text
    exported = b"".join(client.get("/admin/ai-cost/?by=feature&export=csv").streaming_content).decode()
    assert exported.splitlines()[1].startswith("draft,30.000000,EUR,2,0,0,15.000000,0.000000,1,0,0,30.000000")


@pytest.mark.parametrize("query", ["", "?days=x&by=y&share=z&page=q&risk=7", "?by=plan&days=90"])
def test_the_page_without_a_call_teaches(client, query):
    client.force_login(staff())
    assert "No AI call came in" in client.get(f"/admin/ai-cost/{query}").content.decode()


def test_hostile_values_are_text(client):
    hostile = "<script>alert(1)</script>"
    customer("o", None)
    from django.utils import timezone

    at = timezone.now() - timedelta(days=2)
    said = orjson.dumps({"feature": hostile, "model": hostile, "provider": hostile}).decode()
    put(application(), [event(at, name="ai_call_completed", external_id="o", properties=said)])
    client.force_login(staff())
    for by in ("feature", "model", "provider", "organization"):
        assert hostile not in client.get(f"/admin/ai-cost/?by={by}").content.decode()
