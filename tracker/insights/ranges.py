"""Ranges and buckets: from `-7d` to days, from days to the instants at which hours, days, weeks and months begin.

Everything is said in days of the reporting zone. A bucket begins where the clock of that zone says so, so that a day
of 23 hours is one day and an hour that comes twice is two hours.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from config.backoffice.settings import day_start
from tracker.insights.description import Interval, Range

RELATIVE = re.compile(r"(?:-(?P<count>[0-9]{1,4}))?(?P<unit>[dwmy])(?P<edge>Start|End)?")
ALL = "all"
EARLIEST, LATEST = date(1970, 1, 1), date(2199, 12, 31)
MOST_BUCKETS = 3000
MONDAY = 0


class BadRange(ValueError):
    """What was said is no day, or the days make no range; the message says what to write."""


@dataclass(frozen=True)
class Days:
    """Whole days of the reporting zone, half-open."""

    since: date
    until: date

    @property
    def count(self) -> int:
        return (self.until - self.since).days

    def instants(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        return day_start(self.since, zone), day_start(self.until, zone)


@dataclass(frozen=True)
class Calendar:
    """Where days and weeks begin: the reporting zone and the first weekday (0 is Monday)."""

    zone: ZoneInfo
    week_start: int = MONDAY


@dataclass(frozen=True)
class Buckets:
    """`labels` are when each bucket begins on the calendar; `starts` the same as instants, the first not before the
    range; `last_end` is where the last one ends on the calendar, in or behind the range."""

    interval: Interval
    labels: tuple[date | datetime, ...]
    starts: tuple[datetime, ...]
    last_end: datetime

    def __len__(self) -> int:
        return len(self.labels)


def is_day(text: str) -> bool:
    """Whether `text` says a day that `day` can read."""
    try:
        day(text, date(2000, 2, 29), MONDAY)
    except BadRange:
        return False
    return True


def day(text: str, today: date, week_start: int) -> date:
    """The day that `2024-01-31`, `-7d`, `-1mStart` or `mEnd` says. Raises BadRange."""
    said = RELATIVE.fullmatch(text)
    try:
        found = _relative(said, today, week_start) if said else date.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise BadRange(f"“{text[:40]}” is no day. Write 2024-01-31, -7d, -1mStart or all.") from error
    if not EARLIEST <= found <= LATEST:
        raise BadRange(f"“{text[:40]}” lies outside {EARLIEST} to {LATEST}.")
    return found


def _relative(said: re.Match, today: date, week_start: int) -> date:
    if said["count"] is None and said["edge"] is None:
        raise ValueError("a unit alone says nothing")
    moved = _back(today, int(said["count"] or 0), said["unit"])
    if said["edge"] is None:
        return moved
    start = _start(moved, said["unit"], week_start)
    return start if said["edge"] == "Start" else _next(start, said["unit"]) - timedelta(days=1)


def resolve(given: Range, today: date, week_start: int, first_day: date | None) -> Days:
    """The days of a range. `all` begins with `first_day`, the first with an event. Raises BadRange."""
    until = day(given.until, today, week_start) if given.until else today
    since = min(first_day or until, until) if given.since == ALL else day(given.since, today, week_start)
    if since > until:
        raise BadRange(f"The range begins on {since} and ends on {until}, before it began. Swap the two.")
    return Days(since, until + timedelta(days=1))


def previous(days: Days) -> Days:
    """The period before: as many whole months for whole months, else as many days."""
    if days.since.day == 1 and days.until.day == 1:
        months = (days.until.year - days.since.year) * 12 + days.until.month - days.since.month
        return Days(_back(days.since, months, "m"), days.since)
    return Days(days.since - (days.until - days.since), days.since)


def buckets(days: Days, interval: Interval, where: Calendar) -> Buckets:
    """The buckets that the days touch. Raises BadRange for more than can be shown."""
    if interval == Interval.HOUR:
        return _hours(days, where.zone)
    unit = interval[0]
    labels, end = [], _start(days.since, unit, where.week_start)
    while end < days.until:
        labels.append(end)
        end = _next(end, unit)
        _check(len(labels), days, interval)
    starts = [day_start(max(each, days.since), where.zone) for each in labels]
    return Buckets(interval, tuple(labels), tuple(starts), day_start(end, where.zone))


def _hours(days: Days, zone: ZoneInfo) -> Buckets:
    _check(days.count * 24, days, Interval.HOUR)
    starts: list[datetime] = []
    for number in range(days.count):
        moment = day_start(days.since + timedelta(days=number), zone)
        following = day_start(days.since + timedelta(days=number + 1), zone)
        while moment < following:
            starts.append(moment)
            moment += timedelta(hours=1)
    end = day_start(days.until, zone)
    labels = tuple(each.astimezone(zone) for each in starts)
    return Buckets(Interval.HOUR, labels, tuple(starts), end)


def _check(count: int, days: Days, interval: Interval) -> None:
    if count > MOST_BUCKETS:
        longer = {Interval.HOUR: "days", Interval.DAY: "weeks", Interval.WEEK: "months"}.get(interval, "no interval")
        raise BadRange(
            f"{days.since} to {days.until - timedelta(days=1)} has more than {MOST_BUCKETS} {interval}s. "
            f"Shorten the range or choose {longer}."
        )


def is_running(found: Buckets, days: Days, now: datetime, zone: ZoneInfo) -> bool:
    """Whether the last bucket is not whole: still running, or cut off by the end of the range."""
    return found.last_end > min(now, day_start(days.until, zone))


def _start(moment: date, unit: str, week_start: int) -> date:
    if unit == "w":
        return moment - timedelta(days=(moment.weekday() - week_start) % 7)
    if unit == "m":
        return moment.replace(day=1)
    return moment.replace(month=1, day=1) if unit == "y" else moment


def _next(start: date, unit: str) -> date:
    if unit in "dw":
        return start + timedelta(days=1 if unit == "d" else 7)
    return _back(start, -1, unit)


def _back(moment: date, count: int, unit: str) -> date:
    """So many days, weeks, months or years earlier; the 31st becomes the last day of a shorter month."""
    if unit in "dw":
        return moment - timedelta(days=count if unit == "d" else 7 * count)
    years, index = divmod(moment.month - 1 - (count if unit == "m" else 12 * count), 12)
    year = moment.year + years
    return date(year, index + 1, min(moment.day, calendar.monthrange(year, index + 1)[1]))
