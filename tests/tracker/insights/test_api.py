"""POST /api/v1/insights/query/."""

import json
from datetime import UTC, datetime

import pytest

from config.backoffice import tokens
from tests.factories import application, staff
from tests.tracker.test_rollups import event, put
from tracker import rollups

pytestmark = pytest.mark.django_db
NOW = datetime(2024, 4, 20, 12, tzinfo=UTC)
PURCHASES = {
    "series": [
        {
            "event": "purchase",
            "math": "sum",
            "property": "purchase_value",
            "filters": [{"property": "plan", "of": "event", "operator": "exact", "value": ["pro"]}],
        },
        {"event": "purchase", "math": "unique_organizations"},
    ],
    "formula": "A/B",
    "breakdown": None,
    "interval": "month",
    "range": {"from": "2024-01-01", "to": "2024-04-30"},
    "compare": False,
}


def ask(client, document, scopes=("insights",), door="query", **headers):
    _, text = tokens.create(staff(f"api{scopes}{door}"), "Test", now=NOW, scopes=scopes)
    return client.post(
        f"/api/v1/insights/{door}/",
        json.dumps(document),
        content_type="application/json",
        headers={"Authorization": f"Bearer {text}", **headers},
    )


def buy(external_id: str, month: int, value, plan: str = "pro") -> object:
    properties = json.dumps({"purchase_value": value, "plan": plan})
    return event(datetime(2024, month, 15, tzinfo=UTC), name="purchase", external_id=external_id, properties=properties)


@pytest.fixture
def purchases():
    sent = [buy("a", 1, 100), buy("a", 3, "50.5"), buy("b", 3, 20, plan="free"), buy("b", 3, "many")]
    put(application(), sent, received_at=NOW)
    rollups.roll_up(NOW)


@pytest.mark.usefixtures("purchases")
def test_the_documented_question(client):
    response = ask(client, PURCHASES)
    assert response.status_code == 200
    body = response.json()
    months = ["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"]
    money, organizations = body["series"]
    assert (money["buckets"], money["data"], money["aggregate"]) == (months, [100, 0, 50.5, 0], 150.5)
    assert (organizations["data"], organizations["aggregate"]) == ([1, 0, 2, 0], 2)
    assert (body["formula"]["data"], body["formula"]["aggregate"]) == ([100, 0, 25.25, 0], 75.25)
    assert (body["skipped_values"], body["incomplete_last_bucket"]) == (1, False)
    assert body["sentence"] == (
        "A: sum of purchase_value of “purchase” where plan is “pro”; B: unique organizations of “purchase”, "
        "shown as A/B, by month, from 2024-01-01 to 2024-04-30, environment production."
    )


@pytest.mark.usefixtures("purchases")
def test_a_breakdown_has_a_line_a_value_and_the_formula_both(client):
    body = ask(client, {**PURCHASES, "breakdown": {"property": "plan"}, "interval": None}).json()
    lines = [(each["series"], each["breakdown"], each["aggregate"]) for each in body["series"]]
    assert lines == [("A", "pro", 150.5), ("A", "free", 0), ("B", "pro", 2), ("B", "free", 1)]
    assert body["formula"]["aggregate"] == 75.25
    parts = [(each["breakdown"], each["aggregate"]) for each in body["formula"]["by_breakdown"]]
    assert parts == [("pro", 75.25), ("free", 0)]


