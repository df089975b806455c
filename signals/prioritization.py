"""Who comes first: money at stake per signal; lists sort organizations by the sum over their open ones.

money at stake = MRR x severity x urgency; for growth MRR x growth, without urgency.
"""

from dataclasses import dataclass
from decimal import Decimal

from signals import wording
from signals.facts import Evidence
from signals.numbers import rounded
from signals.rules.base import Finding

CALM = Decimal(1)
URGENCIES = ((30, Decimal("1.5")), (90, Decimal("1.25")))


@dataclass(frozen=True)
class Part:
    """One open signal's share of the priority: an amount per month, and how it was reckoned.

    `factor` is the severity, or the growth for rules about growth (their urgency is 1).
    """

    rule: str
    mrr: Decimal
    factor: Decimal
    urgency: Decimal
    money_at_stake: Decimal
    words: str


def urgency(days_to_renewal: int | None) -> Decimal:
    """Return 1.5 up to 30 days before a renewal or contract end, 1.25 up to 90, else 1."""
    if days_to_renewal is None or days_to_renewal < 0:
        return CALM
    return next((factor for days, factor in URGENCIES if days_to_renewal <= days), CALM)


def part(finding: Finding, evidence: Evidence) -> Part:
    """Return the money at stake with a finding, 2 decimals; without MRR there is none."""
    mrr = max(evidence.mrr, Decimal(0))
    paid = wording.money(mrr, evidence.currency)
    if finding.growth is not None:
        words = f"{paid} × growth {wording.percent(finding.growth)}"
        return Part(finding.rule, mrr, finding.growth, CALM, rounded(mrr * finding.growth), words)
    factor = urgency(evidence.days_to_renewal)
    words = f"{paid} × severity {wording.number(finding.severity, 2)}"
    if factor != CALM:
        words = f"{words} × urgency {wording.plain(factor)}"
    at_stake = rounded(mrr * finding.severity * factor)
    return Part(finding.rule, mrr, finding.severity, factor, at_stake, words)
