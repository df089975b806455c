"""Usage drop: the organization pays, and its 30-day events fell below 70 % of the previous 30 days."""

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from signals import wording
from signals.configuration import Configuration, limits
from signals.facts import Evidence
from signals.health.reading import Reading
from signals.rules.base import Finding, Rule, severity


@dataclass(frozen=True)
class Thresholds(Configuration):
    ratio_below: Decimal = field(
        default=Decimal("0.7"), metadata=limits("Events below this share of the previous", above=0, high=1)
    )
    minimum_previous: int = field(default=50, metadata=limits("Least previous events", low=1))


def check(evidence: Evidence, reading: Reading, thresholds: Thresholds) -> Finding | None:
    """Fire below the ratio; exactly 0.70 does not."""
    now, before = evidence.events_30d, evidence.events_previous_30d
    if not evidence.paying or before < thresholds.minimum_previous or now >= thresholds.ratio_below * before:
        return None
    return Finding(
        rule=RULE.key,
        sentence=f"30-day events {wording.compared(now, before)}{everyone(evidence)}",
        severity=severity(Fraction(now, before), thresholds.ratio_below, 0),
        numbers={
            "events_30d": now,
            "events_previous_30d": before,
            "ratio_below": str(thresholds.ratio_below),
        },
    )


def everyone(evidence: Evidence) -> str:
    """Return `; all customers −2 %`, so that a holiday is seen as one; nothing when it isn't known."""
    now, before = evidence.all_events_30d, evidence.all_events_previous_30d
    return f"; all customers {wording.change(now, before)}" if before else ""


RULE = Rule("usage_drop", "Usage drop", Thresholds, check, needs_usage=True)