@pytest.mark.usefixtures("purchases")
def test_the_period_before(client):
    march = {**PURCHASES, "range": {"from": "2024-03-01", "to": "2024-03-31"}, "compare": True}
    body = ask(client, march).json()
    assert body["series"][1]["aggregate"] == 2
    assert body["previous"]["range"] == {"from": "2024-02-01", "to": "2024-02-29"}
    assert body["previous"]["series"][1]["aggregate"] == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"series": []}, "series"),
        ({"series": [{"math": "total"}]}, "series[0]"),
        ({"series": [{"event": "x", "math": "mode"}]}, "series[0].math"),
        ({"series": [{"event": "x", "math": "sum"}]}, "series[0].property"),
        (
            {"series": [{"event": "x", "filters": [{"property": "p", "operator": "gt", "value": "many"}]}]},
            "series[0].filters[0].value",
        ),
        (
            {
                "series": [{"event": "x", "filters": [{"property": "p", "operator": "regex", "value": "("}]}],
                "formula": None,
            },
            "series[0].filters[0].value",
        ),
        (
            {
                "filters": {
                    "match": "any",
                    "filters": [{"filters": [{"property": "p", "operator": "regex", "value": "["}]}],
                }
            },
            "filters.filters[0].filters[0].value",
        ),
        ({"series": [{"event": "x", "filters": [{"property": "p"}]}]}, "series[0].filters[0].value"),
        ({"range": "-7d"}, "range"),
        (
            {"series": [{"event": "x", "filters": [{"operator": "in_cohort", "value": [99]}]}], "formula": None},
            "series[0].filters[0].value",
        ),
        ({"formula": "A/C"}, "formula"),
        ({"formula": "__import__('os')"}, "formula"),
        ({"range": {"from": "yesterday"}}, "range.from"),
        ({"range": {"from": "2024-04-30", "to": "2024-01-01"}}, "range"),
        ({"range": {"from": "1999-01-01"}, "interval": "hour"}, "interval"),
        ({"breakdown": {"property": "x", "of": "table"}}, "breakdown.of"),
        ({"breakdown": {"property": "99", "of": "cohort"}}, "breakdown.property"),
        ({"application": "11111111-1111-1111-1111-111111111111"}, "application"),
        ({"organization": "nobody"}, "organization"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_makes_no_sense_is_named(client, change, field):
    response = ask(client, {**PURCHASES, **change})
    assert response.status_code == 400
    assert (response.json()["code"], response.json()["field"]) == ("invalid_description", field)


def test_a_token_without_the_scope_asks_nothing(client):
    assert ask(client, PURCHASES, scopes=("revenue",)).status_code == 403
    assert client.post("/api/v1/insights/query/", "{}", content_type="application/json").status_code == 401


@pytest.mark.parametrize("door", ["query", "funnel"])
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("[" * 100_000, 400, "parse_error"),
        ('{"a":' * 100_000, 400, "parse_error"),
        ('{"series": ' + "9" * 5_000 + "}", 400, "parse_error"),
        ('{"series": NaN}', 400, "parse_error"),
        ("", 400, "invalid_description"),
        (" " * (2 * 1024 * 1024) + "{}", 413, "too_large"),
    ],
    ids=["brackets", "objects", "digits", "nan", "nothing", "size"],
)
def test_a_body_that_cannot_be_read_is_refused(client, door, body, status, code):
    _, text = tokens.create(staff(), "Test", now=NOW, scopes=("insights",))
    headers = {"Authorization": f"Bearer {text}"}
    response = client.post(f"/api/v1/insights/{door}/", body, content_type="application/json", headers=headers)
    assert (response.status_code, response.json()["code"]) == (status, code)


RANGE = {"range": {"from": "2024-01-01", "to": "2024-04-30"}}


@pytest.mark.usefixtures("purchases")
def test_a_funnel(client):
    steps = [{"event": "purchase"}, {"event": "purchase", "filters": [{"property": "plan", "value": "pro"}]}]
    asked = {"steps": steps, "window_days": 90, **RANGE}
    found = ask(client, asked, door="funnel").json()["steps"]
    # b bought twice at the same moment; the second, which names pro, came after the first.
    assert [(each["count"], each["of_first"]) for each in found] == [(2, 1), (2, 1)]
    assert [each["label"] for each in found] == ["“purchase”", "“purchase” where plan is “pro”"]
    assert ask(client, {**asked, "window_days": 0}, door="funnel", scopes=("insights", "events")).status_code == 400


@pytest.mark.usefixtures("purchases")
def test_retention_and_lifecycle(client):
    found = ask(client, {"interval": "month", "start": "purchase", **RANGE}, door="retention").json()["cohorts"]
    assert [(each["began"], each["size"], each["returned"]) for each in found] == [
        ("2024-01-01", 1, [1, 0, 1, 0]),
        ("2024-02-01", 0, [0, 0, 0]),
        ("2024-03-01", 1, [1, 0]),
        ("2024-04-01", 0, [0]),
    ]
    stages = ask(client, {"interval": "month", **RANGE}, door="lifecycle").json()["stages"]
    assert stages[2] == {"bucket": "2024-03-01", "new": 1, "returning": 0, "resurrecting": 1, "dormant": 0}
    assert (stages[1]["dormant"], stages[3]["dormant"]) == (1, 2)


@pytest.mark.parametrize(
    ("door", "asked", "field"),
    [
        ("funnel", {"steps": []}, "steps"),
        ("funnel", {"steps": "visit"}, "steps"),
        ("funnel", {"steps": [{"event": "x"}, {"event": 5}]}, "steps[1].event"),
        (
            "funnel",
            {
                "steps": [
                    {"event": "x"},
                    {"event": "x", "filters": [{"property": "p", "operator": "regex", "value": "("}]},
                ]
            },
            "steps[1].filters[0].value",
        ),
        ("funnel", {"steps": [{"event": "x"}] * 2, "breakdown": {"property": "plan"}}, "breakdown"),
        ("funnel", {"steps": [{"event": "x"}]}, "steps"),
        ("funnel", {"steps": [{"event": "x"}] * 2, "by": "team"}, "by"),
        ("funnel", {"steps": [{"event": "x"}] * 2, "by": []}, "by"),
        ("funnel", {"steps": [{"event": "x"}] * 2, "window_days": "9"}, "window_days"),
        ("retention", {"interval": "day"}, "interval"),
        ("retention", {"interval": "week", "start": 7}, "start"),
        ("retention", {"interval": "week", "compare": True}, "compare"),
        ("lifecycle", {"interval": "week", "series": [{"event": "x"}]}, "series"),
        ("lifecycle", {}, "interval"),
        ("lifecycle", [], ""),
        ("lifecycle", {"interval": "week", "surprise": 1}, "surprise"),
    ],
)
def test_other_shapes_name_what_makes_no_sense(client, door, asked, field):
    response = ask(client, asked, door=door)
    assert (response.status_code, response.json()["field"]) == (400, field)
