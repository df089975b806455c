"""Events that the database refuses, or cannot take just now, cost their neighbours nothing."""

import json
import uuid

import pytest
from django.db import connection
from django.test import Client

from tests.tracker.sending import Product, body
from tracker.models import Event, Reject

pytestmark = pytest.mark.usefixtures("events_table")
TRIGGER = """
CREATE FUNCTION refuse_some() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.name = 'busy' THEN RAISE EXCEPTION 'busy' USING ERRCODE = 'lock_not_available'; END IF;
    IF NEW.name = 'wrong' THEN RAISE EXCEPTION 'wrong' USING ERRCODE = 'check_violation'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse_some BEFORE INSERT ON tracker_event FOR EACH ROW EXECUTE FUNCTION refuse_some();
"""


@pytest.fixture(autouse=True)
def database_that_refuses(events_table):
    with connection.cursor() as cursor:
        cursor.execute(TRIGGER)
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER refuse_some ON tracker_event; DROP FUNCTION refuse_some()")


@pytest.mark.parametrize("size", [10, 100])
def test_a_batch_names_them(size):
    names = ["busy" if n == 3 else "wrong" if n == 7 else "good" for n in range(size)]
    answer = Product().send_batch([body(event=name) for name in names])
    told = answer.json()
    assert (answer.status_code, told["accepted"], told["duplicates"]) == (200, size - 2, 0)
    assert [(each["index"], each["code"]) for each in told["rejected"]] == [(3, "unavailable"), (7, "unstorable")]
    assert set(Event.objects.values_list("name", flat=True)) == {"good"}
    assert sorted(Reject.objects.values_list("code", "count")) == [("unavailable", 1), ("unstorable", 1)]


def post(path, product, names, **headers):
    ids = [str(uuid.uuid4()) for _ in names]
    events = [{"event": name, "distinct_id": "u", "uuid": each} for name, each in zip(names, ids, strict=True)]
    sent = json.dumps({"api_key": product.write_key, "batch": events})
    headers = {"Authorization": f"Bearer {product.write_key}"}
    return ids, Client(raise_request_exception=True).post(path, sent, content_type="text/plain", headers=headers)


def test_the_newer_format_asks_for_one_event_again():
    ids, answer = post("/i/v1/analytics/events", Product(), ["good", "busy", "good", "wrong"])
    results = {name: each["result"] for name, each in answer.json()["results"].items()}
    assert results == {ids[0]: "warning", ids[1]: "retry", ids[2]: "warning", ids[3]: "drop"}
    assert Event.objects.count() == 2


def test_the_older_format_asks_for_all_again():
    _, answer = post("/batch/", Product(), ["good", "busy"])
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "unavailable", "5")
    assert Event.objects.count() == 1


def test_a_single_event_is_asked_for_again():
    assert Product().send(body(event="busy")).status_code == 503
    assert Event.objects.count() == 0
