"""Renewal risk: a renewal or contract end comes within 60 days, and the organization is not healthy.

Day 60 and today count; a day that has passed does not. How near it is raises the urgency, not the severity.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from signals import wording
from signals.configuration import Configuration, limits
from signals.facts import Evidence
from signals.health.reading import Reading
from signals.rules.base import Finding, Rule, severity


@dataclass(frozen=True)
class Thresholds(Configuration):
    days: int = field(default=60, metadata=limits("Days to the renewal", low=1, high=730))
    health_below: Decimal = field(default=Decimal(70), metadata=limits("Health below", above=0, high=100))


def check(evidence: Evidence, reading: Reading, thresholds: Thresholds) -> Finding | None:
    """Fire up to day 60 inclusive and below health 70."""
    ahead = evidence.days_to_renewal
    if ahead is None or ahead > thresholds.days:
        return None
    if reading.score is None or reading.score >= thresholds.health_below:
        return None
    what = "Ends" if ends_first(evidence) else "Renews"
    return Finding(
        rule=RULE.key,
        sentence=f"{what} {wording.days_ahead(ahead)}, health {wording.score(reading.score)}",
        severity=severity(reading.score, thresholds.health_below, 0),
        numbers={
            "days_to_renewal": ahead,
            "days": thresholds.days,
            "score": str(reading.score),
            "health_below": str(thresholds.health_below),
        },
    )


def ends_first(evidence: Evidence) -> bool:
    """Tell whether the nearest day is the contract's end; on the same day the end says more."""
    ends = evidence.ends_on
    return ends is not None and (ends - evidence.as_of).days == evidence.days_to_renewal


RULE = Rule("renewal_risk", "Renewal risk", Thresholds, check)
