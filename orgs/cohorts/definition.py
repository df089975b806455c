"""A cohort's definition: groups of rules joined by AND or OR, read from its stored form, said in words, evaluated.

{"match": "all" | "any", "groups": [{"match": "all" | "any", "rules": [{"kind": ..., ...}]}]}
"""

from collections.abc import Collection, Iterator
from typing import Any

from orgs.cohorts import rules
from orgs.cohorts.rules import BadRule, Rule, Terms
from orgs.models import Organization

Definition = dict[str, Any]
MATCHES = {"all": "and", "any": "or"}
MOST_GROUPS = 10
MOST_RULES = 20


def each_rule(definition: Definition) -> Iterator[Rule]:
    for group in definition.get("groups", ()):
        yield from group["rules"]


def references(definition: Definition) -> set[int]:
    """Cohorts that the definition reads."""
    return {each for rule in each_rule(definition) for each in rules.of(rule["kind"]).references(rule)}


def is_costly(definition: Definition) -> bool:
    """Whether computing it reads more than rows made for lists."""
    return any(rules.of(rule["kind"]).is_costly for rule in each_rule(definition))


def sentence(definition: Definition) -> str:
    """Organizations whose MRR is at least 500 EUR and (segment is “Enterprise” or health is At risk)."""
    groups = [clauses(group) for group in definition.get("groups", ())]
    if not groups:
        return "No condition yet."
    if len(groups) == 1:
        return f"Organizations whose {groups[0]}."
    several = [len(group["rules"]) > 1 for group in definition["groups"]]
    parts = [f"({text})" if more else text for text, more in zip(groups, several, strict=True)]
    joined = f" {MATCHES[definition['match']]} ".join(parts)
    return f"Organizations whose {joined}."


def clauses(group: dict[str, Any]) -> str:
    return f" {MATCHES[group['match']]} ".join(words(rule) for rule in group["rules"])


def words(rule: Rule) -> str:
    try:
        return rules.of(rule["kind"]).words(rule)
    except BadRule:
        return f"“{rule['kind']}” (no longer known)"


def terms(now: Any, today: Any) -> Terms:
    """The terms of a computation at a moment: everybody is whoever is known under at least one id."""
    known = Organization.objects.with_ids().order_by().values_list("pk", flat=True)
    return Terms(now, today, frozenset(known))


def matching(definition: Definition, stands: Terms) -> frozenset[int]:
    """Ids of the organizations that the definition means. Raises BadRule for a rule that nobody knows any more."""
    groups = [
        combined(group["match"], [rules.of(rule["kind"]).matching(rule, stands) for rule in group["rules"]])
        for group in definition["groups"]
    ]
    return combined(definition["match"], groups) & stands.everybody


def combined(match: str, found: Collection[Collection[int]]) -> frozenset[int]:
    sets = [frozenset(each) for each in found]
    if not sets:
        return frozenset()
    return frozenset.intersection(*sets) if match == "all" else frozenset.union(*sets)
