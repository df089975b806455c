"""What stands on top of a list of organizations, and on the card that opens it."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Sum

from orgs.querysets import OrganizationQuerySet


@dataclass(frozen=True)
class Amount:
    """How many organizations, and their MRR in the reporting currency."""

    organizations: int
    mrr: Decimal


def amount(organizations: OrganizationQuerySet) -> Amount:
    """Of any set of organizations, each counted once."""
    sums = organizations.order_by().aggregate(count=Count("pk"), mrr=Sum("snapshot__mrr"))
    return Amount(sums["count"], sums["mrr"] or Decimal(0))
