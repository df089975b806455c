"""Singles and batches through the WSGI application, and COPY alone into the same table."""

import json
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from django.db import transaction

from config import db
from orgs.keys import ensure_keys
from tests.tracker.sending import Product, body
from tracker import store
from tracker.decoders import signed

BATCH, BATCHES, SINGLES = 500, 40, 1000


def sample(number: int, **values: object) -> dict:
    """One of 500 users in 200 organizations."""
    return body(
        user_hash=f"{number % 500:064x}", customer_org_id=f"org-{number % 200}", properties={"n": number}, **values
    )


def measure(title: str, events: int, act: Callable[[], None]) -> None:
    """Run it once; CPU of this process (PostgreSQL's own is not in it) and wall time."""
    cpu, wall = time.process_time(), time.perf_counter()
    act()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(f"{title:38} {events / wall:>10,.0f} events/s {cpu / events * 1e6:>9.1f} µs CPU an event")


def taken(answer: object) -> None:
    """A refusal is fast; it must not be measured."""
    if answer.status_code not in (200, 201) or answer.json().get("rejected"):
        raise SystemExit(f"Refused: {answer.content[:200]}")


def main() -> None:
    product = Product("Bench")
    now = datetime.now(UTC)
    product.send_batch([sample(n) for n in range(BATCH)])  # organizations and caches
    singles = [json.dumps(sample(n)).encode() for n in range(SINGLES)]
    plain = [json.dumps([sample(n) for n in range(BATCH)]).encode() for _ in range(BATCHES)]
    keyed = [json.dumps([sample(n, event_id=f"{b}-{n}") for n in range(BATCH)]).encode() for b in range(BATCHES)]
    rows = copy_rows(product, now)
    measure("singles", SINGLES, lambda: [taken(product.send(raw)) for raw in singles])
    measure(f"batches of {BATCH}", BATCH * BATCHES, lambda: [taken(product.send_batch(raw)) for raw in plain])
    measure(f"batches of {BATCH} with ids", BATCH * BATCHES, lambda: [taken(product.send_batch(raw)) for raw in keyed])
    posthog = [as_posthog(product, b) for b in range(BATCHES)]
    measure(f"PostHog batches of {BATCH}", BATCH * BATCHES, lambda: [taken_by_client(product, raw) for raw in posthog])
    measure(f"COPY alone, commits of {BATCH}", BATCH * BATCHES, lambda: [copy(rows) for _ in range(BATCHES)])


def as_posthog(product: Product, batch: int) -> bytes:
    """The same events as a PostHog client sends them, each with its uuid and its group."""
    events = [
        {
            "event": "page_view",
            "distinct_id": f"user-{n}",
            "uuid": str(uuid.UUID(int=batch * BATCH + n)),
            "timestamp": "2026-03-10T11:00:00Z",
            "properties": {"n": n, "$groups": {"company": f"org-{n % 200}"}},
        }
        for n in range(BATCH)
    ]
    return json.dumps({"api_key": product.write_key, "batch": events}).encode()


def taken_by_client(product: Product, raw: bytes) -> None:
    if product.client.post("/batch/", raw, content_type="application/json").status_code != 200:
        raise SystemExit("Refused.")


def copy_rows(product: Product, now: datetime) -> list[tuple]:
    ids = ensure_keys({f"org-{n}" for n in range(200)}, now)
    application_id = product.application.id
    events = [
        signed.decode(sample(n), application_id=application_id, denied=frozenset(), received_at=now)
        for n in range(BATCH)
    ]
    return [store.row(each, application_id, ids[each.external_id], now)[:11] for each in events]


def copy(rows: list[tuple]) -> None:
    with transaction.atomic():
        db.copy_into("tracker_event", store.COLUMNS, rows)
