"""A line of the books as previews and the ledger tell it: names, order and text of its values."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

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


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a line: the values of SHOWN, in that order."""

    values: tuple[Any, ...]

    def shown(self) -> dict[str, Any]:
        """What a preview compares; without an amount there is no interval to speak of."""
        told = dict(zip(SHOWN, self.values, strict=True))
        return told if told["interval"] else told | {"interval_count": None}


def as_text(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal | date) else value
