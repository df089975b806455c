"""Data incident: an application's events broke down for the median organization.

One per application, not per organization: not the customers have changed but the data. While it lasts, rules
that need usage are held back.

Compared are the last complete day and the same weekday a week before. Organizations without an event a week
before have no share and are left out; with fewer than five left, one customer's holiday would be the median.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from statistics import median
from typing import NamedTuple

from signals import wording
from signals.configuration import Configuration, limits
from signals.numbers import rounded
from signals.rules.base import Finding, severity

KEY = "data_incident"
TITLE = "Data incident"


class DayPair(NamedTuple):
    """Events of one organization in one application on a day and on the same weekday the week before."""

    organization_id: int
    events: int
    events_week_before: int


@dataclass(frozen=True)
class Thresholds(Configuration):
    fall_above: Decimal = field(default=Decimal("0.6"), metadata=limits("Median fell by more than", above=0, high=1))
    minimum_organizations: int = field(default=5, metadata=limits("Least organizations", low=1))


def check(pairs: Iterable[DayPair], thresholds: Thresholds) -> Finding | None:
    """Fire when the median organization fell by more than 60 %; exactly 60 % does not."""
    ratios = shares(pairs)
    if len(ratios) < thresholds.minimum_organizations:
        return None
    middle, least = median(ratios), 1 - Fraction(thresholds.fall_above)
    if middle >= least:
        return None
    down = sum(ratio < least for ratio in ratios)
    return Finding(
        rule=KEY,
        sentence=sentence(middle, down, len(ratios)),
        severity=severity(middle, least, 0),
        numbers={
            "median_ratio": str(rounded(middle, 4)),
            "organizations": len(ratios),
            "organizations_down": down,
            "fall_above": str(thresholds.fall_above),
        },
    )


def can_tell(pairs: Iterable[DayPair], thresholds: Thresholds) -> bool:
    """Whether enough organizations had events on the day to compare with: a quiet Sunday does not end an incident."""
    return len(shares(pairs)) >= thresholds.minimum_organizations


def shares(pairs: Iterable[DayPair]) -> list[Fraction]:
    return [Fraction(pair.events, pair.events_week_before) for pair in pairs if pair.events_week_before > 0]


def compared_with(day: date, first_day: date | None) -> date:
    """The same weekday a week before; while an incident lasts, the latest one before it began."""
    if first_day is None or first_day > day:
        return day - timedelta(days=7)
    weeks = (day - first_day).days // 7 + 1
    return day - timedelta(days=7 * weeks)


def sentence(middle: Fraction, down: int, organizations: int) -> str:
    fall = f"Events of the median organization {wording.change(middle, 1)} against the same weekday last week"
    return f"{fall}; {wording.number(down)} of {wording.count(organizations, 'organization')} fell as sharply"
