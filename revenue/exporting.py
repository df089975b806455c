"""Subscriptions as a file that an import reads back to the same rows."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet

from revenue.models import Subscription

DAY = timedelta(days=1)
HEADER = (
    "external_org_id",
    "organization",
    "product_code",
    "mrr",
    "currency",
    "start_at",
    "end_at",
    "trial_end_at",
    "subscription_id",
    "name",
    "amount",
    "interval",
    "interval_count",
    "state",
)


def rows(found: QuerySet[Subscription], end_convention: str) -> Iterator[list[Any]]:
    """One row a line; `end_at` as the install's convention writes it."""
    for each in found.select_related("key__organization").iterator(chunk_size=2_000):
        is_billed = each.amount is not None
        yield [
            each.key.external_id,
            each.key.organization.display_name,
            each.product_code,
            each.mrr,
            each.currency,
            each.start_on,
            written_end(each.end_on, end_convention),
            each.trial_end_on,
            each.subscription_id,
            each.name,
            each.amount,
            each.interval if is_billed else "",
            each.interval_count if is_billed else "",
            each.state_shown,
        ]


def written_end(end_on: date | None, end_convention: str) -> date | None:
    return end_on - DAY if end_on is not None and end_convention == "inclusive" else end_on
