"""What people do with a customer, on its page: follow-ups, and the buttons in its head."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from config.backoffice import settings
from config.backoffice.panels import register_panel
from orgs.models import Organization
from signals import timeline
from signals.models import FollowUp, Signal
from signals.pages import beside, followups


@register_panel(
    "orgs.Organization.actions",
    name="work",
    order=20,
    template="admin/signals/actions_work.html",
    permission="signals.change_signal",
)
def header_actions(request: HttpRequest, organization: Organization) -> dict[str, Any]:
    today = settings.today(timezone.now())
    return {
        "organization": organization,
        "staff": beside.staff_options(request),
        "soon": today + beside.SOON,
        "snoozes": beside.snoozes(today),
        "open_ids": list(Signal.objects.open().filter(organization=organization).values_list("pk", flat=True)),
    }


@register_panel(
    "orgs.Organization",
    name="followups",
    order=25,
    template="admin/signals/panel_followups.html",
    permission="signals.view_signal",
    width="half",
)
def open_follow_ups(request: HttpRequest, organization: Organization) -> dict[str, Any]:
    found = FollowUp.objects.open().filter(organization=organization).select_related("assignee", "signal")
    return {"open": list(found), **followups.choices(request, timezone.now())}


@register_panel(
    "orgs.Organization",
    name="timeline",
    order=90,
    template="admin/signals/panel_timeline.html",
    permission="orgs.view_organization",
)
def what_happened(request: HttpRequest, organization: Organization) -> dict[str, Any]:
    return {"entries": timeline.timeline(organization, request.user)}
