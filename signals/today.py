"""The numbers of the home page, each counted from the set that its card opens."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q

from config.backoffice import jobs, settings
from orgs import scopes
from orgs.models import Band, ImportBatch, Organization
from orgs.totals import Amount, amount
from revenue.answers import headline
from revenue.answers.today import Headline
from signals import queue
from signals.models import ScanCursor
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
class Today:
    as_of: date
    currency: str
    headline: Headline
    mrr: Decimal
    needs_someone: queue.QueueTotals
    with_signals: int
    new_with_signals: int
    renewals: Amount
    renewals_not_healthy: int
    risks: list[queue.QueueRow]
    growth: list[queue.QueueRow]
    growing: queue.QueueTotals
    status: DataStatus

    @property
    def share_under_risk(self) -> Decimal | None:
        return self.needs_someone.mrr / self.mrr if self.mrr else None


def today(*, user: Any, scope: str, now: datetime) -> Today:
    """The page of one person: the own organizations, those of the team, or all."""
    as_of = settings.today(now)
    scoped = Organization.objects.in_scope(scope, user)
    owner = scopes.OWNER[scope] or ""
    risk, growth, anything, new = (
        queue.QueueFilter(owner=owner, family="risk"),
        queue.QueueFilter(owner=owner, family="growth"),
        queue.QueueFilter(owner=owner),
        queue.QueueFilter(owner=owner, new="1"),
    )
    found = {chosen: queue.organizations(chosen, user=user, now=now) for chosen in (risk, growth, anything, new)}
    renewing = scoped.renewing(as_of, as_of + timedelta(days=RENEWAL_DAYS))
    return Today(
        as_of=as_of,
        currency=settings.read().reporting_currency,
        headline=headline(as_of),
        mrr=amount(scoped.paying()).mrr,
        needs_someone=queue.totals(found[risk]),
        with_signals=found[anything].order_by().count(),
        new_with_signals=found[new].order_by().count(),
        renewals=amount(renewing),
        renewals_not_healthy=renewing.exclude(snapshot__band=Band.HEALTHY).count(),
        risks=queue.rows(found[risk][:SHOWN], risk, now),
        growth=queue.rows(found[growth][:SHOWN], growth, now),
        growing=queue.totals(found[growth]),
        status=data_status(now),
    )


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
