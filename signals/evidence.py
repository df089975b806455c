"""What is known about organizations as of a day: the only place where usage and revenue meet.

A handful of set-based queries for any number of organizations.
"""

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

from config.backoffice import settings
from orgs.models import Organization
from revenue import answers
from signals.facts import Evidence, window
from tracker import adoption, usage
from tracker.fields import PRODUCTION
from tracker.models import UsageDay

NOTHING = Decimal(0)
MOST_SEATS = 10**9
# What the verdict calls a figure, and what usage calls it.
USAGE = {
    "first_seen_on": "first_seen_on",
    "first_seen_at": "first_seen_at",
    "last_seen_on": "last_seen_on",
    "last_seen_at": "last_seen_at",
    "active_weekdays_28d": "active_weekdays_28",
    "active_users_28d": "users_28",
    "peak_users": "users_peak",
    "events_28d": "events_28",
    "events_previous_28d": "events_previous_28",
    "events_30d": "events_30",
    "events_previous_30d": "events_previous_30",
    "distinct_events_28d": "names_28",
    "peak_distinct_events": "names_peak",
    "weekly_events": "weekly_events",
}


class Totals(NamedTuple):
    """Events of all organizations in 30 days and in the 30 days before."""

    events: int
    previous: int


def evidence(as_of: date, organization_ids: Collection[int] | None = None) -> list[Evidence]:
    """One Evidence an organization, by id; all of them, or those that are named (unknown ids are left out).

    Usage is that of the production environment and all applications; MRR is in the reporting currency.
    """
    organizations = Organization.objects.order_by("id")
    if organization_ids is not None:
        organizations = organizations.filter(id__in=organization_ids)
    used = usage.evidence(as_of, organization_ids)
    features_28 = window(as_of, 28)
    features_used = adoption.features_in_use(features_28.since, features_28.until, organization_ids)
    features_defined = adoption.defined()
    mrr = answers.organization_mrr(as_of, organization_ids)
    earlier = answers.organization_mrr(as_of - timedelta(days=90), organization_ids, rates_of=as_of)
    ends = answers.contract_ends(as_of, organization_ids)
    everybody = totals(as_of) if organization_ids is not None else added(used.values())
    currency = settings.read().reporting_currency
    return [
        Evidence(
            organization_id=org_id,
            as_of=as_of,
            segment=segment,
            **usage_facts(used.get(org_id)),
            seats=seats(licensed),
            features_used_28d=features_used.get(org_id, 0),
            features_defined=features_defined,
            mrr=mrr.get(org_id, NOTHING),
            mrr_90_days_ago=earlier.get(org_id, NOTHING),
            currency=currency,
            renewal_on=renewal_on,
            ends_on=ends.get(org_id),
            all_events_30d=everybody.events,
            all_events_previous_30d=everybody.previous,
        )
        for org_id, segment, renewal_on, licensed in organizations.values_list(
            "id", "segment", "renewal_on", "properties__seats"
        )
    ]


def usage_facts(found: usage.Usage | None) -> dict[str, Any]:
    """The fields of Evidence that usage fills; none for an organization that was never seen."""
    return {} if found is None else {ours: getattr(found, theirs) for ours, theirs in USAGE.items()}


def seats(value: Any) -> int | None:
    """Seats from an organization's property: a whole number above 0, written as a number or as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    is_count = amount.is_finite() and 0 < amount <= MOST_SEATS and amount == amount.to_integral_value()
    return int(amount) if is_count else None


def added(found: Iterable[usage.Usage]) -> Totals:
    """Totals of everybody, when everybody is at hand."""
    pairs = [(one.events_30, one.events_previous_30) for one in found]
    return Totals(sum(now for now, _ in pairs), sum(before for _, before in pairs))


def totals(as_of: date) -> Totals:
    """Totals of everybody, when only some are at hand."""
    now, before = window(as_of, 30), window(as_of, 30, back=1)
    days = UsageDay.objects.filter(environment=PRODUCTION, day__gte=before.since, day__lt=now.until)
    in_window = Q(day__gte=now.since)
    found = days.aggregate(
        now=Coalesce(Sum("events", filter=in_window), 0), before=Coalesce(Sum("events", filter=~in_window), 0)
    )
    return Totals(int(found["now"]), int(found["before"]))
