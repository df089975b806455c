"""Short ways to say a cohort in a test."""

from typing import Any

from orgs.cohorts import definition, editing, rules
from orgs.models import Cohort, Organization
from tests.factories import NOW


def rule(kind: str, **given: Any) -> dict:
    """As the builder stores it."""
    return rules.of(kind).clean({name: str(value) for name, value in given.items()})


def all_of(*asked: dict) -> dict:
    return {"match": "all", "groups": [{"match": "all", "rules": list(asked)}]}


def any_of(*asked: dict) -> dict:
    return {"match": "all", "groups": [{"match": "any", "rules": list(asked)}]}


def matched(asked: dict, now=NOW) -> set[str]:
    """External ids of whom a definition means."""
    found = definition.matching(asked, definition.terms(now, now.date()))
    return set(Organization.objects.filter(pk__in=found).values_list("external_id", flat=True))


def cohort(name: str, *asked: dict, actor=None, now=NOW) -> Cohort:
    return editing.create(name, all_of(*asked), actor=actor, now=now)


def members(found: Cohort) -> set[str]:
    return set(found.members.values_list("organization__external_id", flat=True))
