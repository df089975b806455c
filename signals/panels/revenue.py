"""What the verdict adds to the Revenue page: revenue by health, and what is called revenue at risk."""

from typing import Any

from django.http import HttpRequest

from config.backoffice.panels import register_panel
from orgs.models import Organization
from orgs.totals import amount
from revenue.facts import Lists
from signals import revenue_by_health


@register_panel(
    "revenue.page",
    name="revenue_by_health",
    order=10,
    template="admin/signals/revenue_by_health.html",
    permission="signals.view_signal",
)
def by_health(request: HttpRequest, lists: Lists) -> dict[str, Any] | None:
    """Buckets and their sum; nothing while nobody pays."""
    found = revenue_by_health.revenue_by_health(lists.as_of)
    if not found.organizations:
        return None
    return {"found": found, "currency": lists.currency, "is_ahead": is_ahead(found)}


def is_ahead(found: revenue_by_health.RevenueByHealth) -> bool:
    """Whether the lists of organizations still show other amounts."""
    shown = amount(Organization.objects.paying())
    return (shown.organizations, shown.mrr) != (found.organizations, found.mrr)
