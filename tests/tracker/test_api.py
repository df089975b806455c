import gzip
import json
import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from orgs.models import Organization, OrganizationKey
from tests.tracker.sending import USER, Product, body
from tracker.models import ApplicationCredential, Event, EventKey, Reject

pytestmark = pytest.mark.django_db


def test_an_event_is_stored_as_it_was_sent():
    product = Product()
    answer = product.send(
        body(
            path="/Dash",
            plan="pro",
            ts_epoch=1_700_000_000,
            session_id="6F9619FF-8B86-D011-B42D-00CF4FC964FF",
            properties={"n": 1, "prompt": "secret", "$set": {"seats": 5, "output": "x"}},
            event_id="e-1",
        )
    )
    assert (answer.status_code, answer.json()["status"]) == (201, "accepted")
    event = Event.objects.get()
    assert event.id == answer.json()["id"]
    assert event.application == product.application
    assert event.key.external_id == "org_456"
    assert (event.name, event.path, event.plan, event.environment) == ("page_view", "/Dash", "pro", "production")
    assert bytes(event.user_hash).hex() == USER
    assert event.session_id == uuid.UUID("6f9619ff-8b86-d011-b42d-00cf4fc964ff")
    assert event.occurred_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert event.properties == {"n": 1, "$set": {"seats": 5}}


@pytest.mark.parametrize("path", ["/v1/events", "/v1/events/"])
def test_the_slash_makes_no_difference(path):
    assert Product().send(body(), path).status_code == 201


def test_a_missing_time_is_the_time_of_receipt_and_the_session_lasts_half_an_hour():
    product, start = Product(), 1_800 * 1_000_000
    before = datetime.now(UTC)
    product.send(body())
    assert before <= Event.objects.get().occurred_at <= datetime.now(UTC)
    for seconds in (0, 1_799, 1_800):
        product.send(body(ts_epoch=start + seconds))
    product.send(body(ts_epoch=start, customer_org_id="other"))
    [first, same, later, other] = Event.objects.order_by("id").values_list("session_id", flat=True)[1:]
    assert first == same
    assert len({first, later, other}) == 3


def test_ids_of_one_organization_in_many_writings_are_one_row():
    product = Product()
    for written in ("org_456", " org_456 ", 456, "456"):
        assert product.send(body(customer_org_id=written)).status_code == 201
    assert list(Organization.objects.values_list("external_id", flat=True)) == ["456", "org_456"]
    assert Event.objects.count() == 4


def test_a_key_stores_an_event_once_whatever_its_time():
    product = Product()
    first = product.send(body(event_id="k", ts_epoch=1_767_225_599))
    again = product.send(body(event_id="k", ts_epoch=1_767_225_600, plan="other"))
    header = product.send(body(), idempotency_key="k")
    assert [first.status_code, again.status_code, header.status_code] == [201, 200, 200]
    assert again.json() == header.json() == {"status": "duplicate", "id": first.json()["id"]}
    assert Event.objects.count() == EventKey.objects.count() == 1
    other = Product("Other").send(body(event_id="k"))
    assert other.status_code == 201


@pytest.mark.parametrize(
    "change",
    [{"event": "other"}, {"user_hash": "b" * 64}, {"customer_org_id": "other"}],
    ids=lambda change: next(iter(change)),
)
def test_a_key_of_another_event_is_refused(change):
    product = Product()
    product.send(body(event_id="k"))
    answer = product.send(body(event_id="k", **{k: v for k, v in change.items()}) | change)
    assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")
    assert Event.objects.count() == 1


def test_without_a_key_nothing_is_merged():
    product = Product()
    for _ in range(10):
        assert product.send(body(ts_epoch=1_700_000_000)).status_code == 201
    assert Event.objects.count() == 10


def test_errors_have_one_shape_and_name_the_field():
    answer = Product().send(body(user_hash="x"))
    message = "`user_hash` must be exactly 64 hexadecimal characters: the SHA-256 of the user's id."
    assert answer.status_code == 400
    assert answer.json() == {"code": "invalid_field", "message": message, "detail": message, "field": "user_hash"}
    assert not Event.objects.exists()
    assert not OrganizationKey.objects.exists()


def test_a_refused_event_is_counted_without_its_values():
    product = Product()
    for _ in range(3):
        product.send(body(user_hash="jane@example.com"))
    [reject] = Reject.objects.all()
    assert (reject.application, reject.code, reject.field, reject.count) == (
        product.application,
        "invalid_field",
        "user_hash",
        3,
    )
    assert reject.samples[0]["given"] == "text of 16 characters"
    assert len(reject.samples) == 3
    assert "jane" not in json.dumps(reject.samples) + reject.message


