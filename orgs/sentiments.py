"""How staff feel about a customer: beside the score, never inside it, stale after 90 days."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from config.backoffice import audit, settings
from config.backoffice.refused import Refused, checked
from orgs.models import Band, Organization, Sentiment

FRESH = timedelta(days=90)
LONGEST_WHY = 300


@dataclass(frozen=True)
class Feeling:
    """The current sentiment as the page shows it; `disagrees` says in words how it differs from the health."""

    value: int
    words: str
    why: str
    rated_on: date
    rated_by: str
    is_stale: bool
    disagrees: str


def rate(organization_id: int, value: int | None, *, actor: Any, now: datetime, why: str = "") -> Sentiment:
    """Say how it stands today; former sentiments stay in the history."""
    reason = checked(why, LONGEST_WHY, what="The reason")
    if value not in Sentiment.Value.values:
        raise Refused("Choose a sentiment from 1 to 5.")
    with transaction.atomic():
        # The row of the organization makes two who rate at once take turns.
        organization = Organization.objects.select_for_update().get(pk=organization_id)
        Sentiment.objects.filter(organization=organization, is_current=True).update(is_current=False)
        sentiment = Sentiment.objects.create(
            organization=organization,
            value=value,
            why=reason,
            rated_on=settings.today(now),
            rated_at=now,
            rated_by=actor,
        )
        audit.record(actor, "sentiment.given", organization, detail={"sentiment": value, "why": reason}, now=now)
    return sentiment


def fresh_since(today: date) -> date:
    """The oldest day whose sentiment still counts."""
    return today - FRESH


def current(organization: Organization, band: str, today: date) -> Feeling | None:
    """None until somebody gave one."""
    row = Sentiment.objects.filter(organization=organization, is_current=True).select_related("rated_by").first()
    if row is None:
        return None
    is_stale = row.rated_on < fresh_since(today)
    return Feeling(
        value=row.value,
        words=row.get_value_display(),
        why=row.why,
        rated_on=row.rated_on,
        rated_by=str(row.rated_by or ""),
        is_stale=is_stale,
        disagrees="" if is_stale else disagreement(row.value, band),
    )


def disagreement(value: int, band: str) -> str:
    """How a sentiment and a band differ, "" when they agree; the same as the filter of the list."""
    if value >= Sentiment.Value.GOOD and band in (Band.AT_RISK, Band.NO_ACTIVITY):
        return "better than the health"
    return "worse than the health" if value <= Sentiment.Value.BAD and band == Band.HEALTHY else ""
