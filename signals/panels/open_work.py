"""What the verdict adds to an organization's page: its signals. Why it has its score: `signals.pages.explanation`."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from config.backoffice import settings
from config.backoffice.panels import register_panel
from orgs.models import Organization
from signals import queue
from signals.models import Signal
from signals.pages import beside


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
        **beside.choices(request, timezone.now()),
    }
