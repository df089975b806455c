"""Where a customer stands, in the head of its page, and what is missing in its data, at the end of it."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from config.backoffice import settings
from config.backoffice.panels import register_panel
from orgs.models import Organization
from revenue import answers
from signals import quality
from signals.stages import stage
from signals.versions import publishing


@register_panel(
    "orgs.Organization.facts",
    name="stage",
    order=10,
    template="admin/signals/fact_stage.html",
    permission="revenue.view_subscription",
)
def stage_of(request: HttpRequest, organization: Organization) -> dict[str, Any]:
    today = settings.today(timezone.now())
    snapshot = getattr(organization, "snapshot", None)
    first_seen_at = snapshot and snapshot.first_seen_at
    first_seen_on = first_seen_at.astimezone(settings.zone()).date() if first_seen_at else None
    days = publishing.in_force().of(organization.segment).model.onboarding_days
    return {"stage": stage(answers.subscriptions_of(organization.pk, today), first_seen_on, today, days)}


@register_panel(
    "orgs.Organization",
    name="quality",
    order=95,
    template="admin/signals/panel_quality.html",
    permission="orgs.view_organization",
)
def data_quality(request: HttpRequest, organization: Organization) -> dict[str, Any]:
    now = timezone.now()
    may_see = request.user.has_perm("tracker.view_reject")
    return {
        "gaps": quality.gaps(organization, request.user, now),
        "refused": quality.refused(organization, now) if may_see else 0,
    }
