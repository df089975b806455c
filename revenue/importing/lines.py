"""A subscription line as an import sees it, and the lines that are in the books now."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Self

from revenue.models import Subscription

SHOWN = (
    "external_org_id",
    "product_code",
    "name",
    "mrr",
    "currency",
    "start_on",
    "end_on",
    "trial_end_on",
    "amount",
    "interval",
    "interval_count",
)
STORED = (
    "key_id",
    "subscription_id",
    "product_code",
    "name",
    "mrr",
    "currency",
    "start_on",
    "end_on",
    "trial_end_on",
    "amount",
    "interval",
    "interval_count",
    "known_from",
    "batch_id",
)


@dataclass(slots=True)
class Line:
    """One line of one organization. `key_id` and `organization_id` are None while the organization is to be created."""

    key_id: int | None
    organization_id: int | None
    external_org_id: str
    subscription_id: str
    product_code: str
    name: str
    mrr: Decimal
    currency: str
    start_on: date
    end_on: date | None
    trial_end_on: date | None
    amount: Decimal | None
    interval: str
    interval_count: int
    known_from: date
    batch_id: int | None = None
    id: int | None = None

    @property
    def identity(self) -> tuple:
        """R30: its own id, else organization, product and start."""
        if self.subscription_id:
            return (self.subscription_id,)
        return (self.external_org_id, self.product_code, self.start_on)

    @property
    def begins_on(self) -> date:
        return max(self.start_on, self.trial_end_on) if self.trial_end_on else self.start_on

    def is_active(self, day: date) -> bool:
        return self.begins_on <= day and (self.end_on is None or day < self.end_on)

    def says_the_same(self, other: Self) -> bool:
        return all(getattr(self, name) == getattr(other, name) for name in SHOWN)

    def shown(self) -> dict[str, Any]:
        """What a preview compares, as text."""
        return {name: as_text(getattr(self, name)) for name in SHOWN}

    def stored(self) -> dict[str, Any]:
        """What the ledger keeps, as text and numbers."""
        return {name: as_text(getattr(self, name)) for name in STORED}


def as_text(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal | date) else value


def read_known_now() -> Iterator[Line]:
    """Every current version, in id order."""
    found = Subscription.objects.known_now().order_by("id")
    columns = ("key_id", "key__organization_id", "key__external_id", *STORED[1:], "id")
    for values in found.values_list(*columns).iterator(chunk_size=10_000):
        yield Line(*values)
