"""What third-party clients send, as tests need it, and what became of it."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from tracker.credentials import Sender
from tracker.models import Event

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def sender(*organization_from: str, **values: Any) -> Sender:
    """An application as decoders see it."""
    ways = organization_from or ("groups", "last_group")
    return Sender(7, "Shop", frozenset({"prompt"}), None, [], ways, **values)


def sha(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def stored() -> list[tuple]:
    """Name, organization, user hash and properties of each event, in the order they were stored."""
    return [
        (
            each.name,
            each.key.external_id if each.key else None,
            bytes(each.user_hash) if each.user_hash else None,
            each.properties,
        )
        for each in Event.objects.select_related("key").order_by("id")
    ]
