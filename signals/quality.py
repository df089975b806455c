"""What is missing or wrong in the data about one organization, each with where it is mended."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse

from config.backoffice import settings
from config.backoffice.formatting import number, percent, plural
from orgs.models import Organization, OrganizationSnapshot
from revenue import answers
from revenue.answers.today import ACTIVE, Line
from signals import explaining
from tracker import rejects, usage

REFUSED_WITHIN = timedelta(days=7)


@dataclass(frozen=True)
class Gap:
    """One thing that is missing: what, what follows from it, and the address where it is mended."""

    title: str
    words: str
    address: str
    action: str


@dataclass(frozen=True)
class About:
    """What the checks look at; `lines` are those of its subscriptions, as they stand today."""

    organization: Organization
    snapshot: OrganizationSnapshot | None
    lines: Sequence[Line]
    now: datetime
    today: date


def about(organization: Organization, now: datetime) -> About:
    today = settings.today(now)
    lines = answers.subscriptions_of(organization.pk, today)
    return About(organization, getattr(organization, "snapshot", None), lines, now, today)


def gaps(organization: Organization, user: Any, now: datetime) -> list[Gap]:
    """Everything that is missing, of what this person may see."""
    looked_at = about(organization, now)
    return [gap for check, permission in CHECKS.items() if user.has_perm(permission) for gap in check(looked_at)]


def identity(looked_at: About) -> Iterator[Gap]:
    """Ids on one side only: either the customer is new there, or it has another id there."""
    address = reverse("admin:reconciliation")
    if looked_at.organization.imported_at is None:
        words = "Its id came with events and no file names it: name, owner and renewal are unknown."
        yield Gap("Never imported", words, address, "Match it to a customer")
    if looked_at.snapshot is None or looked_at.snapshot.first_seen_at is None:
        words = "No event came under any of its ids: nothing was sent, or it was sent under another id."
        yield Gap("Never seen in events", words, address, "Look for its id")


def revenue(looked_at: About) -> Iterator[Gap]:
    """Money that no total knows."""
    if not looked_at.lines:
        words = "No line names any of its ids, so its MRR is 0 and no signal of revenue can begin."
        yield Gap("No subscription", words, reverse("admin:revenue_subscription_changelist"), "See the subscriptions")
    without_rate = [line for line in looked_at.lines if line.state == ACTIVE and line.converted is None]
    for currency in sorted({line.currency for line in without_rate}):
        amounts = [line.mrr for line in without_rate if line.currency == currency]
        words = f"{plural(len(amounts), 'active line')} ({number(sum(amounts), 2)} {currency} a month) "
        words += f"{'is' if len(amounts) == 1 else 'are'} in no total."
        title = f"No exchange rate for {currency}"
        yield Gap(title, words, reverse("admin:revenue_exchangerate_changelist"), "See the rates")


def coverage(looked_at: About) -> Iterator[Gap]:
    """Parts of the health that have no data."""
    reading = explaining.latest_reading(looked_at.organization, looked_at.today)
    if reading is None or reading.coverage >= 1:
        return
    missing = "; ".join(f"{part.title}: {part.missing}" for part in reading.components if part.missing)
    scored = "" if reading.score is not None else ", too little for a score"
    title = f"Health rests on {percent(reading.coverage)} of its weight{scored}"
    yield Gap(title, f"{missing}.", "#panel-why", "Why this score")


CHECKS: dict[Callable[[About], Iterator[Gap]], str] = {
    identity: "orgs.view_organizationkey",
    revenue: "revenue.view_subscription",
    coverage: "signals.view_reading",
}


def refused(organization: Organization, now: datetime) -> int:
    """Events of the last 7 days that the applications it uses lost. A refused event has no organization: some of them
    may be its own."""
    today = settings.today(now)
    since, until = today - timedelta(days=usage.WINDOW_DAYS), today + timedelta(days=1)
    used = usage.users_of_applications(since, until, organization.pk)
    return rejects.count_since(now - REFUSED_WITHIN, applications=used) if used else 0
