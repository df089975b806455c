"""Making, changing and deleting cohorts."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from config import db
from config.backoffice import audit
from orgs.cohorts import definition, membership, uses
from orgs.cohorts.definition import Definition
from orgs.models import Cohort

LOCK = "cohorts"


class CannotChange(Exception):
    """Refused, with the reason and the remedy; nothing was written."""


def create(
    name: str,
    asked: Definition,
    *,
    actor: Any,
    now: datetime,
    kind: str = Cohort.Kind.RULES,
) -> Cohort:
    """A new cohort with its members. Raises CannotChange."""
    with transaction.atomic():
        db.lock(LOCK)
        made_by = actor if actor is not None and actor.pk else None
        cohort = Cohort(
            name=clean_name(name), kind=kind, definition=asked, created_by=made_by, created_at=now, changed_at=now
        )
        check(cohort)
        cohort.save()
        audit.record(actor, "cohort.created", cohort, now=now, detail=told(cohort))
    return computed(cohort, now)


def change(cohort_id: int, name: str, asked: Definition, *, actor: Any, now: datetime) -> Cohort:
    """Give a cohort another name or definition; its members are computed at once. Raises CannotChange."""
    with transaction.atomic():
        db.lock(LOCK)
        cohort = Cohort.objects.select_for_update().get(pk=cohort_id)
        before = told(cohort)
        cohort.name, cohort.changed_at = clean_name(name), now
        if cohort.kind == Cohort.Kind.RULES and asked != cohort.definition:
            cohort.definition = asked
            cohort.version += 1
        check(cohort)
        after = told(cohort)
        if after == before:
            return cohort
        cohort.save(update_fields=["name", "definition", "version", "changed_at"])
        changes = {key: [before[key], after[key]] for key in after if before[key] != after[key]}
        audit.record(actor, "cohort.changed", cohort, now=now, detail=changes)
    return computed(cohort, now)


def delete(cohort_id: int, *, actor: Any, now: datetime) -> None:
    """Delete a cohort that nothing uses. Raises CannotChange."""
    with transaction.atomic():
        db.lock(LOCK)
        cohort = Cohort.objects.select_for_update().get(pk=cohort_id)
        if used := uses.uses(cohort_id):
            raise CannotChange(f"“{cohort}” is used by {', '.join(used)}. Take it out there first.")
        audit.record(actor, "cohort.deleted", cohort, now=now, detail=told(cohort))
        cohort.delete()


def computed(cohort: Cohort, now: datetime) -> Cohort:
    """The cohort with its members as of now, and with those that read it."""
    if cohort.kind == Cohort.Kind.RULES:
        membership.recompute(now, [cohort.pk])
        cohort.refresh_from_db()
    return cohort


def check(cohort: Cohort) -> None:
    """Refuse what the database would, in words, and a definition that ends in itself."""
    try:
        cohort.full_clean(exclude=["definition", "created_by"])
    except ValidationError as error:
        raise CannotChange(" ".join(error.messages)) from error
    if cohort.kind == Cohort.Kind.RULES and not cohort.definition.get("groups"):
        raise CannotChange("A cohort needs at least one condition. Add one.")
    if cohort.pk and (way := way_back(cohort)):
        raise CannotChange(f"A cohort cannot depend on itself: {' → '.join(way)}. Take one of these conditions out.")


def way_back(cohort: Cohort) -> list[str]:
    """The names on the way from a cohort over those it reads back to itself; empty without one."""
    cohorts = {each.pk: each for each in Cohort.objects.by_rules()} | {cohort.pk: cohort}
    ways = [[cohort.pk]]
    seen: set[int] = set()
    while ways:
        way = ways.pop()
        for each in membership.read_by(cohorts[way[-1]]) & cohorts.keys():
            if each == cohort.pk:
                return [f"“{cohorts[pk]}”" for pk in [*way, each]]
            if each not in seen:
                seen.add(each)
                ways.append([*way, each])
    return []


def clean_name(name: str) -> str:
    return " ".join(name.split())


def told(cohort: Cohort) -> dict[str, str]:
    """What the audit trail keeps: the name, and the definition in words."""
    words = definition.sentence(cohort.definition) if cohort.kind == Cohort.Kind.RULES else "A list from a file."
    return {"name": cohort.name, "definition": words}
