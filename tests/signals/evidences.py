"""Plain makers of evidence: an organization that pays and uses everything, changed by what a test is about."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from signals.facts import Evidence
from signals.health import DEFAULT_MODEL, Reading, score

AS_OF = date(2026, 3, 2)


def ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


def ahead(days: int) -> date:
    return AS_OF + timedelta(days=days)


def evidence(**changes: Any) -> Evidence:
    """A year old, used yesterday and by everybody: each component at 100 points."""
    values = {
        "organization_id": 457,
        "as_of": AS_OF,
        "first_seen_on": ago(365),
        "last_seen_on": ago(1),
        "active_weekdays_28d": 20,
        "active_users_28d": 10,
        "peak_users": 10,
        "events_28d": 1000,
        "events_previous_28d": 1000,
        "events_30d": 1000,
        "events_previous_30d": 1000,
        "distinct_events_28d": 8,
        "peak_distinct_events": 8,
        "mrr": Decimal("1000.00"),
        "mrr_90_days_ago": Decimal("1000.00"),
    }
    return Evidence(**(values | changes))


def reading(**changes: Any) -> Reading:
    return score(evidence(**changes), DEFAULT_MODEL)


def reading_of(points: str | None) -> Reading:
    """A reading with exactly this score, for rules that look at nothing else of it."""
    return replace(reading(), score=None if points is None else Decimal(points))
