"""Sessions: how many, whose, and what the latest were like. The last come from the newest raw events alone."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from config import db
from tracker.incoming import STATEMENTS
from tracker.insights import keeping
from tracker.paths import Scope
from tracker.sql import paths as sql

REACH = 20_000
MOST_LATEST = 50


@dataclass(frozen=True)
class SessionDayCount:
    """One day's sessions, and how many organizations had one."""

    day: date
    sessions: int
    organizations: int


@dataclass(frozen=True)
class OrganizationSessions:
    """One organization in a range: sessions, each counted once, its events, and the last day with a session."""

    organization_id: int
    sessions: int
    events: int
    last_on: date


@dataclass(frozen=True)
class Session:
    """One session as far as the newest events tell of it; `user_hash` None: several users or none."""

    application_id: int
    session_id: UUID
    organization_id: int | None
    user_hash: bytes | None
    first_at: datetime
    last_at: datetime
    events: int
    pages: int

    @property
    def minutes(self) -> int:
        """Whole minutes from the first to the last event; 0 for a session of one."""
        return int((self.last_at - self.first_at).total_seconds()) // 60

    @property
    def user_short(self) -> str:
        return bytes(self.user_hash).hex()[:12] if self.user_hash else "–"


@dataclass(frozen=True)
class Counted:
    """The sessions of a range: by organization, most first, and day by day."""

    organizations: list[OrganizationSessions]
    days: list[SessionDayCount]


def counted(scope: Scope) -> Counted:
    """Both, kept until something new."""
    depends = ["sessions", scope.params()]
    return keeping.kept(depends, lambda: Counted(by_organization(scope), by_day(scope)), cohorts=scope.cohorts())


def by_day(scope: Scope) -> list[SessionDayCount]:
    """Every day of the range, without gaps."""
    found = {row[0]: SessionDayCount(*row) for row in db.rows(sql.SESSIONS_BY_DAY, scope.params())}
    days = [scope.since + timedelta(days=count) for count in range((scope.until - scope.since).days)]
    return [found.get(day, SessionDayCount(day, 0, 0)) for day in days]


def by_organization(scope: Scope) -> list[OrganizationSessions]:
    """Most sessions first."""
    return [OrganizationSessions(*row) for row in db.rows(sql.SESSIONS_BY_ORGANIZATION, scope.params())]


def latest(scope: Scope) -> list[Session]:
    """The sessions among the newest 20 000 events, latest first, at most 50."""
    params = {**scope.params(), "reach": REACH, "most": MOST_LATEST, "statements": list(STATEMENTS)}
    return [Session(*row) for row in db.rows(sql.LATEST_SESSIONS, params)]
