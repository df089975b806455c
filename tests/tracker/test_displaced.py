"""An organization is taken away by the undo of an import while its first events arrive: none is left uncounted."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.utils import timezone

from config import db
from orgs.importing import undo
from orgs.keys import ensure_keys
from orgs.models import Organization, OrganizationKey
from tests.revenue.test_undo import ORGS, imported
from tests.tracker.conftest import empty_events
from tests.tracker.sending import Product, body
from tests.tracker.test_rollups import event
from tracker import rollups, store
from tracker.models import UsageDay

pytestmark = pytest.mark.usefixtures("events_table")
SENT = {
    "one event": lambda n: [body(customer_org_id="new")],
    "a batch": lambda n: [body(customer_org_id="new") for _ in range(store.COPY_FROM + 1)],
    "a batch with keys": lambda n: [body(customer_org_id="new", event_id=f"{n}-{m}") for m in range(store.COPY_FROM)],
}


@pytest.fixture
def executor():
    with ThreadPoolExecutor(2) as pool:
        yield pool


def apart(pool: ThreadPoolExecutor, act: Callable) -> Future:
    """In a thread, with a connection of its own."""

    def closing():
        try:
            return act()
        finally:
            connection.close()

    return pool.submit(closing)


@contextmanager
def others_in_line(count: int = 1):
    """Go on when so many others wait for a lock."""
    yield
    deadline = timezone.now().timestamp() + 20
    while timezone.now().timestamp() < deadline:
        [[waiting]] = db.rows("SELECT count(*) FROM pg_locks WHERE NOT granted")
        if waiting >= count:
            return
    raise AssertionError("nobody waits")


def counted() -> list[tuple[str, int]]:
    rollups.roll_up(timezone.now())
    return list(UsageDay.objects.values_list("key__external_id", "events"))


@pytest.mark.parametrize("events", SENT.values(), ids=SENT)
def test_an_organization_that_went_meanwhile_comes_into_being_again(events):
    product = Product()
    product.send_batch(events("first"))
    first = OrganizationKey.objects.get()
    empty_events()
    Organization.objects.all().delete()
    sent = events("second")
    assert product.send_batch(sent).json() == {"accepted": len(sent), "duplicates": 0, "rejected": []}
    assert OrganizationKey.objects.get().id != first.id
    assert counted() == [("new", len(sent))]


@pytest.mark.parametrize("events", SENT.values(), ids=SENT)
def test_events_wait_for_an_undo_that_is_under_way(events, executor):
    product, batch = Product(), imported("organizations", ORGS, "new,New,,")
    product.send(body(customer_org_id="other"))
    sent = events("first")
    with transaction.atomic():
        told = undo.undo(batch.pk, user=None, now=timezone.now())
        with others_in_line():
            waiting = apart(executor, lambda: product.send_batch(sent).json())
        assert not waiting.done()
    assert told.deleted == 1
    assert waiting.result(20) == {"accepted": len(sent), "duplicates": 0, "rejected": []}
    assert sorted(counted()) == [("new", len(sent)), ("other", 1)]


def test_an_undo_waits_for_events_that_are_being_stored_and_keeps_their_organization(executor):
    product, batch = Product(), imported("organizations", ORGS, "new,New,,")
    key_id = ensure_keys(["new"], timezone.now())["new"]
    row = store.row(event(external_id="new"), product.application.id, key_id, timezone.now())
    with transaction.atomic():
        store.append([row])
        with others_in_line():
            undone = apart(executor, lambda: undo.undo(batch.pk, user=None, now=timezone.now()))
    assert (undone.result(20).deleted, len(undone.result().kept)) == (0, 1)
    assert counted() == [("new", 1)]
