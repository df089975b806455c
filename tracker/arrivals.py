"""Is it arriving? For each application: the last event, events by day, what was refused."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Sum

from config import db
from config.backoffice import settings
from tracker.models import Application, Reject, UsageDay
from tracker.sql import arrivals as sql

DAYS = 7
RATE_MINUTES = 5


@dataclass(frozen=True)
class Arrival:
    """One application. `days` are the last seven, today last; refusals and warnings those of seven days."""

    application: Application
    last_event_at: datetime | None
    days: tuple[int, ...]
    refused: int
    warned: int

    @property
    def events(self) -> int:
        return sum(self.days)


def arrivals(now: datetime, application_id: int | None = None) -> list[Arrival]:
    """Every application, or one; a handful of statements in all."""
    today = settings.today(now)
    since = today - timedelta(days=DAYS - 1)
    wanted = Application.objects.all() if application_id is None else Application.objects.filter(id=application_id)
    rows = UsageDay.objects.filter(day__gte=since, day__lte=today).values("application_id", "day")
    counted = {(row["application_id"], row["day"]): row["events"] for row in rows.annotate(events=Sum("events"))}
    last = last_events(now)
    refused, warned = rejects_by_application(now, is_stored=False), rejects_by_application(now, is_stored=True)
    return [
        Arrival(
            application=each,
            last_event_at=last.get(each.id),
            days=tuple(counted.get((each.id, since + timedelta(days=n)), 0) for n in range(DAYS)),
            refused=refused.get(each.id, 0),
            warned=warned.get(each.id, 0),
        )
        for each in wanted
    ]


def last_events(now: datetime) -> dict[int, datetime]:
    """When each application's latest event came: from the newest raw events, else from the daily rows of 90 days."""
    recent = UsageDay.objects.filter(day__gte=settings.today(now) - timedelta(days=90))
    counted = dict(recent.values_list("application_id").annotate(last=Max("last_at")))
    return {**counted, **dict(db.rows(sql.NEWEST_BY_APPLICATION))}


def rejects_by_application(now: datetime, *, is_stored: bool) -> dict[int | None, int]:
    rows = Reject.objects.filter(hour__gte=now - timedelta(days=DAYS), is_stored=is_stored).order_by()
    return dict(rows.values_list("application_id").annotate(total=Sum("count")))


@dataclass(frozen=True)
class ClientSeen:
    """A client that named itself in recent events."""

    name: str
    version: str
    events: int
    last_at: datetime


def clients_seen(application_id: int) -> list[ClientSeen]:
    """Clients and versions among the newest 10 000 events, latest first."""
    return [ClientSeen(*row) for row in db.rows(sql.CLIENTS_SEEN, {"application_id": application_id})]


def events_a_minute(application_id: int, now: datetime) -> float:
    """Over the last five minutes; at most what the newest 10 000 events tell."""
    params = {"application_id": application_id, "since": now - timedelta(minutes=RATE_MINUTES)}
    [[count]] = db.rows(sql.ARRIVED_SINCE, params)
    return count / RATE_MINUTES
