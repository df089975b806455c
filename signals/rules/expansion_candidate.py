"""Expansion candidate: healthy, and 30-day events grew to 130 % of the previous 30 days or more.

It needs no MRR: a growing organization that does not pay yet is a candidate too, with nothing at stake.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from signals import wording
from signals.configuration import Configuration, limits
from signals.facts import Evidence
from signals.health.reading import Reading
from signals.numbers import rounded
from signals.rules.base import Finding, Rule, severity


@dataclass(frozen=True)
class Thresholds(Configuration):
    health_from: Decimal = field(default=Decimal(70), metadata=limits("Health from", above=0, high=100))
    ratio_from: Decimal = field(
        default=Decimal("1.3"), metadata=limits("Events from this share of the previous", above=1, high=100)
    )
    full_severity_ratio: Decimal = field(
        default=Decimal(2), metadata=limits("Full severity from this share", above=1, high=1000)
    )
    minimum_previous: int = field(default=50, metadata=limits("Least previous events", low=1))

    def contradictions(self) -> Iterator[tuple[str, str]]:
        if self.full_severity_ratio <= self.ratio_from:
            yield "full_severity_ratio", f"{self.full_severity_ratio} must be above {self.ratio_from}."


def check(evidence: Evidence, reading: Reading, thresholds: Thresholds) -> Finding | None:
    """Fire from health 70 and from ratio 1.30, both inclusive."""
    now, before = evidence.events_30d, evidence.events_previous_30d
    if reading.score is None or reading.score < thresholds.health_from:
        return None
    if before < thresholds.minimum_previous or now < thresholds.ratio_from * before:
        return None
    ratio = Fraction(now, before)
    return Finding(
        rule=RULE.key,
        sentence=f"30-day events {wording.compared(now, before)}; health {wording.score(reading.score)}",
        severity=severity(ratio, thresholds.ratio_from, thresholds.full_severity_ratio),
        growth=rounded(ratio - 1, 4),
        numbers={
            "events_30d": now,
            "events_previous_30d": before,
            "ratio_from": str(thresholds.ratio_from),
            "score": str(reading.score),
        },
    )


RULE = Rule("expansion_candidate", "Expansion candidate", Thresholds, check, about_growth=True)
