"""What an insight asks, as data: series, filters, formula, breakdown and time. Nothing here touches the database.

`reading.read` makes one from JSON, `Description.as_document` writes the same JSON again, `wording.sentence` says it in
plain English.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tracker.fields import PRODUCTION

MOST_SERIES = 10
MOST_FILTERS = 20
MOST_VALUES = 1000
Value = str | int | float


class Kind(StrEnum):
    """What a series counts."""

    EVENT = "event"
    ANY = "any"
    FEATURE = "feature"
    PAGE = "page"


class Math(StrEnum):
    """How a series counts it."""

    TOTAL = "total"
    UNIQUE_ORGANIZATIONS = "unique_organizations"
    UNIQUE_USERS = "unique_users"
    UNIQUE_SESSIONS = "unique_sessions"
    FIRST_TIME = "first_time_for_organization"
    AVG_PER_ORGANIZATION = "avg_per_organization"
    MEDIAN_PER_ORGANIZATION = "median_per_organization"
    MAX_PER_ORGANIZATION = "max_per_organization"
    UNIQUE_VALUES = "unique_values"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    MEDIAN = "median"
    P90 = "p90"
    P95 = "p95"
    P99 = "p99"


NUMERIC = frozenset({Math.SUM, Math.AVG, Math.MIN, Math.MAX, Math.MEDIAN, Math.P90, Math.P95, Math.P99})
PERCENTILES = {Math.MEDIAN: 0.5, Math.P90: 0.9, Math.P95: 0.95, Math.P99: 0.99}
OF_PROPERTY = NUMERIC | {Math.UNIQUE_VALUES}
PER_ORGANIZATION = frozenset({Math.AVG_PER_ORGANIZATION, Math.MEDIAN_PER_ORGANIZATION, Math.MAX_PER_ORGANIZATION})


class Of(StrEnum):
    """Whose property: the event's own, the organization's current one, a field of the event, a cohort."""

    EVENT = "event"
    ORGANIZATION = "organization"
    FIELD = "field"
    COHORT = "cohort"


class Operator(StrEnum):
    EXACT = "exact"
    IS_NOT = "is_not"
    ICONTAINS = "icontains"
    NOT_ICONTAINS = "not_icontains"
    REGEX = "regex"
    NOT_REGEX = "not_regex"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IS_SET = "is_set"
    IS_NOT_SET = "is_not_set"
    IS_DATE_BEFORE = "is_date_before"
    IS_DATE_AFTER = "is_date_after"
    IN_COHORT = "in_cohort"
    NOT_IN_COHORT = "not_in_cohort"


LISTS = frozenset({Operator.EXACT, Operator.IS_NOT, Operator.IN_COHORT, Operator.NOT_IN_COHORT})
NUMBERS = frozenset({Operator.GT, Operator.GTE, Operator.LT, Operator.LTE})
DATES = frozenset({Operator.IS_DATE_BEFORE, Operator.IS_DATE_AFTER})
PATTERNS = frozenset({Operator.REGEX, Operator.NOT_REGEX})
PRESENCE = frozenset({Operator.IS_SET, Operator.IS_NOT_SET})
COHORTS = frozenset({Operator.IN_COHORT, Operator.NOT_IN_COHORT})


class Field(StrEnum):
    """Fields of the event itself, as they were when it happened; the path with its ids folded, the address as sent."""

    PLAN = "plan"
    PATH = "path"
    ADDRESS = "address"
    ENVIRONMENT = "environment"
    APPLICATION = "application"
    SESSION = "session"
    EVENT = "event"


class Current(StrEnum):
    """What is known about an organization now; any other name is one of its own properties."""

    PLAN = "plan"
    BAND = "band"
    QUADRANT = "quadrant"
    MRR = "mrr"
    HEALTH = "health"
    SEGMENT = "segment"
    OWNER = "owner"
    EXTERNAL_ID = "external_id"
    FIRST_SEEN = "first_seen"
    LAST_SEEN = "last_seen"
    RENEWAL_ON = "renewal_on"


class Interval(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Display(StrEnum):
    NUMBER = "number"
    LINE = "line"
    BAR = "bar"
    PIE = "pie"
    TABLE = "table"


@dataclass(frozen=True)
class Property:
    """A named value; for `Of.COHORT` the name is the cohort's id."""

    name: str
    of: Of = Of.EVENT


