"""Cohorts through the read API."""

from decimal import Decimal

import pytest

from config.backoffice import tokens
from tests.factories import NOW, organization, snapshot, staff
from tests.orgs.cohorts import cohort, rule

pytestmark = pytest.mark.django_db


@pytest.fixture
def big():
    for name, count in (("a", 40), ("b", 50), ("c", 1)):
        snapshot(organization(name, display_name=name.upper(), properties={"n": count}), mrr=Decimal("10.50"))
    return cohort("Big", rule("property", name="n", operator="gt", value=30))


def get(client, path: str, scope: str = "organizations"):
    _, text = tokens.create(staff(f"of-{scope}"), "t", now=NOW, scopes=[scope])
    return client.get(path, headers={"Authorization": f"Bearer {text}"})


def test_cohorts_with_size_and_money(client, big):
    [found] = get(client, "/api/v1/cohorts/").json()["results"]
    assert found == {
        "id": big.pk,
        "name": "Big",
        "kind": "rules",
        "sentence": "Organizations whose property “n” is more than 30.",
        "definition": big.definition,
        "organizations": 2,
        "mrr": "21.0000",
        "computed_at": "2026-03-10T12:00:00Z",
        "problem": "",
    }


def test_members_since_when(client, big):
    found = get(client, f"/api/v1/cohorts/{big.pk}/members/").json()["results"]
    assert found == [
        {"external_id": name, "display_name": name.upper(), "since": "2026-03-10T12:00:00Z"} for name in ("a", "b")
    ]


def test_organizations_are_filtered_by_a_cohort(client, big):
    found = get(client, f"/api/v1/organizations/?cohort={big.pk}").json()["results"]
    assert [each["external_id"] for each in found] == ["a", "b"]


def test_what_is_not_there_and_who_may_not(client, big):
    assert get(client, "/api/v1/cohorts/999/members/").status_code == 404
    assert get(client, "/api/v1/cohorts/", scope="revenue").status_code == 403
