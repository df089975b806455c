"""What other thresholds would do to the rule about broken data: which applications, and whose signals would wait.

A sound application is broken on few days, so besides today the days of four weeks are asked.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from signals import incidents
from signals.models import Reading
from signals.rules import data_incident
from signals.rules.data_incident import DayPair, Thresholds
from signals.versions import publishing
from signals.versions.what_if import Progress
from tracker import usage
from tracker.models import Application

LOOKED_BACK = 28


@dataclass(frozen=True)
class Waiting:
    """Paying organizations whose usage signals wait on the day, and their MRR."""

    organizations: int
    mrr: Decimal


@dataclass(frozen=True)
class Trial:
    """One application under the thresholds in force (`now`) and under others (`then`).

    `days` are those of the last four weeks on which it would have been found; `is_found` is about the last one.
    """

    application: Application
    days_now: int
    days_then: int
    is_found_now: bool
    is_found_then: bool
    sentence: str


@dataclass(frozen=True)
class DryRun:
    applications: tuple[Trial, ...]
    waiting_now: Waiting
    waiting_then: Waiting


def dry_run(thresholds: Thresholds, *, is_enabled: bool, as_of: date, progress: Progress) -> DryRun:
    """The rule in force beside other numbers; writes nothing."""
    both = (incidents.in_force(publishing.rule_book()), thresholds if is_enabled else None)
    now, then = ({each.application.pk: each for each in incidents.judge(as_of, one)} for one in both)
    days_now, days_then = found_on(as_of, both, progress)
    trials = [
        Trial(
            application=each.application,
            days_now=days_now.get(pk, 0),
            days_then=days_then.get(pk, 0),
            is_found_now=each.goes_on,
            is_found_then=then[pk].goes_on,
            sentence=next((one.found.sentence for one in (then[pk], each) if one.found), ""),
        )
        for pk, each in now.items()
    ]
    waiting = [waits(as_of, {pk for pk, each in judged.items() if each.goes_on}) for judged in (now, then)]
    return DryRun(tuple(trials), *waiting)


def found_on(as_of: date, both: Iterable[Thresholds | None], progress: Progress) -> list[dict[int, int]]:
    """For each of several thresholds: on how many of the last days each application would have been found."""
    chosen = list(both)
    counts: list[dict[int, int]] = [{} for _ in chosen]
    for back in range(LOOKED_BACK):
        progress(back, LOOKED_BACK)
        day = as_of - timedelta(days=back + 1)
        for application_id, pairs in usage.day_pairs(day, data_incident.compared_with(day, None)).items():
            told = [DayPair(*pair) for pair in pairs]
            for count, thresholds in zip(counts, chosen, strict=True):
                if thresholds is not None and data_incident.check(told, thresholds):
                    count[application_id] = count.get(application_id, 0) + 1
    return counts


def waits(as_of: date, applications: set[int]) -> Waiting:
    held = incidents.held_back(as_of, applications)
    paying = Reading.objects.filter(as_of=as_of, mrr__gt=0).values_list("organization_id", "mrr")
    found = [mrr for organization_id, mrr in paying.iterator() if organization_id in held]
    return Waiting(len(found), sum(found, Decimal(0)))


def told(found: DryRun) -> dict[str, Any]:
    """As plain JSON, for the page."""
    return {
        "now": summed(found.waiting_now, sum(each.is_found_now for each in found.applications)),
        "then": summed(found.waiting_then, sum(each.is_found_then for each in found.applications)),
        "days": LOOKED_BACK,
        "rows": [
            {
                "application": each.application.pk,
                "name": str(each.application),
                "days_now": each.days_now,
                "days_then": each.days_then,
                "is_found_now": each.is_found_now,
                "is_found_then": each.is_found_then,
                "sentence": each.sentence,
            }
            for each in found.applications
        ],
    }


def summed(waiting: Waiting, applications: int) -> dict[str, Any]:
    return {"applications": applications, "organizations": waiting.organizations, "mrr": str(waiting.mrr)}
