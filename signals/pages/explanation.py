"""Why an organization has its score and what moved it: panels of its page, and the rows behind each raw value."""

from datetime import date
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.dateparse import parse_date

from config.backoffice import settings
from config.backoffice.pages import register_page, render_page
from config.backoffice.panels import register_panel
from orgs.models import Organization
from signals import explaining, incidents, scoring
from signals.behind import behind
from signals.changed import SPANS, changes
from signals.health.model import COMPONENTS
from signals.models import DataIncident, Reading
from signals.versions import publishing

SHOWN = 100
DEFAULT_SPAN = 28


@register_panel(
    "orgs.Organization",
    name="incident",
    order=5,
    template="admin/signals/panel_incidents.html",
    permission="signals.view_signal",
)
def data_incidents(request: HttpRequest, organization: Organization) -> dict[str, Any] | None:
    """Shown while nobody can tell how this organization uses the product."""
    going_on = list(DataIncident.objects.open().select_related("application"))
    broken = {each.application_id for each in going_on}
    held = incidents.held_back(settings.today(timezone.now()), broken, organization.pk)
    return {"incidents": going_on} if organization.pk in held else None


@register_panel(
    "orgs.Organization",
    name="why",
    order=20,
    template="admin/signals/panel_why.html",
    permission="signals.view_reading",
)
def why_this_score(request: HttpRequest, organization: Organization) -> dict[str, Any]:
    row = explaining.latest_row(organization, settings.today(timezone.now()))
    if row is None:
        return {"row": None}
    reading = scoring.restored(row, publishing.model_of(row.model))
    return {
        "row": row,
        "organization": organization,
        "reading": reading,
        "whole": None if reading.score is None else int(reading.score),
        "minimum": reading.model.minimum_coverage,
    }


@register_panel(
    "orgs.Organization",
    name="changed",
    order=25,
    template="admin/signals/panel_changed.html",
    permission="signals.view_reading",
)
def what_changed(request: HttpRequest, organization: Organization) -> dict[str, Any]:
    asked = request.GET.get("changed", "")
    span = int(asked) if asked in map(str, SPANS) else DEFAULT_SPAN
    found = changes(organization, settings.today(timezone.now()))
    return {"changes": found, "chosen": next((each for each in found if each.days == span), None)}


@register_page(
    "behind",
    title="Behind the number",
    permission="signals.view_reading",
    route="orgs/organization/<int:organization_id>/behind/<str:as_of>/<slug:component>",
)
def behind_page(request: HttpRequest, organization_id: int, as_of: str, component: str) -> HttpResponse:
    """The rows that a raw value of one reading counts."""
    organization = get_object_or_404(Organization, pk=organization_id)
    row = get_object_or_404(Reading.objects.select_related("model"), organization=organization, as_of=day(as_of))
    if component not in COMPONENTS:
        raise Http404
    found = behind(scoring.restored(row, publishing.model_of(row.model)), component)
    if found is None:
        raise Http404("There is no data behind this component.")
    context = {
        "organization": organization,
        "row": row,
        "found": found,
        "page": Paginator(found.lines, SHOWN).get_page(request.GET.get("page")),
    }
    title = f"{found.component.title} of {organization}"
    return render_page(request, "admin/signals/behind.html", context, title=title)


def day(text: str) -> date:
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    if found is None:
        raise Http404
    return found
