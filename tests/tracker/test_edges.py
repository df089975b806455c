"""What lies just inside and just outside of the contract, over HTTP."""

import base64
import json
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.tracker.sending import Product, body, staff
from tracker import partitions, tally
from tracker.models import Event

pytestmark = pytest.mark.django_db
HALF = "\ud800"
BIG = {"pad": "x" * 40_000}


@pytest.fixture
def product():
    return Product()


def capture(product, *events, path="/batch/", **headers):
    said = [
        {"event": "e", "distinct_id": "u-1", "properties": {"$groups": {"company": "o"}}, **each} for each in events
    ]
    raw = json.dumps({"api_key": product.write_key, "batch": said})
    return product.client.post(path, raw, content_type="application/json", headers=headers)


def track(product, **values):
    call = {"type": "track", "userId": "u-1", "event": "e", "context": {"groupId": "o"}, **values}
    basic = base64.b64encode(product.write_key.encode()).decode()
    return product.client.post(
        "/v1/batch",
        json.dumps({"batch": [call]}),
        content_type="application/json",
        headers={"Authorization": f"Basic {basic}"},
    )


def keys(count: int) -> dict[str, int]:
    return {f"k{number}": number for number in range(count)}


# --- 32 KiB an event, whatever it holds ------------------------------------------------------------------------
def test_half_a_surrogate_pair_buys_no_room(product):
    lines = [json.dumps(each).encode() for each in (body(x=HALF, properties=BIG), body())]
    receipt = product.send_batch(b"\n".join(lines)).json()
    assert (receipt["accepted"], receipt["rejected"][0]["index"], receipt["rejected"][0]["code"]) == (1, 0, "too_large")
    assert capture(product, {"properties": {**BIG, "half": HALF}}).status_code == 200
    assert Event.objects.count() == 1


def test_nor_does_a_whole_number_over_64_bits(product):
    receipt = product.send_batch([body(customer_org_id=1.5), body(properties={**BIG, "n": 10**30})]).json()
    assert [each["code"] for each in receipt["rejected"]] == ["invalid_field", "too_large"]
    assert Event.objects.count() == 0


@pytest.mark.parametrize("text", [f"a{HALF}", "a\x00"])
def test_small_events_with_text_that_no_column_takes_are_stored(product, text):
    assert capture(product, {"event": text}, {"event": "한국 ퟿"}).status_code == 200
    assert list(Event.objects.order_by("id").values_list("name", flat=True)) == ["a\ufffd", "한국 ퟿"]


# --- 256 properties, counted as they were sent -----------------------------------------------------------------
@pytest.mark.parametrize(("count", "stored"), [(256, 1), (257, 0)])
def test_properties_at_their_limit_on_every_path(product, count, stored):
    ways = (
        lambda: product.send(body(properties=keys(count))),
        lambda: product.send_batch([body(properties=keys(count))]),
        lambda: track(product, properties=keys(count), context={"groupId": "o", "library": {"name": "l"}}),
        lambda: capture(product, {"properties": keys(count)}),
        lambda: capture(
            product,
            {"properties": keys(count)},
            path="/i/v1/analytics/events",
            **{"Authorization": f"Bearer {product.write_key}", "PostHog-Sdk-Info": "posthog-python/7"},
        ),
    )
    for number, send in enumerate(ways, 1):
        send()
        assert Event.objects.count() == number * stored


# --- Batches ---------------------------------------------------------------------------------------------------
def test_other_keys_may_stand_before_the_events(product):
    envelope = json.dumps({"version": 1, "events": [body(event=HALF), body()]}).encode()
    receipt = product.send_batch(envelope).json()
    assert (receipt["accepted"], receipt["rejected"][0]["field"]) == (1, "event")


def test_a_body_of_which_nothing_can_be_read_is_no_batch(product):
    answer = product.send_batch(b'{"event\n{"event\n')
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_envelope")


# --- Keys, times, names ----------------------------------------------------------------------------------------
def test_of_two_keys_the_field_counts(product):
    assert product.send(body(event_id="a"), idempotency_key="h").status_code == 201
    assert product.send(body(event_id="b"), idempotency_key="h").status_code == 201
    assert product.send(body(event_id="a"), idempotency_key="other").json()["status"] == "duplicate"


def test_a_blank_key_is_none(product):
    assert product.send(body(event_id="  ")).json()["field"] == "event_id"
    assert product.send(body(), idempotency_key=" ").json()["field"] == "Idempotency-Key"
    track(product, messageId=" ")
    track(product, messageId=" ")
    assert Event.objects.count() == 2


def test_one_year_ahead(product):
    year = int((timezone.now() + timedelta(days=365)).timestamp())
    assert product.send(body(ts_epoch=year)).status_code == 201
    assert product.send(body(ts_epoch=year + 60)).json()["field"] == "ts_epoch"


def test_a_blank_name_is_refused_on_every_path(product):
    assert product.send(body(event=" ")).status_code == 400
    capture(product, {"event": " "})
    track(product, event=" ")
    assert Event.objects.count() == 0


def test_the_plan_of_the_traits_when_that_of_the_properties_is_no_text(product):
    track(product, properties={"plan": 5}, context={"groupId": "o", "traits": {"plan": "gold"}})
    assert Event.objects.get().plan == "gold"


def test_denied_keys_are_dropped_from_kept_user_properties(product):
    type(product.application).objects.update(keeps_user_properties=True)
    capture(product, {"event": "$set", "$set": {"prompt": "secret", "role": "admin"}})
    assert Event.objects.get().properties["user_properties"] == {"role": "admin"}


def test_a_result_without_a_uuid_is_known_by_its_place(product):
    known = str(uuid.uuid4())
    bearer = f"Bearer {product.write_key}"
    answer = capture(product, {"uuid": known}, {"uuid": None}, {}, path="/i/v1/analytics/events", Authorization=bearer)
    assert set(answer.json()["results"]) == {known, "1", "2"}


# --- What the application's page says --------------------------------------------------------------------------
def test_the_page_shows_unknown_keys_and_events_outside_the_months(product, monkeypatch):
    monkeypatch.setattr(tally, "_written_at", float("-inf"))  # after a quiet second: written at once
    page = product.client
    page.force_login(staff())
    address = reverse("admin:application", args=[product.application.id])
    quiet = page.get(address).content.decode()
    assert "Unknown keys" not in quiet
    assert "outside the months" not in quiet
    product.send(body(usr_plan="gold", ts_epoch=0))
    html = page.get(address).content.decode()
    assert "usr_plan" in html.split("Unknown keys")[1].split("Ready to paste")[0]
    assert "1\u00a0event with a time outside the months" in html
    assert partitions.in_default() == partitions.in_default(product.application.id) == 1
    assert partitions.in_default(product.application.id + 1) == 0
