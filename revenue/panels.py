"""What revenue shows on pages of lower layers."""

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from config.backoffice import settings
from config.backoffice.panels import register_panel
from orgs.models import Organization
from revenue import answers, books, charts
from revenue.answers.today import ACTIVE, ENDED, SCHEDULED, Line

MONTHS = 12
STATES = {ACTIVE: "Active", SCHEDULED: "Scheduled", ENDED: "Ended"}


@register_panel(
    "orgs.Organization",
    name="revenue",
    order=40,
    template="admin/revenue/organization_panel.html",
    permission="revenue.view_subscription",
)
def organization(request: HttpRequest, subject: Organization) -> dict[str, Any]:
    """Subscriptions by state, MRR over a year, movements."""
    today = settings.today(timezone.now())
    return organization_revenue(subject.pk, today)


def organization_revenue(organization_id: int, today: date) -> dict[str, Any]:
    """The panel's figures; without any line only that there is none."""
    terms = books.read_terms()
    lines = answers.subscriptions_of(organization_id, today, terms)
    if not lines:
        return {"groups": []}
    points = answers.trend_of(organization_id, today, MONTHS, terms)
    return {
        "organization": organization_id,
        "groups": by_state(lines),
        "currency": terms.currency,
        "mrr": points[-1][1],
        "chart": charts.line(points, terms.currency),
        "chart_id": f"revenue-of-{organization_id}",
        "movements": answers.movements_of(organization_id, today, MONTHS, terms),
        "unconverted": [line for line in lines if line.converted is None and line.state == ACTIVE],
    }


def by_state(lines: list[Line]) -> list[tuple[str, list[Line]]]:
    """Active, scheduled, ended; empty groups left out."""
    groups = [(title, [line for line in lines if line.state == state]) for state, title in STATES.items()]
    return [(title, group) for title, group in groups if group]
