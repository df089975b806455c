"""The documented contract: one JSON object an event (`POST /v1/events`)."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from tracker import fields
from tracker.incoming import BadEvent, NewEvent

KNOWN = frozenset(
    {
        "event",
        "user_hash",
        "customer_org_id",
        "path",
        "session_id",
        "plan",
        "environment",
        "ts_epoch",
        "properties",
        "event_id",
    }
)


def decode(
    body: Any,
    *,
    application_id: int,
    denied: frozenset[str],
    received_at: datetime,
    header_key: str | None = None,
) -> NewEvent:
    """One event from parsed JSON. Raises BadEvent with the first thing that is wrong."""
    if type(body) is not dict:
        raise BadEvent("not_an_object", "An event is a JSON object.")
    if fields.nests_deeper(body):
        raise BadEvent("too_deep", f"The event nests deeper than {fields.DEEPEST} levels.")
    external_id, user = fields.organization(body), fields.user_hash(body)
    occurred_at = fields.occurred_at(body, received_at)
    session = fields.session_id(body) or fields.inferred_session(application_id, external_id, user, occurred_at)
    return NewEvent(
        name=fields.name(body),
        external_id=external_id,
        user_hash=user,
        path=fields.path(body),
        session_id=session,
        plan=fields.plan(body),
        environment=fields.environment(body),
        occurred_at=occurred_at,
        properties=fields.properties(body, denied),
        event_key=fields.event_key(body.get("event_id")) or fields.event_key(header_key, "Idempotency-Key"),
        unknown_keys=unknown(body),
    )


def unknown(body: dict) -> Collection[str]:
    """Keys that are not ours: ignored, but somebody should hear of it."""
    return () if KNOWN.issuperset(body) else tuple(body.keys() - KNOWN)
