"""Lists of the read API of a cohort: its members only, nobody of an empty one, and an id that is none is refused."""

import pytest
from django.utils import timezone

from config.backoffice import tokens
from orgs.models import CohortMember, OrganizationKey
from signals.models import Signal
from tests.factories import NOW, cohort, organization, snapshot, staff, subscription
from tests.tracker.sending import Product, body

pytestmark = pytest.mark.django_db
SCOPES = {"organizations": "organizations", "signals": "signals", "subscriptions": "revenue", "events": "events"}


@pytest.fixture
def customers():
    """Three with an event, a signal and a line each; the second has an alias that sent another event."""
    product, found = Product(), [organization(name) for name in ("org-1", "org-2", "org-3")]
    OrganizationKey.objects.create(external_id="org-2b", organization=found[1], created_at=NOW)
    for number, org in enumerate(found, start=1):
        snapshot(org)
        product.send(body(event=f"did {number}", customer_org_id=org.external_id))
        Signal.objects.create(organization=org, type="usage_drop", sentence="x", opened_at=NOW, changed_at=NOW)
        subscription(org, f"{number}00")
    product.send(body(event="did 2 more", customer_org_id="org-2b"))
    return found


@pytest.fixture
def get(client):
    user = staff()

    def ask(path: str, cohort: object) -> tuple[int, dict]:
        _, text = tokens.create(user, "test", now=timezone.now(), scopes=[SCOPES[path]])
        answer = client.get(f"/api/v1/{path}/", {"cohort": cohort}, headers={"authorization": f"Bearer {text}"})
        return answer.status_code, answer.json()

    return ask


def told(answer: tuple[int, dict], name: str) -> list:
    assert answer[0] == 200, answer
    return [each[name] for each in answer[1]["results"]]


def test_each_list_has_the_members_rows(get, customers):
    made = cohort("Two of them", *customers[1:])
    assert told(get("organizations", made.pk), "external_id") == ["org-2", "org-3"]
    assert sorted(told(get("signals", made.pk), "organization")) == ["org-2", "org-3"]
    assert told(get("subscriptions", made.pk), "mrr") == ["200.0000", "300.0000"]
    assert told(get("events", made.pk), "event") == ["did 2 more", "did 3", "did 2"]


@pytest.mark.parametrize("path", SCOPES)
def test_an_empty_cohort_has_no_rows(get, customers, path):
    assert get(path, cohort("Nobody").pk)[1]["results"] == []


@pytest.mark.parametrize("path", SCOPES)
def test_one_that_is_gone_is_refused(get, customers, path):
    made = cohort("Gone", *customers)
    key = made.pk
    made.delete()
    assert not CohortMember.objects.exists()
    status, found = get(path, key)
    assert (status, found["field"]) == (400, "cohort")
    assert found["message"] == "No cohort has this id. GET /api/v1/cohorts/ gives those there are."


@pytest.mark.parametrize("path", SCOPES)
@pytest.mark.parametrize("text", ["0", "-1", "1.5", "x", "²", "9" * 40, "9" * 5000, "1 or 1=1", "<b>"])
def test_what_is_no_id_is_refused(get, customers, path, text):
    status, found = get(path, text)
    assert (status, found["field"]) == (400, "cohort")
    assert found["message"] == "No cohort has this id. GET /api/v1/cohorts/ gives those there are."


@pytest.mark.parametrize("path", SCOPES)
def test_the_description_names_it(client, path):
    client.force_login(staff())
    schema = client.get("/api/schema/?format=json").json()
    [parameter] = [
        each for each in schema["paths"][f"/api/v1/{path}/"]["get"]["parameters"] if each["name"] == "cohort"
    ]
    assert (parameter["in"], parameter["schema"]) == ("query", {"type": "integer"})
    assert parameter["description"] == "Id of a cohort: of its members only."
