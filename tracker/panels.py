"""What usage shows on pages of lower layers."""

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from config.backoffice import formatting, settings
from config.backoffice.panels import register_panel
from orgs.models import Organization
from tracker import adoption, memberships, shares, usage

MEMBERS_SHOWN = 10
USERS_SHOWN = 6


@register_panel(
    "orgs.Organization",
    name="usage",
    order=30,
    template="admin/tracker/panel_usage.html",
    permission="tracker.view_event",
)
def usage_panel(request: HttpRequest, organization: Organization) -> dict[str, Any]:
    now = timezone.now()
    today = settings.today(now)
    period, seen = usage.by_day(organization.id, today), usage.seen(organization.id, today)
    return {
        "period": period,
        "seen": seen,
        "names": usage.names_used(organization.id, period.days[0].day, today + timedelta(days=1), most=8),
        "plan": usage.current_plan(organization),
        "finding": finding(period, seen.first_seen_on if seen else None),
        "chart": chart(period),
        "organization": organization,
        "former_bounds": former_bounds(period),
    }


def former_bounds(period: usage.Period) -> date | None:
    """The day before which the shown days are those of another time zone; None when they all are of this one."""
    before = usage.former_bounds_before()
    return before if before and before > period.previous[0].day else None


def finding(period: usage.Period, first_seen_on: date | None) -> str:
    """The panel's title: what the 90 days say. Whoever came in the middle of the days before is not said to grow."""
    events = f"{formatting.plural(period.events, 'event')} in 90 days"
    if period.change is None:
        return f"{events}, none in the 90 days before" if period.events else "No events in the last 180 days"
    if first_seen_on and first_seen_on > period.previous[0].day:
        return f"{events}; in the 90 days before it was here for {(period.days[0].day - first_seen_on).days} days only"
    return f"{events}, {formatting.change(period.change)} vs the 90 days before"


def chart(period: usage.Period) -> dict[str, Any]:
    """In the form the chart partial reads: the whole days, and today so far."""
    shown = (*period.days, period.today)
    return {
        "labels": [f"{each.day:%-d %b}" for each in shown],
        "series": [
            {"label": "Events", "data": [each.events for each in shown], "kind": "bar", "colour": "usage"},
            {
                "label": "90 days before",
                "data": [*(each.events for each in period.previous), None],
                "kind": "line",
                "colour": "previous",
            },
        ],
        "incomplete_last": True,
    }


@register_panel(
    "orgs.Organization",
    name="features",
    order=35,
    template="admin/tracker/panel_features.html",
    permission="tracker.view_feature",
)
def features_panel(request: HttpRequest, organization: Organization) -> dict[str, Any]:
    lines = adoption.of_organization(organization.id, settings.today(timezone.now()))
    return {
        "used": [line for line in lines if line.use],
        "unused": [line.feature for line in lines if not line.use],
        "defined": len(lines),
        "can_add": request.user.has_perm("tracker.add_feature"),
    }


@register_panel(
    "orgs.Organization",
    name="users",
    order=36,
    template="admin/tracker/panel_users.html",
    permission="tracker.view_event",
)
def users_panel(request: HttpRequest, organization: Organization) -> dict[str, Any] | None:
    """Users by share; without any the panel of usage says what is missing."""
    today = settings.today(timezone.now())
    found = shares.of_organization(organization.id, today, most=USERS_SHOWN)
    last_day = today - timedelta(days=1)
    return {"shares": found, "last_day": last_day, "organization": organization} if found.users else None


@register_panel(
    "orgs.Organization",
    name="members",
    order=37,
    template="admin/tracker/panel_members.html",
    permission="tracker.view_event",
)
def members_panel(request: HttpRequest, organization: Organization) -> dict[str, Any] | None:
    count, shown = memberships.members(organization.id, MEMBERS_SHOWN)
    return {"count": count, "members": shown} if count else None
