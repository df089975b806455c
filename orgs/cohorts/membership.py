"""Who is in which cohort: computed apart, written as one set, so that lists and counts only read rows."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from config import db
from config.backoffice import jobs, settings
from config.backoffice.formatting import plural
from orgs import sql, totals
from orgs.cohorts import definition
from orgs.cohorts.definition import Definition
from orgs.cohorts.rules import BadRule
from orgs.models import Cohort, Organization
from orgs.totals import Amount

SECONDS = 30
PREVIEW_SECONDS = 8
TOO_SLOW = "Counting took longer than {seconds} seconds and was stopped. Ask for fewer days or fewer conditions."


class CannotCount(Exception):
    """The definition could not be evaluated; the message says what to change."""


@dataclass(frozen=True)
class Round:
    """What one computation of several cohorts did."""

    computed: int
    failed: int

    def sentence(self) -> str:
        failures = f" {plural(self.failed, 'computation')} given up; the cohort's page says why." if self.failed else ""
        return f"{plural(self.computed, 'cohort')} computed.{failures}"


def preview(asked: Definition, now: datetime) -> Amount:
    """How many organizations a definition means now, and their MRR. Raises CannotCount."""
    found = evaluated(asked, now, PREVIEW_SECONDS)
    return totals.amount(Organization.objects.filter(pk__in=found))


def recompute(now: datetime, cohort_ids: Collection[int] | None = None, *, only_cheap: bool = False) -> Round:
    """Compute the members of all cohorts with rules, or of some and of those that read them, referenced ones first.

    Each cohort is a transaction of its own. `only_cheap` leaves out what reads events.
    """
    wanted, computed, failed = in_order(cohort_ids), 0, 0
    for cohort in wanted:
        try:
            if only_cheap and definition.is_costly(cohort.definition):
                continue
            computed += store(cohort, evaluated(cohort.definition, now, SECONDS), now)
        except (CannotCount, BadRule) as error:
            Cohort.objects.filter(pk=cohort.pk, version=cohort.version).update(problem=str(error)[:300])
            failed += 1
    return Round(computed, failed)


def evaluated(asked: Definition, now: datetime, seconds: int) -> frozenset[int]:
    try:
        with db.in_time(seconds):
            return definition.matching(asked, definition.terms(now, settings.today(now)))
    except BadRule as error:
        raise CannotCount(str(error)) from error
    except db.TooSlow as error:
        raise CannotCount(TOO_SLOW.format(seconds=seconds)) from error


def store(cohort: Cohort, found: Iterable[int], now: datetime) -> bool:
    """Write the members that were found as of `now`; False when the definition or newer members came in between."""
    with transaction.atomic():
        older = Q(computed_at=None) | Q(computed_at__lte=now)
        current = Cohort.objects.filter(older, pk=cohort.pk, version=cohort.version)
        if not current.update(computed_at=now, problem=""):
            return False
        db.run(sql.REWRITE_MEMBERS, {"cohort_id": cohort.pk, "ids": sorted(found), "now": now})
    return True


def in_order(cohort_ids: Collection[int] | None = None) -> list[Cohort]:
    """Cohorts with rules so that each comes after those it reads; the given ones with all that read them."""
    cohorts = {each.pk: each for each in Cohort.objects.by_rules().order_by("pk")}
    reads = {pk: read_by(each) & cohorts.keys() for pk, each in cohorts.items()}
    wanted = set(cohorts) if cohort_ids is None else set(cohort_ids) & cohorts.keys()
    while more := {pk for pk, read in reads.items() if read & wanted} - wanted:
        wanted |= more
    ordered: list[int] = []
    for pk in sorted(wanted):
        visit(pk, reads, wanted, ordered)
    return [cohorts[pk] for pk in ordered]


def visit(pk: int, reads: dict[int, set[int]], wanted: set[int], ordered: list[int]) -> None:
    """Depth first; there are no cycles, a definition that closes one is refused."""
    if pk not in ordered:
        for each in sorted(reads[pk] & wanted):
            visit(each, reads, wanted, ordered)
        ordered.append(pk)


def read_by(cohort: Cohort) -> set[int]:
    try:
        return definition.references(cohort.definition)
    except BadRule:
        return set()


def recompute_soon(now: datetime, *, only_cheap: bool = False) -> None:
    """Ask for one computation in the background, at most one a minute."""
    if Cohort.objects.by_rules().exists():
        slot = f"{'lists changed' if only_cheap else 'asked'} {now:%Y-%m-%d %H:%M}"
        jobs.request("cohorts", slot=slot, now=now, arguments={"only_cheap": only_cheap})
