"""Addresses, keys and answers of the clients that exist already."""

import base64
import gzip
import hashlib
import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import zstandard
from django.db import connection
from django.test import Client
from django.utils import timezone

from tests.tracker.sending import Product
from tracker import credentials
from tracker.applications import OVERLAP, deactivate, revoke, rotate
from tracker.models import Application, ApplicationCredential, Event, Membership, Reject

pytestmark = pytest.mark.django_db
POSTHOG = ["/batch/", "/e/", "/i/v0/e/", "/capture/", "/track/"]
SEGMENT = ["/v1/batch", "/v1/b"]
CALLS = {"track": "t", "identify": "i", "page": "p", "screen": "s", "group": "g", "alias": "a"}
NO_FLAGS = {"flags": {}, "featureFlags": {}, "featureFlagPayloads": {}, "errorsWhileComputingFlags": False}


def post(path, body, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return Client(raise_request_exception=True).post(path, raw, content_type="text/plain", headers=headers)


def ph(product, *events):
    return {"api_key": product.write_key, "batch": list(events) or [{"event": "e", "distinct_id": "u"}]}


def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("path", [*POSTHOG, *[each.rstrip("/") for each in POSTHOG], "/e/?ip=1&beacon=1"])
def test_posthog_addresses(path):
    answer = post(path, ph(Product()))
    assert (answer.status_code, answer.json(), answer["Content-Type"]) == (200, {"status": 1}, "application/json")
    assert Event.objects.count() == 1


@pytest.mark.parametrize("path", [*SEGMENT, "/v1/batch/"])
def test_segment_batches(path):
    product = Product()
    body = {"batch": [{"type": "track", "event": "e", "userId": "u"}, {"type": "page", "anonymousId": "a"}]}
    for authorization in (basic(f"{product.write_key}:"), basic(product.write_key)):
        answer = post(path, body, Authorization=authorization)
        assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert post(path, {**body, "writeKey": product.write_key}).status_code == 200
    assert Event.objects.count() == 6


@pytest.mark.parametrize(("kind", "short"), CALLS.items())
def test_segment_calls(kind, short):
    product = Product()
    for path in (f"/v1/{kind}", f"/v1/{kind}/", f"/v1/{short}"):
        body = {"event": "e", "userId": "u", "groupId": "g", "writeKey": product.write_key}
        answer = post(path, body)
        assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert Event.objects.count() == 3


def test_the_newer_format_answers_each_event():
    product = Product()
    ids = [str(uuid.uuid4()) for _ in range(4)]
    groups = {"$groups": {"company": "one"}}
    events = [
        {"event": "e", "distinct_id": "u", "uuid": ids[0], "properties": groups},
        {"event": "e", "distinct_id": "u", "uuid": ids[1], "properties": groups, "timestamp": "?"},
        {"event": "e", "uuid": ids[2]},
        {"event": "other", "distinct_id": "u2", "uuid": ids[0], "properties": groups},
        {"event": "e", "distinct_id": "u", "uuid": ids[3], "properties": groups},
    ]
    headers = {"Authorization": f"Bearer {product.write_key}", "PostHog-Request-Id": "r-1"}
    for path, squeeze in (
        ("/i/v1/analytics/events", zstandard.compress),
        ("/i/v1/analytics/events/", gzip.compress),
    ):
        answer = post(path, squeeze(json.dumps({"batch": events}).encode()), **headers)
        assert (answer.status_code, answer["PostHog-Request-Id"]) == (200, "r-1")
        results = answer.json()["results"]
        assert {name: each["result"] for name, each in results.items()} == {
            ids[0]: "ok",
            ids[1]: "warning",
            ids[2]: "drop",
            ids[3]: "ok",
        }
        assert results[ids[2]]["details"] == "`distinct_id` is required: text that names the user."
    assert Event.objects.count() == 3
    assert post("/i/v1/analytics/events", {"batch": []}, **headers).status_code == 400


def test_events_of_several_applications_in_one_request():
    one, other = Product("One"), Product("Other")
    tokens = [one.write_key, other.write_key, "unknown", one.write_key]
    events = [{"event": f"e{n}", "distinct_id": "u", "token": token} for n, token in enumerate(tokens)]
    assert post("/batch/", {"batch": events}).status_code == 200
    assert sorted(Event.objects.values_list("application__name", "name")) == [
        ("One", "e0"),
        ("One", "e3"),
        ("Other", "e1"),
    ]
    assert Reject.objects.get(code="unknown_write_key").count == 1
    assert post("/batch/", {"batch": events[2:3]}).status_code == 401


def test_a_used_key_is_a_duplicate_whatever_comes_under_it():
    product, key = Product(), str(uuid.uuid4())
    for name in ("e", "e", "other"):
        post("/batch/", ph(product, {"event": name, "distinct_id": name, "uuid": key.upper()}))
    post("/v1/batch", {"writeKey": product.write_key, "batch": [{"type": "page", "userId": "u", "messageId": key}]})
    assert [each.name for each in Event.objects.all()] == ["e"]
    assert not Reject.objects.filter(is_stored=False).exists()


@pytest.mark.parametrize("path", ["/batch/", "/i/v1/analytics/events", "/v1/batch", "/v1/t"])
def test_a_wrong_key_is_401_in_the_words_of_the_clients(path):
    key = {"api_key": "sk_wrong", "writeKey": "sk_wrong"}
    answer = post(path, {**key, "batch": [{"event": "e"}]}, Authorization="Bearer x")
    assert answer.status_code == 401
    message = "Unknown write key"
    assert answer.json() == {"code": "unknown_write_key", "message": message, "detail": message, "field": ""}
    assert Reject.objects.get().application is None


def test_only_a_valid_write_key_opens():
    product, now = Product(), timezone.now()

    def status(key):
        return post("/batch/", {**ph(product), "api_key": key}).status_code

    assert status(product.write_key) == 200
    assert ApplicationCredential.objects.get(kind="write_key").last_used_at is not None
    assert status(product.secret.decode()) == 401
    fresh = rotate(product.application, "write_key", actor=None, now=now - 2 * OVERLAP)
    credentials.forget()
    assert [status(product.write_key), status(fresh)] == [401, 200]
    revoke(ApplicationCredential.objects.get(hint=fresh[-4:]), actor=None, now=now)
    credentials.forget()
    assert status(fresh) == 401
    fresh = rotate(product.application, "write_key", actor=None, now=now)
    credentials.forget()
    assert status(fresh) == 200
    deactivate(product.application, actor=None, now=now)
    credentials.forget()
    assert status(fresh) == 401


@pytest.mark.parametrize("path", ["/batch/", "/v1/batch", "/v1/t"])
@pytest.mark.parametrize("raw", [b"", b"x", b"[", b"{}", b"\x1f\x8bno", b"\x78\x9cno", b"\x28\xb5\x2f\xfdno", b"1"])
def test_an_unreadable_envelope_is_400(path, raw):
    answer = post(path, raw)
    assert (answer.status_code, set(answer.json())) == (400, {"code", "message", "detail", "field"})


def test_over_the_rate_browsers_are_told_to_come_back():
    product = Product()
    Application.objects.update(events_per_second=1)
    events = [{"event": "e", "distinct_id": "u"}] * 10
    assert post("/batch/", ph(product, *events)).status_code == 200
    limited = post("/batch/", ph(product, *events))
    assert (limited.status_code, int(limited["Retry-After"]) >= 1) == (503, True)
    calls = {"writeKey": product.write_key, "batch": [{"type": "page", "userId": "u"}]}
    assert post("/v1/batch", calls).status_code == 429
    assert Event.objects.count() == 10


def test_what_else_clients_ask():
    client = Client(raise_request_exception=True)
    for path in ("/flags/?v=2", "/decide/", "/flags"):
        answer = post(path, {"token": "x"})
        assert (answer.status_code, answer.json()) == (200, NO_FLAGS)
    assert client.get("/array/wk_1/config").json() == {}
    script = client.get("/array/wk_1/config.js")
    assert (script.status_code, script.content) == (200, b"")
    assert client.get("/api/surveys/?token=x").json() == {"surveys": []}
    assert [post(path, b"\x00").status_code for path in ("/s/", "/v1/m")] == [200, 200]
    assert client.get("/v1/projects/wk_1/settings", headers={"Host": "localhost:8000"}).json() == {
        "integrations": {"Segment.io": {"apiKey": "wk_1", "apiHost": "localhost:8000/v1", "protocol": "http"}},
        "plan": {},
        "metrics": {"sampleRate": 0},
    }
    assert client.get("/batch").status_code == 405
    assert client.post("/api/surveys/").json()["message"] == "POST is not answered here; use GET."


ASKED = {"Origin": "https://app.example.com", "Access-Control-Request-Headers": "content-type,authorization"}


@pytest.mark.parametrize(
    "path", ["/batch/", "/e", "/i/v1/analytics/events", "/v1/t", "/flags/", "/v1/projects/k/settings"]
)
def test_browsers_of_any_web_site_may_ask(path):
    Product()
    answer = Client().options(path, headers=ASKED)
    assert answer.status_code == 204
    assert answer["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert answer["Access-Control-Allow-Headers"] == "content-type,authorization"
    assert {"POST", "GET"} & set(answer["Access-Control-Allow-Methods"].split(", "))
    assert "Origin" in answer["Vary"]


def test_an_application_may_name_its_web_sites():
    product = Product()
    Application.objects.update(allowed_origins=["https://app.example.com"])
    other = {**ASKED, "Origin": "https://evil.example.com"}
    assert "Access-Control-Allow-Origin" not in Client().options("/batch/", headers=other)
    assert "Access-Control-Allow-Origin" in Client().options("/batch/", headers=ASKED)
    refused = post("/batch/", ph(product), Origin="https://evil.example.com")
    assert (refused.status_code, refused.json()["code"]) == (403, "origin_not_allowed")
    assert "Access-Control-Allow-Origin" not in refused
    taken = post("/batch/", ph(product), Origin="https://app.example.com")
    assert (taken.status_code, taken["Access-Control-Allow-Origin"]) == (200, "https://app.example.com")
    assert post("/batch/", ph(product)).status_code == 200
    assert Event.objects.count() == 2


def test_millions_of_values_are_not_read():
    answer = post("/batch/", gzip.compress(b"[" + b"[]," * 1_500_000))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_ten_thousand_events_and_one():
    product = Product()
    many = [{"event": "e", "distinct_id": "u"}] * 10_001
    assert post("/batch/", ph(product, *many)).status_code == 413
    calls = {"writeKey": product.write_key, "batch": [{"type": "page", "userId": "u"}] * 10_001}
    assert post("/v1/batch", calls).status_code == 413
    assert Event.objects.count() == 0
    assert post("/batch/", ph(product, *many[1:])).status_code == 200
    assert Event.objects.count() == 10_000


def test_too_many_events_stand_on_the_page_of_their_application():
    product = Product()
    post("/batch/", {"batch": [{"event": "e", "distinct_id": "u", "token": product.write_key}] * 10_001})
    assert Reject.objects.get(code="too_large").application == product.application


@pytest.mark.parametrize("raw", [b"[" + b'{"a":0},' * 300_000 + b"0]", b"[" + b"[]," * 300_000 + b"0]"])
def test_hundreds_of_thousands_of_objects_are_not_read(raw):
    answer = post("/batch/", raw)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_ids_that_are_numbers_of_any_length():
    product, number = Product(), 123456789012345678901234567890
    for _ in range(2):
        call = {"type": "track", "event": "e", "userId": number, "messageId": number, "groupId": number}
        post("/v1/batch", {"writeKey": product.write_key, "batch": [call]})
        post("/batch/", ph(product, {"event": "e", "distinct_id": number + 1, "uuid": number + 1}))
    events = Event.objects.order_by("id")
    assert [bytes(each.user_hash) for each in events] == [
        hashlib.sha256(str(each).encode()).digest() for each in (number, number + 1)
    ]
    assert events[0].key.external_id == str(number)


def test_what_had_to_be_left_out_is_told():
    product = Product()
    odd = {"event": "e", "distinct_id": "u", "properties": ["x"], "uuid": 1.5, "offset": "12"}
    post("/batch/", ph(product, odd))
    call = {"type": "track", "event": "e", "userId": "u", "groupId": "o", "properties": "x", "messageId": [1]}
    post("/v1/batch", {"writeKey": product.write_key, "batch": [call]})
    told = Reject.objects.filter(is_stored=True).values_list("code", "field", "count")
    assert set(told) >= {
        ("ignored_field", "properties", 2),
        ("ignored_field", "uuid", 1),
        ("ignored_field", "messageId", 1),
        ("unreadable_time", "", 1),
    }
    assert Event.objects.count() == 2


@pytest.mark.usefixtures("events_table")
def test_the_same_batch_from_many_at_once():
    product = Product()
    groups = {"$groups": {"company": "one"}}
    events = [
        {"event": "e", "distinct_id": f"u-{n % 7}", "uuid": str(uuid.uuid4()), "properties": groups} for n in range(60)
    ]

    def send(turn: int) -> int:
        try:
            return post("/batch/", ph(product, *(events if turn % 2 else reversed(events)))).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(send, range(12))) == {200}
    assert Event.objects.count() == 60
    assert Membership.objects.count() == 7
