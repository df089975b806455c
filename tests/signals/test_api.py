"""The read API: tokens, scopes, pages, and every shape of organization id."""

from urllib.parse import quote

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator

from config.backoffice import tokens
from signals import rounds
from signals.models import Signal
from tests import factories
from tests.signals.world import NOW, days_ago, silent, used

pytestmark = pytest.mark.django_db


@pytest.fixture
def get(client):
    """GET with a token of the given scopes; status and body."""
    user = factories.staff()

    def ask(path: str, *scopes: str) -> tuple[int, dict]:
        _, text = tokens.create(user, "test", now=NOW, scopes=scopes or tokens.SCOPES)
        answer = client.get(f"/api/v1/{path}", headers={"authorization": f"Bearer {text}"})
        return answer.status_code, answer.json()

    return ask


@pytest.fixture
def gone(monkeypatch):
    """Silent for 20 days, scored and scanned at the tests' clock."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    org = silent("org-456", last=20)
    factories.OrganizationKey.objects.create(external_id="org_456", organization=org, created_at=NOW)
    rounds.scan_round(NOW, NOW)
    return org


def test_organization_with_everything_behind_its_verdict(get, gone):
    status, body = get("organizations/org-456/")
    assert status == 200
    assert (body["external_id"], body["aliases"], body["snapshot"]["mrr"]) == ("org-456", ["org_456"], "600.0000")
    assert (body["snapshot"]["band"], body["snapshot"]["priority"]) == ("watch", "674.9400")
    assert (body["health"]["score"], body["health"]["model"], body["health"]["caps"]) == ("47.37", "v1", [])
    assert [line["contribution"] for line in body["health"]["components"]] == [
        "8.62",
        "8.75",
        "20.00",
        "10.00",
        "0.00",
    ]
    assert [(each["type"], each["money_at_stake"]) for each in body["signals"]] == [
        ("usage_drop", "356.1600"),
        ("inactive_paying", "318.7800"),
    ]
    assert [(line["product_code"], line["mrr"], line["state"]) for line in body["subscriptions"]] == [
        ("pro", "600.0000", "active")
    ]
    days = {line["day"]: line["events"] for line in body["usage"]}
    assert (len(days), days[str(days_ago(20))], days[str(days_ago(19))]) == (91, 10, 0)
    assert get("organizations/org_456/") == (200, body)


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ([], set()),
        (["signals"], {"health", "signals"}),
        (["revenue"], {"subscriptions"}),
        (["insights"], {"usage"}),
        (["events", "imports", "operations"], set()),
    ],
)
def test_a_token_opens_only_the_parts_of_its_scopes(get, gone, more, shown):
    status, body = get("organizations/org-456/", "organizations", *more)
    assert (status, body["external_id"], body["aliases"]) == (200, "org-456", ["org_456"])
    parts = ("health", "signals", "subscriptions", "usage")
    assert {name for name in parts if body[name] is not None} == shown


def test_a_token_opens_no_more_than_whoever_made_it_may_see(client, gone):
    eve = factories.staff("eve", is_superuser=False)
    may = Permission.objects.filter(codename__in=["view_organization", "view_signal"])
    eve.user_permissions.set(may)
    _, text = tokens.create(eve, "all scopes", now=NOW)
    body = client.get("/api/v1/organizations/org-456/", headers={"authorization": f"Bearer {text}"}).json()
    assert [each["type"] for each in body["signals"]] == ["usage_drop", "inactive_paying"]
    assert (body["health"], body["subscriptions"], body["usage"]) == (None, None, None)


def test_signals_of_many_people_cost_no_more_queries_than_of_one(get, gone):
    def ask() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert get("organizations/org-456/")[0] == 200
        return len(captured)

    few = ask()
    for number in range(12):
        Signal.objects.create(
            organization=gone,
            type="renewal_risk",
            state="resolved",
            opened_at=NOW,
            changed_at=NOW,
            assignee=factories.staff(f"person-{number}"),
        )
    assert ask() == few


@pytest.mark.parametrize("external_id", ["a/b", "a/", "/", "Müller & Söhne", "<script>", "50%", "?x=1#y", "x" * 255])
def test_any_id_is_found(get, external_id):
    factories.organization(external_id)
    status, body = get(f"organizations/{quote(external_id, safe='')}/")
    assert (status, body["external_id"], body["snapshot"], body["health"]) == (200, external_id, None, None)


@pytest.mark.parametrize("external_id", ["nobody", "%00", "org-456%00"])
def test_an_unknown_id_is_not_found(get, external_id):
    factories.organization("org-456")
    status, body = get(f"organizations/{external_id}/")
    assert (status, body["code"]) == (404, "not_found")


def test_pages_by_cursor_and_filters(get, gone):
    for number in range(3):
        used(factories.organization(f"new-{number}"), [days_ago(1)])
    status, first = get("organizations/?page_size=3")
    assert [each["external_id"] for each in first["results"]] == ["org-456", "new-0", "new-1"]
    _, second = get("organizations/?" + first["next"].partition("?")[2])
    assert ([each["external_id"] for each in second["results"]], second["next"]) == (["new-2"], None)
    _, watched = get("organizations/?band=watch&quadrant=revenue_at_risk")
    assert [each["external_id"] for each in watched["results"]] == ["org-456"]
    status, wrong = get("organizations/?band=nonsense")
    assert (status, wrong["field"]) == (400, "band")


def test_signals_by_state(get, gone):
    _, body = get("signals/?state=open&type=usage_drop", "signals")
    [signal] = body["results"]
    assert (signal["organization"], signal["title"], signal["mrr"]) == ("org-456", "Usage drop", "600.0000")
    assert signal["evidence"] == {"events_30d": 110, "events_previous_30d": 290, "ratio_below": "0.7"}
    assert get("signals/?state=dismissed")[1]["results"] == []


@pytest.mark.parametrize("path", ["organizations/", "organizations/org-456/", "signals/"])
def test_without_token_or_scope_there_is_nothing(client, get, path):
    factories.organization("org-456")
    assert client.get(f"/api/v1/{path}").status_code == 401
    status, body = get(path, "revenue")
    assert (status, "lacks the scope" in body["message"]) == (403, True)


def test_lists_ask_the_same_number_of_queries_for_one_and_for_many(get, django_assert_max_num_queries):
    for number in range(20):
        factories.snapshot(factories.organization(f"org-{number}"))
    with django_assert_max_num_queries(7):
        assert len(get("organizations/")[1]["results"]) == 20


def test_the_schema_has_no_warnings_and_names_the_tokens(client):
    GENERATOR_STATS.reset()
    schema = SchemaGenerator().get_schema(public=True)
    ours = [path for path in schema["paths"] if path.startswith("/api/v1/organizations")]
    assert ours == ["/api/v1/organizations/", "/api/v1/organizations/{external_id}/"]
    told = [*GENERATOR_STATS._warn_cache, *GENERATOR_STATS._error_cache]
    assert [words for words in told if "tracker" not in words] == []
    assert schema["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert client.get("/api/schema/").status_code == 200
