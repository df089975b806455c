"""The rules: one file each, pure, in the order in which lists name them.

`check_all` answers for one organization; the data incident is asked per application, before it.
"""

from collections.abc import Mapping
from typing import NamedTuple

from signals.configuration import Configuration
from signals.facts import Evidence
from signals.health.reading import Reading
from signals.rules import (
    data_incident,
    expansion_candidate,
    inactive_paying,
    renewal_risk,
    revenue_at_risk,
    score_against_money,
    usage_drop,
)
from signals.rules.base import Finding, Rule

RULES: tuple[Rule, ...] = (
    revenue_at_risk.RULE,
    usage_drop.RULE,
    inactive_paying.RULE,
    expansion_candidate.RULE,
    renewal_risk.RULE,
    score_against_money.RULE,
)
BY_KEY: dict[str, Rule] = {rule.key: rule for rule in RULES}
# Everything that is edited as a rule, the data incident too.
THRESHOLDS: dict[str, type[Configuration]] = {
    **{rule.key: rule.thresholds for rule in RULES},
    data_incident.KEY: data_incident.Thresholds,
}
TITLES: dict[str, str] = {**{rule.key: rule.title for rule in RULES}, data_incident.KEY: data_incident.TITLE}


class Verdict(NamedTuple):
    """The outcome of one rule: `condition` is None while a data incident holds the rule back."""

    rule: Rule
    condition: bool | None
    finding: Finding | None


def check_all(
    evidence: Evidence,
    reading: Reading,
    thresholds: Mapping[str, Configuration] | None = None,
    *,
    incident: bool = False,
) -> tuple[Verdict, ...]:
    """Return one verdict per rule; a rule without an entry in `thresholds` uses its defaults."""
    chosen = thresholds or {}
    verdicts = []
    for rule in RULES:
        if incident and rule.needs_usage:
            verdicts.append(Verdict(rule, None, None))
            continue
        finding = rule.check(evidence, reading, chosen.get(rule.key) or rule.thresholds())
        verdicts.append(Verdict(rule, finding is not None, finding))
    return tuple(verdicts)


__all__ = ["BY_KEY", "RULES", "THRESHOLDS", "TITLES", "Finding", "Rule", "Verdict", "check_all", "data_incident"]
