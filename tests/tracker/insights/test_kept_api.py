"""GET /api/v1/insights/, one of them, and its answer."""

import json
from datetime import UTC, datetime

import pytest

from config.backoffice import tokens
from tests.factories import application, staff
from tests.tracker.test_rollups import event, put
from tracker import rollups
from tracker.models import SavedInsight

pytestmark = pytest.mark.django_db
NOW = datetime(2024, 4, 20, 12, tzinfo=UTC)
SPAN = {"range": "custom", "from": "2024-01-01", "to": "2024-04-30"}
TOTAL = {"series": [{"event": "purchase"}], "range": {"from": "2024-01-01", "to": "2024-04-30"}, "interval": "month"}
FIELDS = {
    "funnel": {"step-0": "account_created", "step-1": "purchase", "by": "organization", "window_days": "60", **SPAN},
    "retention": {"interval": "month", "start": "account_created", "back": "purchase", **SPAN},
    "lifecycle": {"interval": "month", **SPAN},
}
DOORS = {"trends": "query", "funnel": "funnel", "retention": "retention", "lifecycle": "lifecycle"}


@pytest.fixture
def ada():
    return staff("ada")


@pytest.fixture
def read(client, ada):
    """GET as the holder of ada's token."""
    _, text = tokens.create(ada, "Test", now=NOW, scopes=["insights"])
    headers = {"Authorization": f"Bearer {text}"}
    return lambda path="", **asked: client.get(f"/api/v1/insights/{path}", asked, headers=headers)


@pytest.fixture
def ask(client, ada):
    """POST of a definition to a door."""
    _, text = tokens.create(ada, "Test", now=NOW, scopes=["insights"])
    headers = {"Authorization": f"Bearer {text}"}
    return lambda door, document: client.post(
        f"/api/v1/insights/{door}/", json.dumps(document), content_type="application/json", headers=headers
    )


@pytest.fixture
def events():
    """a: account in January, purchases in January and March. b: account in March."""
    sent = [(1, "account_created", "a"), (1, "purchase", "a"), (3, "purchase", "a"), (3, "account_created", "b")]
    put(
        application(),
        [
            event(datetime(2024, month, 10 + day, tzinfo=UTC), name=name, external_id=who)
            for day, (month, name, who) in enumerate(sent)
        ],
        received_at=NOW,
    )
    rollups.roll_up(NOW)


def kept(kind: str = "trends", definition: dict | None = None, **more) -> SavedInsight:
    asked = definition or FIELDS.get(kind, TOTAL)
    fields = {"name": f"My {kind}", "created_at": NOW, "changed_at": NOW, **more}
    return SavedInsight.objects.create(kind=kind, definition=asked, **fields)


def mine(response) -> dict[str, dict]:
    """What the list holds beside what every install begins with, by name."""
    return {each["name"]: each for each in response.json()["results"] if each["owner"]}


def test_the_list_holds_what_its_owner_sees(read, ada):
    bob = staff("bob")
    kept(name="Shared by Bob", owner=bob)
    kept(name="Bob alone", owner=bob, is_shared=False)
    own = kept(name="Ada alone", owner=ada, is_shared=False)
    found = mine(read(page_size=1000))
    assert sorted(found) == ["Ada alone", "Shared by Bob"]
    assert found["Ada alone"] == {
        "id": own.id,
        "name": "Ada alone",
        "kind": "trends",
        "display": "line",
        "sentence": "Total of “purchase”, by month, from 2024-01-01 to 2024-04-30, environment production.",
        "definition": TOTAL,
        "owner": "ada",
        "is_shared": False,
        "on_organizations": False,
        "created_at": "2024-04-20T12:00:00Z",
        "changed_at": "2024-04-20T12:00:00Z",
        "version": 1,
    }


@pytest.mark.usefixtures("events")
@pytest.mark.parametrize("kind", DOORS)
def test_a_definition_asked_at_the_door_of_its_kind_gives_the_same_answer(read, ask, ada, kind):
    insight = kept(kind, owner=ada)
    one = read(f"{insight.id}/").json()
    answered = read(f"{insight.id}/answer/").json()
    assert {name: answered[name] for name in ("id", "name", "kind", "version")} == {
        "id": insight.id,
        "name": f"My {kind}",
        "kind": kind,
        "version": 1,
    }
    assert ask(DOORS[kind], one["definition"]).json() == answered["answer"]


@pytest.mark.usefixtures("events")
def test_answers_of_everybody_and_of_one_organization(read, ada):
    by_kind = {kind: kept(kind, owner=ada).id for kind in DOORS}

    def answer(kind, **asked):
        return read(f"{by_kind[kind]}/answer/", **asked).json()["answer"]

    assert answer("trends")["series"][0]["data"] == [1, 0, 1, 0]
    assert answer("trends", organization="b")["series"][0]["data"] == [0, 0, 0, 0]
    assert [step["count"] for step in answer("funnel")["steps"]] == [2, 1]
    assert [step["count"] for step in answer("funnel", organization="b")["steps"]] == [1, 0]
    assert [(each["size"], each["returned"]) for each in answer("retention", organization="a")["cohorts"]] == [
        (1, [1, 0, 1, 0]),
        (0, [0, 0, 0]),
        (0, [0, 0]),
        (0, [0]),
    ]
    assert [each["new"] for each in answer("lifecycle")["stages"]] == [1, 0, 1, 0]
    assert [each["new"] for each in answer("lifecycle", organization="b")["stages"]] == [0, 0, 1, 0]


def test_what_is_not_there_or_not_yours_is_404(read):
    hidden = kept(name="Bob alone", owner=staff("bob"), is_shared=False)
    for path in (f"{hidden.id}/", f"{hidden.id}/answer/", "999999/", f"{10**30}/answer/"):
        response = read(path)
        assert response.status_code == 404
        assert response.json()["code"] == "not_found"


def test_an_unknown_organization_is_named(read, ada):
    response = read(f"{kept(owner=ada).id}/answer/", organization="nobody")
    assert response.status_code == 400
    assert (response.json()["code"], response.json()["field"]) == ("invalid_description", "organization")


def test_a_definition_that_cannot_be_read_any_more_breaks_only_its_answer(read, ada):
    broken = kept("funnel", {**FIELDS["funnel"], "window_days": "soon"}, owner=ada)
    assert mine(read(page_size=1000))["My funnel"]["definition"] is None
    response = read(f"{broken.id}/answer/")
    assert (response.status_code, response.json()["field"]) == (400, "window_days")


def test_another_scope_sees_no_insight(client, ada):
    _, text = tokens.create(ada, "Test", now=NOW, scopes=["events", "revenue"])
    for path in ("", "1/", "1/answer/"):
        assert client.get(f"/api/v1/insights/{path}", headers={"Authorization": f"Bearer {text}"}).status_code == 403
        assert client.get(f"/api/v1/insights/{path}").status_code == 401
