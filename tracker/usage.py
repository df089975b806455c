"""How organizations use the product, from the daily rows alone: the evidence of the verdict, and the numbers of pages.

Windows are whole days of the reporting zone that end with the day before `as_of`; only production counts.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from config import db
from orgs.models import Organization
from tracker import masks
from tracker.fields import PRODUCTION
from tracker.models import PlanSeen, RollupCursor
from tracker.sql import usage as sql

WINDOW_DAYS = 28
WINDOWS = 6


@dataclass(frozen=True)
class Usage:
    """One organization as of a day. `first_seen_*` and `last_seen_*` include the day itself, everything else does not.

    Peaks are the highest of the six latest windows of 28 days; `weekly_events` are the last eight weeks, oldest first.
    """

    first_seen_on: date | None = None
    first_seen_at: datetime | None = None
    last_seen_on: date | None = None
    last_seen_at: datetime | None = None
    active_weekdays_28: int = 0
    users_28: int = 0
    users_peak: int = 0
    names_28: int = 0
    names_peak: int = 0
    events_28: int = 0
    events_previous_28: int = 0
    events_30: int = 0
    events_previous_30: int = 0
    weekly_events: tuple[int, ...] = (0,) * 8


def evidence(as_of: date, organization_ids: Collection[int] | None = None) -> dict[int, Usage]:
    """The usage of every organization that has events by then, or of the given ones: four statements in all."""
    params = {
        "as_of": as_of,
        "organization_ids": None if organization_ids is None else sorted(organization_ids),
        "months": json.dumps(window_masks(as_of)),
        "weekdays": weekdays(as_of),
    }
    windows = {row[0]: row[1:] for row in db.rows(sql.WINDOWS, params)}
    users = {row[0]: row[1:] for row in db.rows(sql.USERS_OF_WINDOWS, params)}
    names = {row[0]: row[1:] for row in db.rows(sql.NAMES_OF_WINDOWS, params)}
    no_windows, none = (0, 0, 0, 0, 0, [0] * 8), (0,) * WINDOWS
    return {
        each: _usage(seen, windows.get(each, no_windows), users.get(each, none), names.get(each, none))
        for each, *seen in db.rows(sql.SEEN, params)
    }


def _usage(seen: list, windows: tuple, users: tuple, names: tuple) -> Usage:
    events_28, previous_28, events_30, previous_30, weekdays, weekly = windows
    return Usage(
        first_seen_on=seen[0],
        first_seen_at=seen[1],
        last_seen_on=seen[2],
        last_seen_at=seen[3],
        active_weekdays_28=weekdays,
        users_28=users[0],
        users_peak=max(users),
        names_28=names[0],
        names_peak=max(names),
        events_28=events_28,
        events_previous_28=previous_28,
        events_30=events_30,
        events_previous_30=previous_30,
        weekly_events=tuple(weekly),
    )


def window_masks(as_of: date) -> list[dict]:
    """For every month that the six windows touch: the number of the latest of them, and the days of it and of the two
    before as bits (three windows of 28 days are all that a month can touch)."""
    months: dict[date, dict[int, int]] = {}
    for number in range(WINDOWS):
        until = as_of - timedelta(days=number * WINDOW_DAYS)
        for month, days in masks.by_month(until - timedelta(days=WINDOW_DAYS), until).items():
            months.setdefault(month, {})[number] = days
    found = []
    for month, windows in months.items():
        latest = min(windows)
        days = {f"days_{after}": windows.get(latest + after, 0) for after in range(3)}
        found.append({"month": month.isoformat(), "latest": latest, **days})
    return found


def weekdays(as_of: date) -> int:
    """The working days of the last 28 as bits: bit 0 is the day before `as_of`."""
    return sum(1 << back for back in range(WINDOW_DAYS) if (as_of - timedelta(days=back + 1)).isoweekday() < 6)


def touched_since(moment: datetime) -> set[int]:
    """Organizations whose daily rows of production were rolled up since then: only those say anything about health."""
    return {each for [each] in db.rows(sql.TOUCHED_SINCE, {"moment": moment})}


# --- Applications --------------------------------------------------------------------------------------------
def day_pairs(day: date, before: date, application_id: int | None = None) -> dict[int, list[tuple[int, int, int]]]:
    """By application: (organization, events on a day, events on the day before it to compare with), of who had any."""
    found: dict[int, list[tuple[int, int, int]]] = {}
    params = {"day": day, "before": before, "application_id": application_id}
    for application, *pair in db.rows(sql.DAY_PAIRS, params):
        found.setdefault(application, []).append((pair[0], pair[1], pair[2]))
    return found


def users_of_applications(since: date, until: date, organization_id: int | None = None) -> dict[int, set[int]]:
    """By application, the organizations that used it in [since, until); of all of them, or of one."""
    found: dict[int, set[int]] = {}
    params = {"since": since, "until": until, "organization_id": organization_id}
    for application, organization in db.rows(sql.USERS_OF_APPLICATIONS, params):
        found.setdefault(application, set()).add(organization)
    return found


def former_bounds_before() -> date | None:
    """Days before this one keep the bounds of the time zone that was set before: their raw events are gone."""
    return RollupCursor.objects.values_list("zone_since", flat=True).filter(id=1).first()


# --- One organization --------------------------------------------------------------------------------------
@dataclass(frozen=True)
class DayOfUsage:
    """One day of one organization."""

    day: date
    events: int
    users: int
    sessions: int


@dataclass(frozen=True)
class Period:
    """Whole days in a row and the as many before them, both without gaps, oldest first; and `today` so far."""

    days: tuple[DayOfUsage, ...]
    previous: tuple[DayOfUsage, ...]
    today: DayOfUsage

    @property
    def events(self) -> int:
        return sum(each.events for each in self.days)

    @property
    def previous_events(self) -> int:
        return sum(each.events for each in self.previous)

    @property
    def change(self) -> float | None:
        """Growth against the previous period; None when there was nothing to compare with."""
        return self.events / self.previous_events - 1 if self.previous_events else None


def by_day(organization_id: int, as_of: date, *, days: int = 90, environment: str = PRODUCTION) -> Period:
    """The last whole days before `as_of` and the as many before them; `as_of` itself is today."""
    start, since = as_of - timedelta(days=2 * days), as_of - timedelta(days=days)
    until = as_of + timedelta(days=1)
    params = {"organization_id": organization_id, "environment": environment, "since": start, "until": until}
    found = {row[0]: DayOfUsage(*row) for row in db.rows(sql.USAGE_BY_DAY, params)}
    every = [start + timedelta(days=count) for count in range(2 * days)]
    filled = [found.get(day, DayOfUsage(day, 0, 0, 0)) for day in every]
    return Period(
        days=tuple(each for each in filled if each.day >= since),
        previous=tuple(each for each in filled if each.day < since),
        today=found.get(as_of, DayOfUsage(as_of, 0, 0, 0)),
    )


@dataclass(frozen=True)
class NameUsed:
    """An event name that an organization used."""

    name: str
    events: int
    last_on: date


def names_used(
    organization_id: int, since: date, until: date, *, most: int = 100, environment: str = PRODUCTION
) -> list[NameUsed]:
    """Event names of one organization in a range, most used first."""
    params = {
        "organization_id": organization_id,
        "environment": environment,
        "since": since,
        "until": until,
        "most": most,
    }
    return [NameUsed(*row) for row in db.rows(sql.NAMES_OF_ORGANIZATION, params)]


@dataclass(frozen=True)
class ActiveUser:
    """A pseudonymous user with the days on which there were events of theirs."""

    user_hash: str
    days: int
    last_on: date


def active_users(organization_id: int, since: date, until: date, *, environment: str = PRODUCTION) -> list[ActiveUser]:
    """Users of one organization in a range, the most active first; one under several ids counts once."""
    params = {"organization_id": organization_id, "environment": environment, "since": since, "until": until}
    return [ActiveUser(*row) for row in db.rows(sql.USERS_OF_ORGANIZATION, params)]


def seen(organization_id: int, as_of: date) -> Usage | None:
    """First and last seen of one organization; None when no event of it came by then."""
    rows = db.rows(sql.SEEN, {"as_of": as_of, "organization_ids": [organization_id]})
    return Usage(*rows[0][1:]) if rows else None


def current_plan(organization: Organization) -> str | None:
    """The organization's property `plan` when set, else the plan its latest event named."""
    named = organization.properties.get("plan")
    if isinstance(named, str) and named:
        return named
    said = PlanSeen.objects.filter(key__organization=organization).order_by("-seen_at", "-event_id")
    return said.values_list("plan", flat=True).first()


def current_plans() -> dict[int, str | None]:
    """The current plan of every organization, by its id; the same as `current_plan` for each."""
    return dict(db.rows(sql.CURRENT_PLANS))
