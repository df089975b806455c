"""Which events there are and what they say: counts from the daily rows, properties from a bounded sample."""

from dataclasses import dataclass
from datetime import date

from config import db
from config.backoffice import settings
from tracker.paths import Scope
from tracker.sql import explorer as sql

MOST_NAMES = 1_000
PLACES, EACH = 60, 40
MOST_PROPERTIES = 300


@dataclass(frozen=True)
class EventName:
    """One name of events in a range."""

    name: str
    events: int
    organizations: int
    first_on: date
    last_on: date


@dataclass(frozen=True)
class PropertySeen:
    """One property in a sample of `of` events: in how many, as which JSON types, with which values (some, as text)."""

    name: str
    events: int
    of: int
    types: tuple[str, ...]
    distinct: int
    samples: tuple[str, ...]

    @property
    def share(self) -> float:
        return self.events / self.of


@dataclass(frozen=True)
class Sample:
    """The latest events of one name, up to 2 400 of up to 60 organizations and days."""

    events: int
    properties: tuple[PropertySeen, ...]


def names(scope: Scope, search: str = "") -> list[EventName]:
    """Most events first, at most 1 000."""
    params = {**scope.params(), "search": search, "most": MOST_NAMES}
    return [EventName(*row) for row in db.rows(sql.EVENT_NAMES, params)]


def sample(name: str, scope: Scope) -> Sample:
    """What the latest events of one name say; at most 300 properties, the most frequent first."""
    params = {
        **scope.params(),
        "name": name,
        "zone": settings.zone().key,
        "places": PLACES,
        "each": EACH,
        "most": MOST_PROPERTIES,
    }
    rows = db.rows(sql.PROPERTIES_OF_SAMPLE, params)
    of = rows[0][0] if rows else 0
    found = [
        PropertySeen(name, events, of, tuple(types), distinct, tuple(each for each in samples if each is not None))
        for _, name, events, types, distinct, samples in rows
        if name is not None
    ]
    return Sample(of, tuple(found))
