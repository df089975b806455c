"""The numbers of the home page, each counted from the set that its card opens."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.postgres.aggregates import BoolOr
from django.db.models import Count, Max, Q, Sum

from config.backoffice import jobs, settings
from orgs import scopes
from orgs.models import Band, ImportBatch, Organization
from orgs.querysets import OrganizationQuerySet
from orgs.totals import Amount, amount
from revenue import facts
from signals import queue
from signals.models import FollowUp, ScanCursor, Signal
from signals.querysets import FollowUpQuerySet
from tracker import rejects, store

RENEWAL_DAYS = 90
SHOWN = 5


@dataclass(frozen=True)
class DataStatus:
    """How fresh everything is and what waits for somebody; times are None when it never happened."""

    last_event_at: datetime | None
    last_import_at: datetime | None
    last_scan_at: datetime | None
    seen_never_imported: int
    imported_never_seen: Amount
    rejected_events: int
    late_jobs: int


@dataclass(frozen=True)
class OpenSignals:
    """Customers with open signals, each counted once in every number."""

    organizations: int
    new: int
    risks: queue.QueueTotals
    growth: queue.QueueTotals


@dataclass(frozen=True)
class Money:
    """MRR of a scope, its change since the last month's close (None: nothing to compare with), and renewals ahead."""

    mrr: Decimal
    change: Decimal | None
    previous_month: date
    renewals: Amount
    renewals_not_healthy: int


@dataclass(frozen=True)
class Work:
    """Follow-ups of a scope that are due today or before, and those of them that are overdue."""

    due: int
    overdue: int


@dataclass(frozen=True)
class Today:
    as_of: date
    currency: str
    money: Money
    open: OpenSignals
    work: Work
    risks: list[queue.QueueRow]
    growth: list[queue.QueueRow]
    status: DataStatus

    @property
    def share_under_risk(self) -> Decimal | None:
        return self.open.risks.mrr / self.money.mrr if self.money.mrr else None


def today(*, user: Any, scope: str, now: datetime) -> Today:
    """The page of one person: the own organizations, those of the team, or all."""
    as_of = settings.today(now)
    scoped = Organization.objects.in_scope(scope, user)
    owner = scopes.OWNER[scope] or ""
    risk, growth = queue.QueueFilter(owner=owner, family="risk"), queue.QueueFilter(owner=owner, family="growth")
    first = {
        chosen: queue.rows(queue.organizations(chosen, user=user, now=now)[:SHOWN], chosen, now)
        for chosen in (risk, growth)
    }
    return Today(
        as_of=as_of,
        currency=settings.read().reporting_currency,
        money=money(scoped, scope, as_of),
        open=open_signals(scoped, scope, now),
        work=work(FollowUp.objects.in_scope(scope, user), as_of),
        risks=first[risk],
        growth=first[growth],
        status=data_status(now),
    )


def money(scoped: OrganizationQuerySet, scope: str, as_of: date) -> Money:
    """In one look at the snapshot; the change is that of the books, which know one currency."""
    renews = Q(snapshot__renewal_on__gte=as_of, snapshot__renewal_on__lt=as_of + timedelta(days=RENEWAL_DAYS))
    sums = scoped.paying().aggregate(
        mrr=Sum("snapshot__mrr"),
        renewals=Count("pk", filter=renews),
        renewing=Sum("snapshot__mrr", filter=renews),
        not_healthy=Count("pk", filter=renews & ~Q(snapshot__band=Band.HEALTHY)),
    )
    mrr = sums["mrr"] or Decimal(0)
    close = as_of.replace(day=1) - timedelta(days=1)
    return Money(
        mrr=mrr,
        change=facts.change_of_month(as_of, None if scope == scopes.ALL else scoped),
        previous_month=close,
        renewals=Amount(sums["renewals"], sums["renewing"] or Decimal(0)),
        renewals_not_healthy=sums["not_healthy"],
    )


def open_signals(scoped: OrganizationQuerySet, scope: str, now: datetime) -> OpenSignals:
    """Every count of the cards from one pass over the open signals, customer by customer."""
    found = Signal.objects.open()
    if scope != scopes.ALL:
        found = found.filter(organization__in=scoped)
    growth = Q(type=Signal.Type.EXPANSION_CANDIDATE)
    one_a_customer = (
        found.order_by()
        .values("organization")
        .annotate(
            is_risk=BoolOr(~growth),
            is_growth=BoolOr(growth),
            is_new=BoolOr(Q(opened_at__gte=queue.new_since(now))),
            paid=Max("organization__snapshot__mrr"),
            risk_stake=Sum("money_at_stake", filter=~growth),
            growth_stake=Sum("money_at_stake", filter=growth),
        )
    )
    sums = one_a_customer.aggregate(
        everybody=Count("organization"),
        new=Count("organization", filter=Q(is_new=True)),
        risks=Count("organization", filter=Q(is_risk=True)),
        risk_mrr=Sum("paid", filter=Q(is_risk=True)),
        at_risk=Sum("risk_stake"),
        growing=Count("organization", filter=Q(is_growth=True)),
        growth_mrr=Sum("paid", filter=Q(is_growth=True)),
        to_gain=Sum("growth_stake"),
    )
    nothing = Decimal(0)
    risks = queue.QueueTotals(sums["risks"], sums["risk_mrr"] or nothing, sums["at_risk"] or nothing)
    growing = queue.QueueTotals(sums["growing"], sums["growth_mrr"] or nothing, sums["to_gain"] or nothing)
    return OpenSignals(sums["everybody"], sums["new"], risks, growing)


def work(follow_ups: FollowUpQuerySet, today: date) -> Work:
    sums = follow_ups.due(today).aggregate(due=Count("pk"), overdue=Count("pk", filter=Q(due_on__lt=today)))
    return Work(sums["due"], sums["overdue"])


def data_status(now: datetime) -> DataStatus:
    """For the whole install, whoever looks."""
    cursor = ScanCursor.objects.first()
    confirmed = ImportBatch.objects.filter(~Q(confirmed_at=None)).order_by("-confirmed_at")
    return DataStatus(
        last_event_at=store.last_received_at(),
        last_import_at=confirmed.values_list("confirmed_at", flat=True).first(),
        last_scan_at=cursor.scanned_at if cursor else None,
        seen_never_imported=Organization.objects.seen_never_imported().count(),
        imported_never_seen=amount(Organization.objects.imported_never_seen().paying()),
        rejected_events=rejects.count_since(now - timedelta(days=7)),
        late_jobs=sum(status.is_late for status in jobs.statuses(now)),
    )
