"""What stands behind a raw value of the explanation: the days, users, kinds of events that were counted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from signals.facts import Evidence, window
from signals.health import ComponentReading, Reading
from tracker import adoption, usage

WEEKEND = 5
EVERY = 1_000_000


@dataclass(frozen=True)
class Line:
    """One row of the list; `event` is a name that the event stream can be narrowed to."""

    cells: tuple[str | int | date, ...]
    event: str = ""


@dataclass(frozen=True)
class Behind:
    """The rows a raw value was counted from. `total` is what they come to now: their number, or the sum of `summed`.

    `counted` is what the reading says; they differ only when events of those days arrived after it was made.
    """

    component: ComponentReading
    counts: str
    header: tuple[str, ...]
    lines: Sequence[Line]
    total: int

    @property
    def counted(self) -> int:
        return self.component.count or 0

    @property
    def arrived_since(self) -> int:
        return self.total - self.counted


def behind(reading: Reading, key: str) -> Behind | None:
    """The rows behind one component of a reading; None when it has no data."""
    component = reading.component(key)
    if component.count is None or component.points is None:
        return None
    return LISTS[key](reading.evidence, component)


def silent_days(facts: Evidence, component: ComponentReading) -> Behind:
    """Every day since the last event."""
    found = usage.seen(facts.organization_id, facts.as_of)
    last = found.last_seen_on if found and found.last_seen_on else facts.as_of
    days = [last + timedelta(days=n + 1) for n in range((facts.as_of - last).days)]
    return Behind(
        component, "days since the last event", ("Day", "Events"), [Line((day, 0)) for day in days], len(days)
    )


def working_days(facts: Evidence, component: ComponentReading) -> Behind:
    period = usage.by_day(facts.organization_id, facts.as_of, days=28)
    used = [day for day in period.days if day.events and day.day.weekday() < WEEKEND]
    return Behind(component, "working days with events", DAYS, [day_line(day) for day in used], len(used))


def users(facts: Evidence, component: ComponentReading) -> Behind:
    found = usage.active_users(facts.organization_id, *window(facts.as_of, 28))
    lines = [Line((each.user_hash, each.days, each.last_on)) for each in found]
    return Behind(component, "active users", ("User", "Days active", "Last active"), lines, len(found))


def features(facts: Evidence, component: ComponentReading) -> Behind:
    """Features in use; without defined ones, kinds of events stand for them."""
    if not facts.features_defined:
        return kinds_of_events(facts, component)
    found = adoption.used_by(facts.organization_id, *window(facts.as_of, 28))
    lines = [Line((each.name, each.events, each.last_on)) for each in found]
    return Behind(component, "features in use", ("Feature", "Uses", "Last on"), lines, len(found))


def kinds_of_events(facts: Evidence, component: ComponentReading) -> Behind:
    found = usage.names_used(facts.organization_id, *window(facts.as_of, 28), most=EVERY)
    lines = [Line((each.name, each.events, each.last_on), event=each.name) for each in found]
    return Behind(component, "kinds of events", ("Event", "Events", "Last on"), lines, len(found))


def events(facts: Evidence, component: ComponentReading) -> Behind:
    period = usage.by_day(facts.organization_id, facts.as_of, days=28)
    used = [day for day in period.days if day.events]
    return Behind(component, "events", DAYS, [day_line(day) for day in used], sum(day.events for day in used))


DAYS = ("Day", "Events", "Users")
LISTS: dict[str, Callable[[Evidence, ComponentReading], Behind]] = {
    "recency": silent_days,
    "frequency": working_days,
    "users": users,
    "features": features,
    "trend": events,
}


def day_line(day: usage.DayOfUsage) -> Line:
    return Line((day.day, day.events, day.users))
