"""The read API gives raw events: newest first, by cursor, filtered on every field."""

import pytest
from django.utils import timezone

from config.backoffice import tokens
from tests.factories import staff
from tests.tracker.sending import USER, Product, body

pytestmark = pytest.mark.django_db
OTHER = "b" * 64
SESSION = "123e4567-e89b-12d3-a456-426614174000"


@pytest.fixture
def get(client):
    user = staff()

    def ask(scope: str = "events", **query: object) -> tuple[int, dict]:
        _, text = tokens.create(user, "test", now=timezone.now(), scopes=[scope])
        answer = client.get("/api/v1/events/", query, headers={"authorization": f"Bearer {text}"})
        return answer.status_code, answer.json()

    return ask


@pytest.fixture
def product() -> Product:
    """Six events, each alone in one way."""
    made, ts = Product(), 1_767_225_600
    made.send(body(event="first", ts_epoch=ts, path="/reports/1", properties={"n": 1, "7": "seven"}))
    made.send(body(event="staged", environment="staging"))
    made.send(body(event="other", customer_org_id="org_457", user_hash=OTHER))
    made.send(body(event="planned", plan="pro"))
    made.send(body(event="sessioned", session_id=SESSION))
    Product("Second").send(body(event="elsewhere"))
    return made


def names(answer: tuple[int, dict]) -> list[str]:
    status, found = answer
    assert status == 200, found
    return [event["event"] for event in found["results"]]


def test_newest_first_with_everything_that_is_known(get, product):
    status, found = get()
    assert status == 200
    assert names((status, found)) == ["elsewhere", "sessioned", "planned", "other", "staged", "first"]
    first = found["results"][-1]
    assert first.pop("id") > 0
    assert first.pop("received_at")
    assert first.pop("session_id")  # inferred
    assert first == {
        "occurred_at": "2026-01-01T00:00:00Z",
        "application": str(product.application.uuid),
        "environment": "production",
        "event": "first",
        "external_org_id": "org_456",
        "organization": "org_456",
        "user_hash": USER,
        "path": "/reports/1",
        "plan": None,
        "properties": {"n": 1, "7": "seven"},
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"environment": "staging"}, ["staged"]),
        ({"event": "other"}, ["other"]),
        ({"organization": "org_457"}, ["other"]),
        ({"user": OTHER}, ["other"]),
        ({"user": "BBB"}, ["other"]),
        ({"path": "/reports"}, ["first"]),
        ({"path": "reports"}, []),
        ({"session": SESSION}, ["sessioned"]),
        ({"plan": "pro"}, ["planned"]),
        ({"property": "n"}, ["first"]),
        ({"property": "n", "value": "1"}, ["first"]),
        ({"property": "n", "value": "2"}, []),
        ({"property": "7", "value": "seven"}, ["first"]),
        ({"property": "9" * 30}, []),
        ({"until": "2026-02-01T00:00:00Z"}, ["first"]),
        ({"since": "2026-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, []),
        ({"application": "00000000-0000-0000-0000-000000000000"}, []),
    ],
)
def test_filters(get, product, query, found):
    assert names(get(**query)) == found


def test_the_application_filter_and_the_cursor(get, product, client):
    status, page = get(application=str(product.application.uuid), page_size=3)
    assert (status, names((status, page))) == (200, ["sessioned", "planned", "other"])
    cursor = page["next"].split("cursor=")[1].split("&")[0]
    rest = names(get(application=str(product.application.uuid), page_size=3, cursor=cursor.replace("%3D", "=")))
    assert rest == ["staged", "first"]


@pytest.mark.parametrize(
    "query",
    [
        *({"user": "xyz"}, {"session": "1"}, {"since": "yesterday"}, {"event": "a\x00b"}, {"application": "Shop"}),
        {"until": "9999-12-31T23:59:59-23:00"},
    ],
)
def test_a_filter_that_makes_no_sense_is_refused_by_name(get, product, query):
    status, answer = get(**query)
    assert (status, answer["field"]) == (400, next(iter(query)))


def test_a_moment_of_any_offset_is_read(get, product):
    assert len(names(get(since="0100-07-29T11:15:46-23:24"))) == 6


def test_the_scope_is_asked_for(get):
    status, answer = get(scope="revenue")
    assert (status, answer["code"]) == (403, "permission_denied")
