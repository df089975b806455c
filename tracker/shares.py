"""Who makes up the use of an organization: its users by their share of the days on which it was used.

Use is counted in days of a user, from the daily masks: a script that sends a thousand events a minute counts no more
than a person who works with the product all day.
"""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from config import db
from tracker import masks
from tracker.fields import PRODUCTION
from tracker.sql import shares as sql

WINDOW_DAYS = 28
HALF = Decimal("0.5")


@dataclass(frozen=True)
class UserShare:
    """A pseudonymous user: active days in the window, the latest of them, and its share (0..1) of everybody's days."""

    user_hash: str
    days: int
    last_on: date
    share: Decimal


@dataclass(frozen=True)
class Shares:
    """Users of one organization in [since, until), the most active listed first; `users` and `days` count all."""

    since: date
    until: date
    users: int
    days: int
    listed: tuple[UserShare, ...]

    @property
    def leader(self) -> UserShare | None:
        """Who makes more than half of the use; None when nobody does."""
        first = self.listed[0] if self.listed else None
        return first if first is not None and first.share > HALF else None


def of_organization(organization_id: int, as_of: date, *, most: int, environment: str = PRODUCTION) -> Shares:
    """The 28 whole days before `as_of`, one statement."""
    since = as_of - timedelta(days=WINDOW_DAYS)
    asked = masks.by_month(since, as_of)
    found = db.rows(
        sql.USERS_BY_DAYS,
        {
            "organization_id": organization_id,
            "environment": environment,
            "months": json.dumps([{"month": f"{month}", "days": days} for month, days in asked.items()]),
            "most": most,
        },
    )
    users, together = found[0][3:] if found else (0, 0)
    listed = tuple(UserShare(user, days, last_on, Decimal(days) / together) for user, days, last_on, *_ in found)
    return Shares(since, as_of, users, together, listed)
