"""Revenue at risk: the organization pays, and its health is below the line (40 itself is not)."""

from dataclasses import dataclass, field
from decimal import Decimal

from signals import wording
from signals.configuration import Configuration, limits
from signals.facts import Evidence
from signals.health.reading import Reading
from signals.rules.base import Finding, Rule, severity


@dataclass(frozen=True)
class Thresholds(Configuration):
    health_below: Decimal = field(default=Decimal(40), metadata=limits("Health below", above=0, high=100))


def check(evidence: Evidence, reading: Reading, thresholds: Thresholds) -> Finding | None:
    """Fire on the score; an organization that is not scored never fires."""
    if not evidence.paying or reading.score is None or reading.score >= thresholds.health_below:
        return None
    return Finding(
        rule=RULE.key,
        sentence=sentence(evidence, reading, thresholds),
        severity=severity(reading.score, thresholds.health_below, 0),
        numbers={
            "score": str(reading.score),
            "health_below": str(thresholds.health_below),
            "mrr": str(evidence.mrr),
        },
    )


def sentence(evidence: Evidence, reading: Reading, thresholds: Thresholds) -> str:
    """Return `Health 31, below 40, most lost in trend (28-day events 412, previous 1 180: −65 %)`."""
    worst = max(reading.components, key=lambda line: line.lost)
    health = f"Health {wording.score(reading.score)}, below {wording.plain(thresholds.health_below)}"
    return f"{health}, most lost in {worst.title.lower()} ({worst.fact})"


RULE = Rule("revenue_at_risk", "Revenue at risk", Thresholds, check)
