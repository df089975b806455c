"""Insights on pages of the layer below: those of an organization, and a cohort beside everybody else."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from config.backoffice.panels import register_panel
from orgs.models import Cohort, Organization
from tracker.builder import addresses
from tracker.builder.pages import SEE
from tracker.models import SavedInsight


@register_panel("orgs.Organization", name="insights", order=37, template="admin/insights/panel.html", permission=SEE)
def insights_panel(request: HttpRequest, organization: Organization) -> dict[str, Any] | None:
    """Nothing until somebody puts an insight there."""
    insights = [
        (each, *(address(each, organization.external_id) for address in (addresses.opened, addresses.answered)))
        for each in SavedInsight.objects.on_organizations()
    ]
    return {"insights": insights} if insights else None


@register_panel(
    "orgs.Cohort.actions", name="compare", order=10, template="admin/insights/compare_cohort.html", permission=SEE
)
def compare_action(request: HttpRequest, cohort: Cohort) -> dict[str, Any]:
    return {"url": f"{reverse('admin:insight')}?beside={cohort.pk}"}
