"""Inactive paying: the organization pays, and no event came for 14 days, or ever.

After 30 days of silence all of its MRR counts as at stake, and at once when it was never seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from signals import wording
from signals.configuration import Configuration, limits
from signals.facts import Evidence
from signals.health.reading import Reading
from signals.rules.base import Finding, Rule, severity


@dataclass(frozen=True)
class Thresholds(Configuration):
    days: int = field(default=14, metadata=limits("Days without event", low=1, high=365))
    full_severity_days: int = field(default=30, metadata=limits("All MRR at stake from day", low=2, high=730))

    def contradictions(self) -> Iterator[tuple[str, str]]:
        if self.full_severity_days <= self.days:
            sentence = f"{self.full_severity_days} must be above Days without event ({self.days})."
            yield "full_severity_days", sentence


def check(evidence: Evidence, reading: Reading, thresholds: Thresholds) -> Finding | None:
    """Fire when the last event was on or before `as_of` − 14: exactly 14 days counts."""
    if not evidence.paying or not evidence.silent_for(thresholds.days):
        return None
    days, full = evidence.silent_days, thresholds.full_severity_days
    return Finding(
        rule=RULE.key,
        sentence="Paying, never seen" if days is None else f"Paying, last seen {wording.days_ago(days)}",
        severity=severity(full if days is None else days, thresholds.days, full),
        numbers={
            "silent_days": days,
            "last_seen_on": evidence.last_seen_on and evidence.last_seen_on.isoformat(),
            "days": thresholds.days,
        },
    )


RULE = Rule("inactive_paying", "Inactive paying", Thresholds, check, needs_usage=True)