@pytest.mark.parametrize("signature", [None, "", "zz", "é" * 64, "A" * 64, "0" * 64, "0" * 63])
def test_a_wrong_signature_is_refused_alike(signature):
    product = Product()
    answer = product.send(body(), x_signature=signature)
    assert (answer.status_code, answer.json()["message"]) == (401, "Invalid signature")
    assert Reject.objects.get().code == "invalid_signature"
    assert not Event.objects.exists()


@pytest.mark.parametrize("app_uuid", [None, "", "x", "00000000-0000-4000-8000-00000000dead"])
def test_an_unknown_application_is_404(app_uuid):
    answer = Product().send(body(), x_app_uuid=app_uuid)
    assert (answer.status_code, answer.json()["message"]) == (404, "Unknown app_uuid")
    assert Reject.objects.get().application is None


def test_other_methods_are_told_the_right_one():
    product = Product()
    answer = product.client.get("/v1/events")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "POST" in answer["Allow"]


def test_a_signed_time_must_be_fresh():
    product, raw, now = Product(), json.dumps(body()).encode(), int(time.time())

    def send(moment):
        return product.send(raw, x_timestamp=str(moment), x_signature=product.sign(f"{moment}.".encode() + raw))

    assert send(now).status_code == 201
    assert send(now - 290).status_code == 201
    assert send(now - 310).json()["code"] == "stale_timestamp"
    assert send(now + 310).status_code == 401
    assert send("soon").status_code == 401
    # A stolen body with another time has the wrong signature.
    assert product.send(raw, x_timestamp=str(now)).json()["code"] == "invalid_signature"
    assert Event.objects.count() == 2


def test_gzip_is_read_and_a_bomb_is_not():
    product = Product()
    assert product.send(gzip.compress(json.dumps(body()).encode()), content_encoding="gzip").status_code == 201
    bomb = product.send(gzip.compress(b" " * 40_000), content_encoding="gzip")
    assert (bomb.status_code, bomb.json()["code"]) == (413, "too_large")
    assert product.send(body(), content_encoding="br").status_code == 415
    assert product.send(b"no gzip", content_encoding="gzip").status_code == 400
    assert Event.objects.count() == 1


def test_a_batch_stores_the_good_and_names_the_bad():
    product = Product()
    good = [body(event_id=f"e{n}") for n in range(60)]
    answer = product.send_batch({"events": [*good, body(user_hash="x"), 7, good[0]]})
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 60
    assert answer.json()["duplicates"] == 1
    assert [(each["index"], each["code"], each["field"]) for each in answer.json()["rejected"]] == [
        (60, "invalid_field", "user_hash"),
        (61, "not_an_object", ""),
    ]
    assert Event.objects.count() == 60
    assert product.send_batch(good).json() == {"accepted": 0, "duplicates": 60, "rejected": []}


def test_a_key_reused_in_a_batch_is_a_rejected_item():
    product = Product()
    answer = product.send_batch([body(event_id="k"), body(event_id="k", event="other"), body()])
    assert answer.json()["accepted"] == 2
    assert [(each["index"], each["code"]) for each in answer.json()["rejected"]] == [(1, "key_reused")]


