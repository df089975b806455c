"""Usage as of any past day, from the daily rows: what `usage.evidence` answers, for many days of few organizations.

Rows are read once; each day then sees those of the days before it and nothing else. Days are bits of whole numbers, the
lowest one the first day of the history, so that a window is a shift and a mask.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import accumulate

from config import db
from tracker.sql import histories as sql
from tracker.sql import usage as usage_sql
from tracker.usage import WINDOW_DAYS, WINDOWS, Usage

WEEKS = 8
FULL_WINDOW = (1 << WINDOW_DAYS) - 1
LOOK_BACK = WINDOW_DAYS * WINDOWS


@dataclass
class History:
    """The daily rows of one organization from `since` on; `earlier` is what was seen before."""

    since: date
    earlier: Usage | None = None
    active: int = 0
    totals: list[int] = field(default_factory=list)
    moments: dict[int, tuple[datetime, datetime]] = field(default_factory=dict)
    users: list[int] = field(default_factory=list)
    names: list[int] = field(default_factory=list)
    features: list[int] = field(default_factory=list)

    def as_of(self, day: date) -> Usage | None:
        """The usage as it was known on a day; None when no event had come by then.

        The day itself counts for first and last seen only. ValueError for a day whose windows begin before `since`.
        """
        end = (day - self.since).days
        if end < LOOK_BACK:
            raise ValueError(f"The history begins on {self.since}; {day} needs {LOOK_BACK} days before it.")
        seen = before(self.active, end + 1)
        if not seen and self.earlier is None:
            return None
        complete = before(self.active, end)
        users, names = windows(self.users, end), windows(self.names, end)
        window_events = [self.events(end - 28, end), self.events(end - 56, end - 28)]
        return Usage(
            **self.seen(seen),
            active_weekdays_28=(complete >> (end - 28) & weekdays(self.since, end)).bit_count(),
            users_28=users[0],
            users_peak=max(users),
            names_28=names[0],
            names_peak=max(names),
            events_28=window_events[0],
            events_previous_28=window_events[1],
            events_30=self.events(end - 30, end),
            events_previous_30=self.events(end - 60, end - 30),
            weekly_events=tuple(self.events(end - 7 * n, end - 7 * n + 7) for n in range(WEEKS, 0, -1)),
        )

    def features_in_use(self, day: date) -> int:
        """Active features that were used in the 28 days before a day."""
        return windows(self.features, (day - self.since).days)[0]

    def seen(self, bits: int) -> dict[str, date | datetime | None]:
        """First and last seen, from the days that had come by then and what was seen before the history."""
        earlier = self.earlier or Usage()
        if not bits:
            return {name: getattr(earlier, name) for name in SEEN}
        first, last = (bits & -bits).bit_length() - 1, bits.bit_length() - 1
        return {
            "first_seen_on": earlier.first_seen_on or self.since + timedelta(days=first),
            "first_seen_at": earlier.first_seen_at or self.moments[first][0],
            "last_seen_on": self.since + timedelta(days=last),
            "last_seen_at": self.moments[last][1],
        }

    def events(self, since: int, until: int) -> int:
        """Events of the days [since, until), as offsets."""
        if not self.totals:
            return 0
        last = len(self.totals) - 1
        return self.totals[min(until, last)] - self.totals[min(since, last)]


SEEN = ("first_seen_on", "first_seen_at", "last_seen_on", "last_seen_at")


def before(bits: int, end: int) -> int:
    """The days before an offset: whatever came later had not happened yet."""
    return bits & ((1 << end) - 1)


def windows(masks: Iterable[int], end: int) -> list[int]:
    """How many masks have a day in each of the six windows of 28 days that end before an offset, the latest first."""
    counts = [0] * WINDOWS
    for mask in masks:
        seen = before(mask, end) >> (end - LOOK_BACK)
        for back in range(WINDOWS):
            if seen >> (WINDOW_DAYS * (WINDOWS - 1 - back)) & FULL_WINDOW:
                counts[back] += 1
    return counts


def weekdays(since: date, end: int) -> int:
    """Bits of the working days among the 28 days before an offset."""
    first = (since.weekday() + end - 28) % 7
    return sum(1 << n for n in range(28) if (first + n) % 7 < 5)


def histories(organization_ids: Collection[int], since: date, until: date) -> dict[int, History]:
    """The history of every organization that was seen by `until`, to look at days from `since` on: five statements."""
    start = since - timedelta(days=LOOK_BACK)
    ids = sorted(organization_ids)
    params = {"organization_ids": ids, "since": start, "until": until}
    earlier = {"organization_ids": ids, "as_of": start - timedelta(days=1)}
    found = {each: History(start, Usage(*seen)) for each, *seen in db.rows(usage_sql.SEEN, earlier)}
    for each, days, events, first_at, last_at in db.rows(sql.DAYS_OF_ORGANIZATIONS, params):
        history = found.setdefault(each, History(start))
        fill_days(history, days, events, (until - start).days + 1)
        history.moments = dict(zip(days, zip(first_at, last_at, strict=True), strict=True))
    for each, months, days in db.rows(sql.USERS_OF_ORGANIZATIONS, params):
        if each in found:
            found[each].users.append(joined(months, days))
    for each, days in db.rows(sql.NAMES_OF_ORGANIZATIONS, params):
        if each in found:
            found[each].names.append(bits_of(days))
    for each, days in db.rows(sql.FEATURES_OF_ORGANIZATIONS, params):
        if each in found:
            found[each].features.append(bits_of(days))
    return found


def fill_days(history: History, days: list[int], events: list[int], length: int) -> None:
    each_day = [0] * length
    for day, count in zip(days, events, strict=True):
        each_day[day] = count
    history.active = bits_of(days)
    history.totals = [0, *accumulate(each_day)]


def bits_of(days: Iterable[int]) -> int:
    bits = 0
    for day in days:
        bits |= 1 << day
    return bits


def joined(months: list[int], days: list[int]) -> int:
    """Masks of months as one; a month may begin before the history, whose days then fall off."""
    bits = 0
    for month, mask in zip(months, days, strict=True):
        bits |= mask << month if month >= 0 else mask >> -month
    return bits


def first_day() -> date | None:
    """The first day of which usage is known; None before the first event."""
    [[day]] = db.rows(sql.FIRST_DAY)
    return day