@dataclass(frozen=True)
class Filter:
    """A condition on a property. `values` is empty for presence, one for comparisons, any number for lists."""

    property: Property
    operator: Operator
    values: tuple[Value, ...] = ()

    def as_document(self) -> dict[str, Any]:
        written: dict[str, Any] = {"operator": str(self.operator)}
        if self.operator not in COHORTS:
            written = {"property": self.property.name, "of": str(self.property.of), **written}
        if self.operator in LISTS:
            written["value"] = list(self.values)
        elif self.values:
            written["value"] = self.values[0]
        return written


@dataclass(frozen=True)
class Group:
    """Filters joined by “all of” or “any of”; groups may stand in groups."""

    filters: tuple["Filter | Group", ...] = ()
    any: bool = False

    def as_document(self) -> dict[str, Any]:
        return {"match": "any" if self.any else "all", "filters": [each.as_document() for each in self.filters]}

    def flat(self) -> Iterator[Filter]:
        """Every filter in it, however deep."""
        for _, each in self.placed(""):
            yield each

    def placed(self, path: str) -> Iterator[tuple[str, Filter]]:
        """Every filter in it with its place; `path` is that of the list."""
        for place, each in enumerate(self.filters):
            if isinstance(each, Group):
                yield from each.placed(f"{path}[{place}].filters")
            else:
                yield f"{path}[{place}]", each


@dataclass(frozen=True)
class Series:
    """One thing that is counted; `name` is an event's name, a feature's id or a page's path, empty for any event."""

    kind: Kind
    name: str
    math: Math
    property: Property | None = None
    filters: tuple[Filter, ...] = ()
    label: str = ""

    def as_document(self) -> dict[str, Any]:
        target = {"event": None} if self.kind == Kind.ANY else {str(self.kind): self.name}
        written: dict[str, Any] = {**target, "math": str(self.math)}
        if self.property:
            written |= {"property": self.property.name, "of": str(self.property.of)}
        written["filters"] = [each.as_document() for each in self.filters]
        if self.label:
            written["label"] = self.label
        return written


@dataclass(frozen=True)
class Range:
    """First and last day, as said: a date, `-7d`, `-1mStart`, `all`; no last day means today. See `ranges.resolve`."""

    since: str = "-30d"
    until: str = ""

    def as_document(self) -> dict[str, Any]:
        return {"from": self.since, "to": self.until or None}


@dataclass(frozen=True)
class Scope:
    """Which events are looked at at all. Empty: every environment, every application, every organization."""

    environment: str = PRODUCTION
    application: str = ""
    organization: str = ""

    def as_document(self) -> dict[str, Any]:
        return {
            "environment": self.environment or None,
            "application": self.application or None,
            "organization": self.organization or None,
        }


@dataclass(frozen=True)
class Description:
    """One insight. Without an interval only the aggregate over the whole range is computed."""

    series: tuple[Series, ...]
    formula: str = ""
    filters: Group = field(default_factory=Group)
    breakdown: Property | None = None
    interval: Interval | None = None
    range: Range = field(default_factory=Range)
    compare: bool = False
    scope: Scope = field(default_factory=Scope)
    display: Display = Display.LINE

    def as_document(self) -> dict[str, Any]:
        """The JSON it is stored and asked as."""
        breakdown = self.breakdown and {"property": self.breakdown.name, "of": str(self.breakdown.of)}
        return {
            "series": [each.as_document() for each in self.series],
            "formula": self.formula or None,
            "filters": self.filters.as_document(),
            "breakdown": breakdown,
            "interval": str(self.interval) if self.interval else None,
            "range": self.range.as_document(),
            "compare": self.compare,
            "display": str(self.display),
            **self.scope.as_document(),
        }

    def letters(self) -> str:
        """The letters of the series: A, B, C …"""
        return "".join(letter(place) for place in range(len(self.series)))

    def cohort_ids(self) -> set[int]:
        """The cohorts that it filters or is broken down by."""
        found = {int(value) for each in self.all_filters() if each.operator in COHORTS for value in each.values}
        if self.breakdown and self.breakdown.of == Of.COHORT:
            found.add(int(self.breakdown.name))
        return found

    def all_filters(self) -> Iterator[Filter]:
        for _, each in self.placed_filters():
            yield each

    def placed_filters(self) -> Iterator[tuple[str, Filter]]:
        """Every filter with its place in the document."""
        for place, series in enumerate(self.series):
            yield from Group(series.filters).placed(f"series[{place}].filters")
        yield from self.filters.placed("filters.filters")


def letter(place: int) -> str:
    """The letter of the series at this place, counted from 0."""
    return chr(ord("A") + place)
