"""What changed in a week, or since any day: the answers behind the weekly review and the digest."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery

from config.backoffice import settings
from orgs import scopes
from orgs.models import Band, Organization
from orgs.totals import Amount, amount
from revenue import answers
from revenue.answers.history import Change
from revenue.mrr.movements import KINDS, SIGN
from signals.models import Churn, FollowUp, Reading, ScanCursor, Signal

DAYS = 7
RENEWAL_DAYS = 30
LISTED = 25
# From bad to good; what cannot be judged stands outside.
GRADES = {Band.NO_ACTIVITY: 0, Band.AT_RISK: 0, Band.WATCH: 1, Band.HEALTHY: 2}


def steps(before: str, now: str) -> int:
    """From one band to another, above 0 for better; 0 when one of both cannot be judged."""
    return GRADES[Band(now)] - GRADES[Band(before)] if before in GRADES and now in GRADES else 0


@dataclass(frozen=True)
class Listed:
    """The first `LISTED` of a set, and how many there are in all."""

    count: int
    items: list[Any]


@dataclass(frozen=True)
class BandChange:
    """A customer in another band than before; `steps` above 0 is better."""

    organization: Organization
    before: str
    now: str
    score_before: Decimal | None
    score: Decimal | None
    mrr: Decimal

    @property
    def steps(self) -> int:
        return steps(self.before, self.now)


@dataclass(frozen=True)
class Movements:
    """MRR gained and lost by kind over the days, in the reporting currency, and who moved, largest first."""

    by_kind: dict[str, Decimal]
    count: int
    items: list[Change]

    @property
    def net(self) -> Decimal:
        return sum((SIGN[kind] * amount for kind, amount in self.by_kind.items()), Decimal(0))


@dataclass(frozen=True)
class Week:
    """Days of the reporting zone in [since, until)."""

    since: date
    until: date
    currency: str
    paying: Amount
    movements: Movements
    worse: Listed
    better: Listed
    opened: Listed
    closed: Listed
    done: Listed
    overdue: Listed
    renewals: Listed
    churned: Listed


def week(until: date, *, scope: str, user: Any, cohort: int | None = None) -> Week:
    """The seven days before `until`, for the customers (and the follow-ups) of a scope, or of a cohort within it."""
    since = until - timedelta(days=DAYS)
    zone = settings.zone()
    start, end = settings.day_start(since, zone), settings.day_start(until, zone)
    mine = Organization.objects.in_scope(scope, user).in_cohort(cohort)
    moved = band_changes(since, last_judged(until), mine)
    signals = Signal.objects.filter(organization__in=mine).select_related("organization", "assignee")
    work = FollowUp.objects.in_scope(scope, user).in_cohort(cohort)
    work = work.select_related("organization", "assignee", "done_by")
    churned = Churn.objects.in_scope(scope, user).in_cohort(cohort).between(since, until)
    return Week(
        since=since,
        until=until,
        currency=settings.read().reporting_currency,
        paying=amount(mine.paying()),
        movements=movements(since, until, None if scope == scopes.ALL and cohort is None else mine),
        worse=first([one for one in moved if one.steps < 0]),
        better=first([one for one in moved if one.steps > 0]),
        opened=listed(signals.filter(opened_at__gte=start, opened_at__lt=end).order_by("-money_at_stake", "id")),
        closed=listed(signals.filter(closed_at__gte=start, closed_at__lt=end).order_by("-money_at_stake", "id")),
        done=listed(work.done_between(start, end).order_by("-done_at")),
        overdue=listed(work.overdue(until)),
        renewals=listed(
            mine.renewing(until, until + timedelta(days=RENEWAL_DAYS))
            .select_related("snapshot", "owner")
            .order_by("snapshot__renewal_on", "-snapshot__mrr", "id")
        ),
        churned=listed(churned.select_related("organization")),
    )


def last_judged(until: date) -> date:
    """The day itself, or the last one on which everybody was scored: just after midnight that is yesterday."""
    scored = ScanCursor.objects.values_list("scored_all_on", flat=True).first()
    return min(until, scored) if scored else until


def first(items: list[Any]) -> Listed:
    return Listed(len(items), items[:LISTED])


def listed(found: QuerySet) -> Listed:
    items = list(found[: LISTED + 1])
    return Listed(len(items) if len(items) <= LISTED else found.count(), items[:LISTED])


def movements(since: date, until: date, among: QuerySet | None) -> Movements:
    """Every customer's one movement over the days, of a set of organizations or of all."""
    found = list(answers.changes_between(since, until - timedelta(days=1), until - timedelta(days=1)).items)
    if among is not None:
        ids = set(among.filter(id__in={each.organization_id for each in found}).values_list("id", flat=True))
        found = [each for each in found if each.organization_id in ids]
    by_kind = {kind: sum((each.amount for each in found if each.kind == kind), Decimal(0)) for kind in KINDS}
    return Movements(by_kind, len(found), found[:LISTED])


def band_changes(since: date, until: date, among: QuerySet) -> list[BandChange]:
    """Whose band on `until` is another one than on `since`, by the readings of both days, most MRR first."""
    earlier = Reading.objects.filter(organization=OuterRef("organization"), as_of=since)
    found = (
        Reading.objects.filter(as_of=until, organization__in=among)
        .annotate(before=Subquery(earlier.values("band")), score_before=Subquery(earlier.values("score")))
        .exclude(before=None)
        .exclude(before=F("band"))
        .order_by("-mrr", "organization_id")
        .values_list("organization_id", "before", "band", "score_before", "score", "mrr")
    )
    rows = list(found)
    named = Organization.objects.select_related("owner", "snapshot").in_bulk([row[0] for row in rows])
    return [BandChange(named[who], *figures) for who, *figures in rows]