@pytest.mark.parametrize(
    "spoiled",
    [
        b'{"event":"\\ud800"}',
        b"[1",
        b'{"a":1e999}',
        b'{"a":NaN}',
        b'{"event":"\xff"}',
        b'{"a":' * 3000 + b"1" + b"}" * 3000,
    ],
    ids=["surrogate", "open", "infinity", "nan", "utf8", "deep"],
)
def test_one_spoiled_event_never_costs_the_good_ones(spoiled):
    product, good = Product(), json.dumps(body(properties={"t": 'a,b]}"\\'})).encode()
    lines = product.send_batch(b"\n".join([good, spoiled, good]) + b"\n")
    assert (lines.json()["accepted"], [each["index"] for each in lines.json()["rejected"]]) == (2, [1])
    if spoiled != b"[1":  # an unclosed bracket leaves no array to split
        for around in (b"[%s]", b' {"events": [%s], "more": 1} '):
            answer = product.send_batch(around % b",".join([good, spoiled, good]))
            assert (answer.json()["accepted"], [each["index"] for each in answer.json()["rejected"]]) == (2, [1])
    assert set(Event.objects.values_list("properties__t", flat=True)) == {'a,b]}"\\'}


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"foo":[]}', b"7", b"[", b'[{"a":1}', b"[] x", b"{", b'{"events":1}'])
def test_an_unreadable_envelope_stores_nothing(raw):
    answer = Product().send_batch(raw)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_envelope")
    assert not Event.objects.exists()


def test_limits_of_a_batch():
    product = Product()
    many = product.send_batch(json.dumps([body()] * 10_001).encode())
    assert (many.status_code, many.json()["code"]) == (413, "too_large")
    assert "10000" in many.json()["message"]
    big = product.send_batch([body(), body(properties={"a": "x" * 33_000})])
    assert big.json()["accepted"] == 1
    assert [(each["index"], each["code"]) for each in big.json()["rejected"]] == [(1, "too_large")]
    assert product.send(body(pad="x" * 33_000)).status_code == 413
    assert (
        Reject.objects.get(code="too_large", field="", message__startswith="The body").application
        == product.application
    )
    assert product.send_batch([]).json() == {"accepted": 0, "duplicates": 0, "rejected": []}


def test_nul_is_refused_with_the_field_but_its_escape_as_text_is_kept():
    product = Product()
    answer = product.send(
        b'{"event":"a","user_hash":"%s","customer_org_id":"o","properties":{"a":"\\u0000"}}' % USER.encode()
    )
    assert (answer.status_code, answer.json()["field"]) == (400, "properties")
    assert product.send(body(properties={"a": "\\u0000", "b": None, "c": 2.5})).status_code == 201
    assert Event.objects.get().properties == {"a": "\\u0000", "b": None, "c": 2.5}


def test_over_its_rate_an_application_waits_and_others_do_not():
    product, other = Product(), Product("Other")
    type(product.application).objects.filter(id=product.application.id).update(events_per_second=1)
    answers = [product.send(body()) for _ in range(12)]
    assert [answer.status_code for answer in answers] == [201] * 10 + [429] * 2
    assert int(answers[-1]["Retry-After"]) >= 1
    assert list(Reject.objects.values_list("application", "code")) == [(product.application.id, "rate_limited")]
    assert other.send(body()).status_code == 201
    assert Event.objects.count() == 11


def test_unknown_keys_are_counted_and_not_stored():
    product = Product()
    assert product.send(body(foo=1, bar={"a": 1})).status_code == 201
    assert set(Reject.objects.values_list("field", "code", "count", "is_stored")) == {
        ("foo", "unknown_key", 1, True),
        ("bar", "unknown_key", 1, True),
    }


def test_a_good_request_asks_nothing_beside_the_one_prepared_statement(django_assert_num_queries):
    product = Product()
    product.send(body())
    with django_assert_num_queries(0):  # the prepared one does not pass through Django's cursor
        assert product.send(body()).status_code == 201
    assert Event.objects.count() == 2


def test_an_unreadable_secret_is_refused(settings):
    product = Product()
    ApplicationCredential.objects.update(sealed=b"not ours")
    assert product.send(body()).status_code == 401
    assert not Event.objects.exists()


def test_a_time_without_a_partition_is_stored():
    product = Product()
    long_ago, ahead = 1, int((datetime.now(UTC) + timedelta(days=364)).timestamp())
    assert product.send_batch([body(ts_epoch=long_ago), body(ts_epoch=ahead)]).json()["accepted"] == 2
    assert set(Event.objects.values_list("occurred_at__year", flat=True)) >= {1970}


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("12345678901234567890123", "12345678901234567890123"),
        ("-12345678901234567890123", "-12345678901234567890123"),
        ("18446744073709551616", "18446744073709551616"),
        ("-0", "0"),
        ("9" * 255, "9" * 255),
    ],
)
def test_a_whole_number_of_any_length_is_an_organization(sent, stored):
    raw = json.dumps(body()).replace('"org_456"', sent).encode()
    product = Product()
    assert product.send(raw).status_code == 201
    assert product.send_batch(b"[" + raw + b"," + raw + b"]").json()["accepted"] == 2
    assert product.send_batch(raw + b"\n" + raw).json()["accepted"] == 2
    assert list(Event.objects.values_list("key__external_id", flat=True)) == [stored] * 5


@pytest.mark.parametrize("sent", ["1e30", "12345678901234567890123.0", "9" * 256, "9" * 5000, "1e999"])
def test_what_is_no_such_number_is_refused(sent):
    raw = json.dumps(body()).replace('"org_456"', sent).encode()
    product = Product()
    answer = product.send(raw)
    assert (answer.status_code, answer.json()["field"]) == (400, "customer_org_id")
    assert "Infinite" not in answer.json()["message"]
    [rejected] = product.send_batch(b"[" + raw + b"]").json()["rejected"]
    assert rejected["field"] == "customer_org_id"
    assert not Event.objects.exists()


def test_whole_numbers_are_kept_as_they_were_sent_wherever_they_stand():
    product, number = Product(), 123456789012345678901234567890
    for raw in (body(properties={"n": [number]}), [body(properties={"n": [number]}), 1]):
        (product.send_batch if isinstance(raw, list) else product.send)(raw)
    assert list(Event.objects.values_list("properties", flat=True)) == [{"n": [number]}] * 2
    assert product.send(body(ts_epoch=10**20)).json()["code"] == "milliseconds"


def test_the_first_of_several_missing_fields_is_the_first_of_the_contract():
    product = Product()
    assert product.send({}).json()["field"] == "event"
    assert product.send({"event": "e", "customer_org_id": "o"}).json()["field"] == "user_hash"
