"""A small world for the verdict's tests: organizations with real daily rows and real subscriptions."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from orgs.models import Organization
from tests import factories
from tracker.models import Application, EventNameDay, UsageDay, UserMonth

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
TODAY = NOW.date()


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def shop() -> Application:
    return Application.objects.filter(name="Shop").first() or factories.application()


def used(
    org: Organization,
    days: Iterable[date],
    *,
    events: int = 10,
    users: Iterable[str] = ("u1",),
    names: Iterable[str] = ("open",),
    now: datetime = NOW - timedelta(hours=1),
) -> None:
    """Daily rows as the roll-up writes them: `events` of each name together, every user active on every day."""
    about = {"application": shop(), "environment": "production", "key": factories.key_of(org)}
    masks: dict[tuple[date, str], int] = {}
    rows, named, people = [], [], list(users)
    for day in days:
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        counted = {"events": events, "users": len(people), "first_at": noon, "last_at": noon, "rolled_up_at": now}
        rows.append(UsageDay(**about, day=day, **counted))
        named += [EventNameDay(**about, day=day, name=name, events=events) for name in names]
        for user in people:
            month = day.replace(day=1)
            masks[month, user] = masks.get((month, user), 0) | 1 << day.day - 1
    UsageDay.objects.bulk_create(rows)
    EventNameDay.objects.bulk_create(named)
    for (month, user), mask in masks.items():
        who = {**about, "month": month, "user_hash": user.encode().ljust(32, b"-")}
        row, created = UserMonth.objects.get_or_create(**who, defaults={"days": mask})
        if not created:
            UserMonth.objects.filter(pk=row.pk).update(days=row.days | mask)


def span(first: int, last: int) -> list[date]:
    """Every day from `first` days ago down to `last` days ago, both included."""
    return [days_ago(back) for back in range(first, last - 1, -1)]


def paying(external_id: str, mrr: str = "1000", since: date = date(2024, 1, 15), **values: Any) -> Organization:
    org = factories.organization(external_id, **values)
    factories.subscription(org, mrr, start_on=since)
    return org


def healthy(external_id: str = "well", mrr: str = "1000") -> Organization:
    """Used every day of 60 by one user: 100 points."""
    org = paying(external_id, mrr)
    used(org, span(60, 1))
    return org


def silent(external_id: str = "gone", mrr: str = "600", last: int = 20) -> Organization:
    """Paying, used on forty days that ended `last` days ago."""
    org = paying(external_id, mrr)
    used(org, span(last + 39, last))
    return org


def dropping(external_id: str = "dropping", mrr: str = "900") -> Organization:
    """Used every day, but 28 days ago it went from 10 events a day to 3: 80 points, capped at 69."""
    org = paying(external_id, mrr)
    used(org, span(60, 29))
    used(org, span(28, 1), events=3)
    return org
