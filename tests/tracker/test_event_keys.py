"""Idempotency keys: known by their digests, in batches that COPY takes as in those that it does not."""

from datetime import UTC, datetime
from importlib import import_module

import pytest
from django.db import connection

from orgs.keys import ensure_keys
from tests.factories import application
from tests.tracker.test_rollups import event
from tracker import store
from tracker.models import Event, EventKey
from tracker.store import Outcome

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
FEW, MANY = store.COPY_FROM - 1, store.COPY_FROM + 20
# Of version 7, one of them not as usually written; beginnings of one are no UUID but text.
UUIDS = ["019aac2e-7d10-7b22-8c3d-000000000001", "019AAC2E-7d10-7b22-8c3d-000000000001", "019aac2e-7d10-", "019aac2e"]
# The table as it was while it held the keys themselves.
KEYS_IN_FULL = """
DROP TABLE tracker_eventkey;
CREATE TABLE tracker_eventkey (
    application_id bigint NOT NULL, event_key varchar(200) COLLATE "C" NOT NULL, event_id bigint NOT NULL,
    fingerprint bytea NOT NULL, received_at timestamptz NOT NULL,
    CONSTRAINT event_key_is_used_once PRIMARY KEY (application_id, event_key)
);
CREATE INDEX event_key_by_receipt ON tracker_eventkey USING brin (received_at);
"""


@pytest.fixture
def make_row(db):
    app, key_id = application(), ensure_keys(["org"], NOW)["org"]
    return lambda **values: store.row(event(**values), app.id, key_id, NOW)


@pytest.mark.parametrize("count", [FEW, MANY])
def test_used_keys_among_new_ones(make_row, count):
    [first, other] = store.append([make_row(event_key="used"), make_row(event_key="reused")])
    rows = [make_row(event_key=f"new {n}") for n in range(count - 5)]
    rows += [make_row(event_key="used"), make_row(), make_row(event_key="twice"), make_row(event_key="twice")]
    rows += [make_row(event_key="reused", name="something else")]
    outcomes = store.append(rows)
    *new, used, without, one, two, reused = outcomes
    assert used == Outcome(first.event_id, is_duplicate=True)
    assert reused == Outcome(other.event_id, is_duplicate=True, is_reused=True)
    assert two == Outcome(one.event_id, is_duplicate=True)
    assert not any(each.is_duplicate for each in [*new, without, one])
    stored = {first, other, *new, without, one}
    assert {each.event_id for each in stored} == set(Event.objects.values_list("id", flat=True))
    assert EventKey.objects.count() == len(stored) - 1


@pytest.mark.parametrize("count", [FEW, MANY])
def test_the_same_key_of_another_application_is_another_key(make_row, count):
    rows = [make_row(event_key=f"k{n}") for n in range(count)]
    other = application()
    others = [store.row(event(event_key=f"k{n}"), other.id, None, NOW) for n in range(count)]
    assert not any(each.is_duplicate for each in store.append(rows) + store.append(others))
    assert Event.objects.count() == EventKey.objects.count() == 2 * count


def test_ids_that_begin_with_the_time_lie_in_its_order():
    milliseconds = [f"{10**12 + number:012x}" for number in range(50)]
    uuids = [f"{each[:8]}-{each[8:]}-7abc-8def-0123456789ab" for each in milliseconds]
    ulids = [f"01JD{letter}{digit}ABCDEFGH" for letter in "ABCXYZ" for digit in "0123456789"]
    for ids in (uuids, ulids):
        digests = [store.digest(1, each) for each in ids]
        assert digests == sorted(digests)
        assert len({each[6:] for each in digests}) == len(ids)


@pytest.mark.django_db
def test_keys_of_before_are_known_after_the_migration():
    app, keys = application(), ["plain", "k", "ключ 鍵 🙂", "back\\slash'quote", "x" * 200, *UUIDS]
    told = [event(event_key=key) for key in keys]
    with connection.cursor() as cursor:
        cursor.execute(KEYS_IN_FULL)
        for number, each in enumerate(told):
            row = [app.id, each.event_key, number, store.fingerprint(each), NOW]
            cursor.execute("INSERT INTO tracker_eventkey VALUES (%s, %s, %s, %s, %s)", row)
        cursor.execute(import_module("tracker.migrations.0013_keys_as_digests").DIGESTS)
    outcomes = store.append([store.row(each, app.id, None, NOW) for each in [*told, event(event_key="unknown")]])
    assert outcomes[:-1] == [Outcome(number, is_duplicate=True) for number in range(len(keys))]
    assert not outcomes[-1].is_duplicate
    assert EventKey.objects.get(event_id=0).received_at == NOW
