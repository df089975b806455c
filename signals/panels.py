"""What the verdict adds to an organization's page: its open signals, and why it has this score."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from config.backoffice import settings
from config.backoffice.panels import register_panel
from orgs.models import Organization
from signals import pages, publishing, queue, scoring
from signals.models import Reading, Signal


@register_panel(
    "orgs.Organization",
    name="signals",
    order=10,
    template="admin/signals/panel_signals.html",
    permission="signals.view_signal",
)
def open_signals(request: HttpRequest, organization: Organization) -> dict[str, Any]:
    found = list(queue.of_organization(organization))
    live = [signal for signal in found if signal.state in (Signal.State.OPEN, Signal.State.SNOOZED)]
    return {
        "open": live,
        "closed": [signal for signal in found if signal not in live],
        "stake": sum(signal.money_at_stake for signal in live if signal.state == Signal.State.OPEN),
        "currency": settings.read().reporting_currency,
        **pages.choices(request, timezone.now()),
    }


@register_panel(
    "orgs.Organization",
    name="why",
    order=20,
    template="admin/signals/panel_why.html",
    permission="signals.view_reading",
)
def why_this_score(request: HttpRequest, organization: Organization) -> dict[str, Any]:
    row = Reading.objects.filter(organization=organization).select_related("model").order_by("-as_of").first()
    if row is None:
        return {"row": None}
    reading = scoring.restored(row, publishing.model_of(row.model))
    return {
        "row": row,
        "reading": reading,
        "whole": None if reading.score is None else int(reading.score),
        "minimum": reading.model.minimum_coverage,
    }
