"""Saved insights on every organization's page, filtered to it."""

from typing import Any

from django.http import HttpRequest

from config.backoffice.panels import register_panel
from orgs.models import Organization
from tracker.builder import addresses
from tracker.builder.pages import SEE
from tracker.models import SavedInsight


@register_panel("orgs.Organization", name="insights", order=37, template="admin/insights/panel.html", permission=SEE)
def insights_panel(request: HttpRequest, organization: Organization) -> dict[str, Any] | None:
    """Nothing until somebody puts an insight there."""
    insights = [
        (each, addresses.opened(each), addresses.answered(each, organization.external_id))
        for each in SavedInsight.objects.on_organizations()
    ]
    return {"insights": insights} if insights else None
