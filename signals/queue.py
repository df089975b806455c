"""The work queue: one row an organization with all its signals, most money first."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Self

from django.db.models import Count, F, Min, Prefetch, QuerySet, Sum

from config.backoffice import settings
from config.backoffice.ids import read_id
from config.backoffice.refused import plain
from orgs import scopes
from orgs.models import Band, Organization
from signals.digest_memory import Told, told_to
from signals.models import Signal

FAMILIES = {"risk": "Risk", "growth": "Growth"}
# Beside the states of a signal.
CLOSED = "closed"
STATES = (*Signal.State.choices, (CLOSED, "Resolved or dismissed"))
# What the list can go by, most urgent first; ties by id, so that two looks give the same list.
ORDERS = {
    "": ("Most money at stake", "-at_stake"),
    "mrr": ("Largest MRR", F("snapshot__mrr").desc(nulls_last=True)),
    "health": ("Lowest health", F("snapshot__health").asc(nulls_last=True)),
    "oldest": ("Longest open", "oldest_at"),
    "renewal": ("Next renewal", F("snapshot__renewal_on").asc(nulls_last=True)),
    "last_seen": ("Longest not seen", F("snapshot__last_seen_at").asc(nulls_first=True)),
}


@dataclass(frozen=True)
class QueueFilter:
    """What the queue shows; every field but `state` may be empty. Unknown values are dropped, never an error.

    `told` are those that the reader's digest of a day told.
    """

    state: str = Signal.State.OPEN
    family: str = ""
    type: str = ""
    band: str = ""
    owner: str = ""
    cohort: int | None = None
    new: str = ""
    told: Told | None = None
    sort: str = ""
    q: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str], user: Any = None) -> Self:
        """Read the address line; whose digest it may name is the user's."""
        known = {
            "state": set(dict(STATES)),
            "family": set(FAMILIES),
            "type": set(Signal.Type.values),
            "band": set(Band.values),
            "owner": {"me", "team", "nobody"},
            "new": {"1"},
            "sort": set(ORDERS),
        }
        chosen = {name: query[name] for name, values in known.items() if query.get(name) in values}
        told = told_to(user, query["told"]) if user is not None and query.get("told") else None
        return cls(**chosen, told=told, cohort=read_id(query.get("cohort")), q=plain(query.get("q", ""))[:255])

    @property
    def is_open(self) -> bool:
        return self.state == Signal.State.OPEN


@dataclass(frozen=True)
class QueueTotals:
    """What stands on top of the list; `mrr` counts each organization once."""

    organizations: int
    mrr: Decimal
    money_at_stake: Decimal


@dataclass(frozen=True)
class QueueRow:
    organization: Organization
    signals: list[Signal]

    @property
    def money_at_stake(self) -> Decimal:
        return sum((signal.money_at_stake for signal in self.signals), Decimal(0))

    @property
    def oldest_at(self) -> datetime:
        return min(signal.opened_at for signal in self.signals)


def new_since(now: datetime) -> datetime:
    """What counts as new: opened since yesterday began in the reporting zone."""
    return settings.day_start(settings.today(now) - timedelta(days=1), settings.zone())


def signals(chosen: QueueFilter, now: datetime) -> QuerySet[Signal]:
    """The signals that the filter means."""
    found = Signal.objects.closed() if chosen.state == CLOSED else Signal.objects.filter(state=chosen.state)
    if chosen.family:
        found = found.growth() if chosen.family == "growth" else found.risks()
    if chosen.type:
        found = found.filter(type=chosen.type)
    if chosen.new:
        found = found.opened_since(new_since(now))
    if chosen.told is not None:
        found = found.filter(pk__in=chosen.told.ids)
    return found


def organizations(chosen: QueueFilter, *, user: Any, now: datetime) -> QuerySet[Organization]:
    """The organizations that have such signals, with `at_stake` and `oldest_at`, most urgent first."""
    found = Organization.objects.filter(signals__in=signals(chosen, now))
    if chosen.band:
        found = found.in_band(chosen.band)
    if chosen.owner == "nobody":
        found = found.filter(owner=None)
    elif chosen.owner:
        found = found.in_scope(scopes.TEAM if chosen.owner == "team" else scopes.MINE, user)
    found = found.in_cohort(chosen.cohort)
    if chosen.q:
        found = found.matching(chosen.q)
    summed = found.annotate(at_stake=Sum("signals__money_at_stake"), oldest_at=Min("signals__opened_at"))
    return summed.select_related("snapshot", "owner").order_by(ORDERS[chosen.sort][1], "id")


def totals(found: QuerySet[Organization]) -> QueueTotals:
    """Count and sums of the whole list, not of the page."""
    sums = found.order_by().aggregate(count=Count("pk"), mrr=Sum("snapshot__mrr"), stake=Sum("at_stake"))
    return QueueTotals(sums["count"], sums["mrr"] or Decimal(0), sums["stake"] or Decimal(0))


def rows(page: Iterable[Organization] | QuerySet[Organization], chosen: QueueFilter, now: datetime) -> list[QueueRow]:
    """The organizations of one page with their signals, two queries however many there are."""
    shown = list(page)
    by_organization: dict[int, list[Signal]] = {}
    found = signals(chosen, now).filter(organization__in=shown).select_related("assignee")
    for signal in found.order_by("-money_at_stake", "type"):
        by_organization.setdefault(signal.organization_id, []).append(signal)
    return [QueueRow(org, by_organization[org.id]) for org in shown if org.id in by_organization]


def of_organization(organization: Organization) -> QuerySet[Signal]:
    """Everything ever found about one organization, live signals first."""
    transitions = Prefetch("transitions", to_attr="history")
    ranked = organization.signals.select_related("assignee").prefetch_related(transitions)
    return ranked.order_by("closed_at", "-money_at_stake", "-opened_at")


EXPORTED = (
    "external_org_id",
    "display_name",
    "owner",
    "mrr",
    "currency",
    "health",
    "band",
    "last_seen_at",
    "renewal_on",
    "segment",
    "products",
    "events_30d",
    "events_previous_30d",
    "signal",
    "state",
    "sentence",
    "money_at_stake",
    "opened_at",
    "assignee",
)
EXPORT_CHUNK = 500


def export(found: QuerySet[Organization], chosen: QueueFilter, now: datetime) -> Iterator[list[Any]]:
    """The whole queue, one row a signal, in the order of the list."""
    currency = settings.read().reporting_currency
    ids = list(found.values_list("id", flat=True))
    for start in range(0, len(ids), EXPORT_CHUNK):
        for row in rows(found.filter(id__in=ids[start : start + EXPORT_CHUNK]), chosen, now):
            org, shown = row.organization, row.organization.snapshot
            about = [org.external_id, org.display_name, str(org.owner or ""), shown.mrr, currency, shown.health]
            about += [shown.get_band_display(), shown.last_seen_at, shown.renewal_on, org.segment]
            about += [", ".join(map(str, shown.products)), shown.events_30d, shown.events_previous_30d]
            for signal in row.signals:
                told = [signal.get_type_display(), signal.get_state_display(), signal.sentence, signal.money_at_stake]
                yield [*about, *told, signal.opened_at, str(signal.assignee or "")]
