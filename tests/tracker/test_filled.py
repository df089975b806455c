"""A table that COPY filled is the same as an ingested one: what is measured on the one holds for the other."""

import random

import pytest
from django.db import connection
from django.utils import timezone

from tests.tracker.conftest import empty_events
from tests.tracker.sending import Product, body
from tests.tracker.test_rollups import DAILY
from tracker import rollups, store
from tracker.models import Event, EventKey, RollupCursor

pytestmark = pytest.mark.usefixtures("events_table")
HOSTILE = ["plain", "tab\there", "line\nbreak", "back\\slash", "\\.", "\\N", "quote\"'", "日本語", "🙂", "\x7f", "{}"]


def sent() -> list[dict]:
    rng, now = random.Random(7), int(timezone.now().timestamp())
    return [
        body(
            event=rng.choice(HOSTILE),
            customer_org_id=rng.choice(["org-1", "日本 2", 'org "3"']),
            user_hash=f"{rng.randrange(9):064x}",
            path=rng.choice([None, *(f"/{text}" for text in HOSTILE)]),
            plan=rng.choice([None, *HOSTILE]),
            ts_epoch=now - rng.randrange(40 * 86_400),
            properties=rng.choice([None, {}, {"text": rng.choice(HOSTILE), rng.choice(HOSTILE): [1, None, 2.5]}]),
            **rng.choice([{}, {"event_id": f"{rng.choice(HOSTILE)}{number}"}]),
        )
        for number in range(300)
    ]


def tables() -> dict[str, list[tuple]]:
    return {
        "events": list(Event.objects.order_by("id").values_list("id", *store.COLUMNS)),
        "keys": sorted(EventKey.objects.values_list("digest", "event_id", "fingerprint", "received_at")),
    }


def copied_out_and_in() -> None:
    with connection.cursor() as cursor:
        texts = {}
        for table in ("tracker_event", "tracker_eventkey"):
            with cursor.copy(f"COPY (SELECT * FROM {table} ORDER BY 1) TO STDOUT") as copy:
                texts[table] = b"".join(copy)
        cursor.execute("TRUNCATE tracker_event, tracker_eventkey")
        for table, text in texts.items():
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                copy.write(text)


def rolled_up() -> dict[str, list[tuple]]:
    for model in DAILY:
        model.objects.all().delete()
    RollupCursor.objects.all().delete()
    rollups.roll_up(timezone.now())
    return {model.__name__: sorted(model.objects.values_list(*fields), key=repr) for model, fields in DAILY.items()}


def test_the_same_rows_the_same_keys_the_same_roll_up():
    product, events = Product(), sent()
    empty_events()
    assert product.send_batch(events[:200]).json()["accepted"] == 200
    assert [product.send(each).status_code for each in events[200:]] == [201] * 100
    ingested, days = tables(), rolled_up()
    assert [each[3] for each in ingested["events"]] == [each["event"] for each in events]
    copied_out_and_in()
    assert tables() == ingested
    assert rolled_up() == days
    assert sum(events_of_day for *_, events_of_day in days["EventNameDay"]) == 300
    assert product.send_batch([each for each in events if "event_id" in each]).json()["accepted"] == 0
