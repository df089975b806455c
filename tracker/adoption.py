"""Who uses which feature, from the daily rows of features: production only, whole days of the reporting zone.

Only active features count. Rows of days whose raw events were gone when a rule changed are those of the former rules.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from config import db
from tracker import masks
from tracker.models import Feature
from tracker.sql import features as sql


@dataclass(frozen=True)
class Use:
    """One organization's use of one feature in that feature's window, which ends with the day before `as_of`.

    `last_on` may be `as_of` itself. `is_adopted`: enough uses by enough users, as the feature asks.
    """

    organization_id: int
    feature_id: int
    events: int
    users: int
    last_on: date
    is_adopted: bool


def defined() -> int:
    """How many features there are to use."""
    return Feature.objects.active().count()


def features_in_use(since: date, until: date, organization_ids: Collection[int] | None = None) -> dict[int, int]:
    """Features that each organization used in [since, until), by organization; those that used none are left out."""
    params = {"since": since, "until": until, "organization_ids": _ids(organization_ids)}
    return dict(db.rows(sql.IN_USE, params))


@dataclass(frozen=True)
class FeatureUsed:
    """An active feature with its uses in a range."""

    name: str
    events: int
    last_on: date


def used_by(organization_id: int, since: date, until: date) -> list[FeatureUsed]:
    """What one organization used in [since, until), most used first: the rows that `features_in_use` counts."""
    params = {"organization_id": organization_id, "since": since, "until": until}
    return [FeatureUsed(*row) for row in db.rows(sql.USED_BY_ORGANIZATION, params)]


def uses(as_of: date, organization_ids: Collection[int] | None = None) -> list[Use]:
    """Every use of every feature by these organizations, or by all: one statement."""
    windows = Feature.objects.active().order_by().values_list("window_days", flat=True).distinct()
    months = [row for window in windows for row in window_bits(as_of, window)]
    params = {"as_of": as_of, "months": json.dumps(months), "organization_ids": _ids(organization_ids)}
    return [Use(*row) for row in db.rows(sql.USES, params)]


def window_bits(as_of: date, days: int) -> list[dict]:
    """The days of the window before `as_of` as bits of each month it touches."""
    asked = masks.by_month(as_of - timedelta(days=days), as_of)
    return [{"window_days": days, "month": month.isoformat(), "mask": mask} for month, mask in asked.items()]


@dataclass(frozen=True)
class FeatureUse:
    """One line of an organization's features: `use` is None when the feature was not used in its window."""

    feature: Feature
    use: Use | None


def of_organization(organization_id: int, as_of: date) -> list[FeatureUse]:
    """Every active feature, by name, used or not."""
    found = {each.feature_id: each for each in uses(as_of, [organization_id])}
    return [FeatureUse(feature, found.get(feature.pk)) for feature in Feature.objects.active()]


@dataclass(frozen=True)
class Adoption:
    """One feature over many organizations; `of` is how many there are that could use it."""

    feature: Feature
    using: int
    adopting: int
    of: int

    @property
    def share(self) -> float | None:
        """Adopting of active organizations; None when none was active."""
        return self.adopting / self.of if self.of else None


def adoption(as_of: date) -> list[Adoption]:
    """Every feature by name, of those with any event in its window; one that is not active has no use."""
    count, features = counted(uses(as_of)), list(Feature.objects.prefetch_related("rules"))
    of = {days: active_organizations(as_of - timedelta(days=days), as_of) for days in {f.window_days for f in features}}
    return [Adoption(each, *count(each), of[each.window_days]) for each in features]


def counted(found: Iterable[Use]) -> Callable[[Feature], tuple[int, int]]:
    """How many organizations use a feature, and how many adopted it."""
    using, adopting = Counter(), Counter()
    for each in found:
        using[each.feature_id] += bool(each.events)
        adopting[each.feature_id] += each.is_adopted
    return lambda feature: (using[feature.pk], adopting[feature.pk])


def active_organizations(since: date, until: date) -> int:
    """Organizations with any event in [since, until)."""
    [[count]] = db.rows(sql.ACTIVE_ORGANIZATIONS, {"since": since, "until": until})
    return count


def _ids(organization_ids: Collection[int] | None) -> list[int] | None:
    return None if organization_ids is None else sorted(organization_ids)
