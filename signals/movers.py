"""Revenue × Health of the customers as they stand, and who changed place since a week ago.

Nothing is stored for it: the readings of that day hold MRR, score and state of everybody, and the rules are pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Max

from config.backoffice import settings
from orgs.models import Organization
from orgs.querysets import OrganizationQuerySet
from signals import matrix
from signals.health import Band
from signals.matrix import Matrix, Quadrant, Standing
from signals.models import Reading

DAYS_BACK = 7
# A day without a round is bridged by the round before it, but not further back than this.
MOST_DAYS_BACK = 14
LISTED = 50
BANDS = {band.value: band for band in Band}


@dataclass(frozen=True)
class Mover:
    """A customer in another cell than before; `before` and `now` are None outside of the cells."""

    organization: Organization
    before: Quadrant | None
    now: Quadrant | None
    mrr_before: Decimal
    score_before: Decimal | None


@dataclass(frozen=True)
class Movers:
    """Everybody who changed place since `since`, most MRR first: `count` in all, the first `LISTED` by name."""

    since: date
    count: int
    items: tuple[Mover, ...]


def standings(organizations: OrganizationQuerySet) -> list[Standing]:
    """Everybody of a set who pays, as lists show them."""
    found = organizations.paying().order_by("id")
    shown = found.values_list("id", "snapshot__mrr", "snapshot__health", "snapshot__band")
    return [Standing(who, mrr, score, BANDS[band]) for who, mrr, score, band in shown]


def standings_on(day: date) -> list[Standing]:
    """Everybody who paid on an earlier day, by the readings of that day."""
    read = Reading.objects.filter(as_of=day, mrr__gt=0).order_by("organization_id")
    found = read.values_list("organization_id", "mrr", "score", "band")
    return [Standing(who, mrr, score, BANDS[band]) for who, mrr, score, band in found]


def day_before(today: date) -> date | None:
    """The latest day with readings that lies a week or more back; None when there is none."""
    week = Reading.objects.filter(
        as_of__lte=today - timedelta(days=DAYS_BACK), as_of__gte=today - timedelta(days=MOST_DAYS_BACK)
    )
    return week.aggregate(day=Max("as_of"))["day"]


def in_currency(day: date, currency: str) -> bool:
    """Whether the amounts of a day's readings are in a currency: one tells it, all are made anew when it changes."""
    return Reading.objects.filter(as_of=day).values_list("evidence__currency", flat=True).first() in (None, currency)


def movers(arranged: Matrix, today: date, *, high_from: Decimal | None, among: set[int] | None) -> Movers | None:
    """Who changed place, by the same lines; `high_from` None is each day's own median. None without readings, or with
    readings in another currency than that of now.

    `among` are the ids of a scope or a cohort, None for all, of which `arranged` shows those who pay; the lines are
    everybody's.
    """
    since = day_before(today)
    if since is None or not in_currency(since, settings.read().reporting_currency):
        return None
    before = {one.organization_id: one for one in standings_on(since)}
    cut = matrix.median_mrr(one.mrr for one in before.values()) if high_from is None else high_from
    mine = before.values() if among is None else [one for who, one in before.items() if who in among]
    then = {one.organization_id: matrix.quadrant(one, cut, arranged.good_from) for one in mine}
    now = {who: place for place, cell in arranged.cells.items() for who in cell.organization_ids}
    moved = matrix.moves(then, now)
    return Movers(since, len(moved), tuple(listed(moved, before)))


def listed(moved: list[matrix.Move], before: Mapping[int, Standing]) -> list[Mover]:
    """The first of them by MRR, with their names and figures."""
    ids = [one.organization_id for one in moved]
    named = Organization.objects.filter(pk__in=ids).select_related("snapshot", "owner")
    places = {one.organization_id: one for one in moved}
    shown = named.order_by("-snapshot__mrr", "id")[:LISTED]
    return [mover(each, places[each.pk], before.get(each.pk)) for each in shown]


def mover(organization: Organization, move: matrix.Move, earlier: Standing | None) -> Mover:
    mrr, score = (earlier.mrr, earlier.score) if earlier else (Decimal(0), None)
    return Mover(organization, move.before, move.now, mrr, score)
