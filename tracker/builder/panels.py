"""Insights on pages of the layer below: those of an organization, and a cohort beside everybody else."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from config.backoffice.panels import register_panel
from orgs.models import Cohort, Organization
from tracker.builder import addresses
from tracker.builder.pages import SEE
from tracker.models import SavedInsight

# How much they use the product, and what they pay.
BESIDE_EVERYBODY = {
    "series-0-kind": "any",
    "series-0-math": "unique_organizations",
    "series-1-kind": "any",
    "series-1-math": "avg_per_organization",
    "series-2-kind": "any",
    "series-2-math": "avg",
    "series-2-of": "organization",
    "series-2-property": "mrr",
    "series-3-kind": "any",
    "series-3-math": "sum",
    "series-3-of": "organization",
    "series-3-property": "mrr",
    "breakdown-of": "cohort",
    "range": "-30d",
    "interval": "",
    "display": "table",
    "environment": "production",
}


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
    asked = {**BESIDE_EVERYBODY, "breakdown-cohort": cohort.pk}
    return {"url": f"{reverse('admin:insight')}?{urlencode(asked)}"}
