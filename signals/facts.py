"""What is known about one organization as of a day: the only input of health and of every rule.

Pure data. `signals.evidence` fills it from usage and revenue; the nightly scan, a preview, a what-if and a
backtest hand the same type to the same functions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, NamedTuple, Self, get_args, get_origin, get_type_hints


class Window(NamedTuple):
    """Whole days of the reporting zone, half-open: [since, until)."""

    since: date
    until: date


@lru_cache(maxsize=64)
def window(as_of: date, days: int, back: int = 0) -> Window:
    """Return the `days` complete days before `as_of`, or those `back` windows earlier."""
    until = as_of - timedelta(days=days * back)
    return Window(until - timedelta(days=days), until)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One organization, judged on `as_of`; production environment, all applications.

    Every `_28d` and `_30d` figure counts complete days and ends with the day before `as_of`;
    `previous` is the window of the same length just before it. Only `last_seen_*` is live.
    A peak is the largest of the six latest consecutive 28-day windows, the current one included.
    `weekly_events` are the latest weeks of seven complete days each, oldest first, for the line on lists.
    """

    organization_id: int
    as_of: date
    segment: str = ""
    first_seen_on: date | None = None
    first_seen_at: datetime | None = None
    last_seen_on: date | None = None
    last_seen_at: datetime | None = None

    active_weekdays_28d: int = 0
    active_users_28d: int = 0
    peak_users: int = 0
    seats: int | None = None
    events_28d: int = 0
    events_previous_28d: int = 0
    events_30d: int = 0
    events_previous_30d: int = 0
    distinct_events_28d: int = 0
    peak_distinct_events: int = 0
    features_used_28d: int = 0
    features_defined: int = 0

    mrr: Decimal = Decimal(0)
    mrr_90_days_ago: Decimal | None = None
    currency: str = "EUR"
    renewal_on: date | None = None
    ends_on: date | None = None

    all_events_30d: int = 0
    all_events_previous_30d: int = 0
    weekly_events: tuple[int, ...] = ()

    @property
    def paying(self) -> bool:
        return self.mrr > 0

    @property
    def age_days(self) -> int | None:
        """Days since the first event; None when there never was one."""
        return None if self.first_seen_on is None else (self.as_of - self.first_seen_on).days

    @property
    def silent_days(self) -> int | None:
        """Days since the last event; 0 for one on `as_of` (or later, by a wrong clock), None for never."""
        return None if self.last_seen_on is None else max(0, (self.as_of - self.last_seen_on).days)

    @property
    def days_to_renewal(self) -> int | None:
        """Days to the next renewal or contract end, whichever comes first; a day that has passed is over."""
        days = [(day - self.as_of).days for day in (self.renewal_on, self.ends_on) if day is not None]
        return min((ahead for ahead in days if ahead >= 0), default=None)

    def silent_for(self, days: int) -> bool:
        """Tell whether the last event was on or before `as_of` − `days`, or never."""
        return self.silent_days is None or self.silent_days >= days

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON: dates in ISO form, decimals as text, in the order of the fields."""
        return {entry.name: _written(getattr(self, entry.name)) for entry in fields(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read `to_json` output; fields that a later version added take their default."""
        readers = _readers()
        return cls(**{name: _read(value, readers[name]) for name, value in data.items() if name in readers})


@cache
def _readers() -> dict[str, Callable[[Any], Any] | None]:
    """How each field is read from JSON; None: as it is."""
    return {name: _reader(kind) for name, kind in get_type_hints(Evidence).items()}


def _reader(kind: Any) -> Callable[[Any], Any] | None:
    if get_origin(kind) is tuple:
        return tuple
    wanted = get_args(kind)[0] if get_args(kind) else kind
    if wanted in (int, str):
        return None
    return Decimal if wanted is Decimal else wanted.fromisoformat


def _read(value: Any, reader: Callable[[Any], Any] | None) -> Any:
    return value if value is None or reader is None else reader(value)


def _written(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Decimal) else value
