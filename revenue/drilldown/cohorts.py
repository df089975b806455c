"""The members of a cohort: organizations by the month of their first paying day (R21)."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from revenue.drilldown.listing import COUNT, DAY, MONEY, ORGANIZATION, SHARE, Choice, Column, Listing, QueryRows, Total
from revenue.drilldown.months import MONEY_FIELD, Place, money, share_of, with_who
from revenue.models import OrganizationFacts, OrganizationMonth
from revenue.mrr.calendar import add_months, months_between


def first_paid(place: Place, column: int) -> Listing:
    """Everybody who first paid in the month, and what they pay `column` months later."""
    cohort, last = place.month, max(months_between(place.month, place.as_of), 0)
    column = min(max(column, 0), last)
    facts = OrganizationFacts.objects if place.among is None else OrganizationFacts.objects.filter(pk__in=place.among)
    found = (
        facts.filter(first_paying_on__gte=cohort, first_paying_on__lt=add_months(cohort, 1))
        .annotate(first=closing(cohort), now=closing(add_months(cohort, column)))
        .order_by("-now", "-first", "organization_id")
    )
    sums = found.aggregate(
        size=Count("*"),
        paying=Count("organization_id", filter=Q(now__gt=0)),
        first_mrr=money(Sum("first")),
        mrr=money(Sum("now")),
    )
    return Listing(
        name=f"revenue-cohort-{cohort:%Y-%m}-{column}",
        title=f"First paid in {cohort:%B %Y}, at the close of {add_months(cohort, column):%B %Y}",
        currency=place.currency,
        columns=(
            Column("Organization", ORGANIZATION),
            Column("First paying day", DAY),
            Column("At the first close", MONEY),
            Column("At this close", MONEY),
        ),
        rows=QueryRows(found, with_who(values), sums["size"]),
        totals=(
            Total("size", "Organizations", sums["size"], COUNT),
            Total("paying", "Still paying", sums["paying"], COUNT),
            Total("share_paying", "Share still paying", share_of(sums["paying"], sums["size"]), SHARE, "paying ÷ all"),
            Total("mrr", "MRR", sums["mrr"]),
            Total("first_mrr", "MRR at the first close", sums["first_mrr"]),
            Total("share_mrr", "Share of MRR", share_of(sums["mrr"], sums["first_mrr"]), SHARE, "MRR ÷ first close"),
        ),
        formula="An organization belongs to the month of its first paying day for good, under all of its ids.",
        choices=tuple(choice(cohort, each, column) for each in range(min(last, 11) + 1)),
        empty="No organization paid for the first time in this month.",
    )


def choice(cohort: date, column: int, chosen: int) -> Choice:
    label = f"{add_months(cohort, column):%b %Y}"
    return Choice(label, f"month={cohort:%Y-%m}&column={column}", column == chosen)


def closing(month: date) -> Coalesce:
    """What an organization paid at the close of a month."""
    own = OrganizationMonth.objects.of(month).filter(organization_id=OuterRef("organization_id"))
    return Coalesce(Subquery(own.values("closing")), Decimal(0), output_field=MONEY_FIELD)


def values(row: Any) -> tuple[Any, ...]:
    return row.first_paying_on, row.first, row.now
