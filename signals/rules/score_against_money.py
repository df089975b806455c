"""Score against money: usage and revenue tell different stories, and one of them is wrong.

Healthy while MRR fell in 90 days, or at risk while it rose (also from nothing). Severity is the share of the
larger MRR that came or went.
"""

from collections.abc import Iterator
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
    healthy_from: Decimal = field(default=Decimal(70), metadata=limits("Healthy from", above=0, high=100))
    at_risk_below: Decimal = field(default=Decimal(40), metadata=limits("At risk below", above=0, high=100))

    def contradictions(self) -> Iterator[tuple[str, str]]:
        if self.at_risk_below > self.healthy_from:
            yield "at_risk_below", f"{self.at_risk_below} must not be above {self.healthy_from}."


def check(evidence: Evidence, reading: Reading, thresholds: Thresholds) -> Finding | None:
    """Fire from 70 with less MRR than 90 days ago, or below 40 with more."""
    now, before = evidence.mrr, evidence.mrr_90_days_ago
    if before is None or reading.score is None:
        return None
    fell = reading.score >= thresholds.healthy_from and now < before
    rose = reading.score < thresholds.at_risk_below and now > before
    if not fell and not rose:
        return None
    return Finding(
        rule=RULE.key,
        sentence=sentence(evidence, reading, before),
        severity=severity(Fraction(abs(now - before)) / Fraction(max(abs(now), abs(before))), 0, 1),
        numbers={"mrr": str(now), "mrr_90_days_ago": str(before), "score": str(reading.score)},
    )


def sentence(evidence: Evidence, reading: Reading, before: Decimal) -> str:
    """Return `Health 82, but MRR 800 EUR, 90 days ago 1 000 EUR: −20 %`."""
    now, then = (wording.money(amount, evidence.currency) for amount in (evidence.mrr, before))
    change = f": {wording.change(evidence.mrr, before)}" if before else ""
    return f"Health {wording.score(reading.score)}, but MRR {now}, 90 days ago {then}{change}"


RULE = Rule("score_against_money", "Score against money", Thresholds, check)
