"""Counting a span of raw events into the daily rows, and emptying days to count them anew. Callers hold the cursor."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from config import db
from config.backoffice import settings
from tracker.incoming import STATEMENTS
from tracker.models import (
    EventNameDay,
    FeatureDay,
    FeatureMonth,
    PageDay,
    PathDay,
    PathMonth,
    SessionDay,
    UsageDay,
    UserMonth,
)
from tracker.paths import IDS
from tracker.sql import features as features_sql
from tracker.sql import rollups as sql

CHUNK = 20_000


@dataclass(frozen=True)
class Days:
    """Whose midnights divide the days, and the first day that is counted: None for every day there ever was.

    Raw events of earlier days are gone or going, so what was counted of those days stays as it is.
    """

    zone: str
    first: date | None

    @property
    def since(self) -> datetime | None:
        return None if self.first is None else settings.day_start(self.first, ZoneInfo(self.zone))


def every_day(zone: str) -> Days:
    return Days(zone, None)


def days_with_raw_events(zone: str, raw_since: datetime | None) -> Days:
    """From the first day of which all raw events still exist."""
    if raw_since is None:
        return Days(zone, None)
    day = raw_since.astimezone(ZoneInfo(zone)).date()
    is_whole = settings.day_start(day, ZoneInfo(zone)) >= raw_since
    return Days(zone, day if is_whole else date.fromordinal(day.toordinal() + 1))


def chunk_end(low: int, bound: int, size: int) -> int:
    """The id at which the next `size` events after `low` end; `bound` when there are none."""
    [[high]] = db.rows(sql.CHUNK_END, {"low": low, "bound": bound, "size": size})
    return bound if high is None else high


def count_usage(low: int, high: int, days: Days, now: datetime) -> int:
    """Add the events after `low`, up to `high`, to the daily rows; how many there were."""
    params = {**span(low, high, days), "now": now}
    db.run(sql.ROLL_UP_USAGE, params)
    db.run(sql.ROLL_UP_NAMES, params)
    db.run(sql.ROLL_UP_PATHS, {**params, "ids": IDS})
    [[counted]] = db.rows(sql.CHUNK_COUNT, params)
    return counted


def count_features(low: int, high: int, days: Days, feature_ids: list[int]) -> None:
    """Add the uses of these features among the events after `low`, up to `high`."""
    if feature_ids:
        db.run(features_sql.ROLL_UP_FEATURES, {**span(low, high, days), "feature_ids": feature_ids})


def note_plans(low: int, high: int) -> None:
    """Keep the plan that the latest event of each organization id names."""
    db.run(sql.ROLL_UP_PLANS, {"low": low, "high": high})


def span(low: int, high: int, days: Days) -> dict[str, Any]:
    return {"low": low, "high": high, "zone": days.zone, "since": days.since, "statements": list(STATEMENTS)}


def clear_usage(days: Days) -> None:
    """Empty the daily rows of these days; in the month of the first one the earlier bits stay."""
    for model in (UsageDay, EventNameDay, PathDay, PageDay, SessionDay):
        rows = model.objects.all() if days.first is None else model.objects.filter(day__gte=days.first)
        rows._raw_delete(rows.db)
    for mask in (UserMonth, PathMonth):
        rows = mask.objects.all() if days.first is None else mask.objects.filter(month__gt=days.first.replace(day=1))
        rows._raw_delete(rows.db)
    if days.first is not None:
        earlier = earlier_bits(days.first)
        for statement in (
            sql.CLEAR_EMPTY_MASKS,
            sql.CLEAR_MASKS,
            sql.CLEAR_EMPTY_PATH_MASKS,
            sql.CLEAR_PATH_MASKS,
        ):
            db.run(statement, earlier)


def clear_features(days: Days, feature_ids: list[int]) -> None:
    """The same for the daily rows of these features."""
    rows = FeatureDay.objects.filter(feature_id__in=feature_ids)
    masks = FeatureMonth.objects.filter(feature_id__in=feature_ids)
    if days.first is None:
        rows._raw_delete(rows.db)
        masks._raw_delete(masks.db)
        return
    rows.filter(day__gte=days.first)._raw_delete(rows.db)
    masks.filter(month__gt=days.first.replace(day=1))._raw_delete(masks.db)
    earlier = {**earlier_bits(days.first), "feature_ids": feature_ids}
    db.run(features_sql.CLEAR_EMPTY_MASKS, earlier)
    db.run(features_sql.CLEAR_MASKS, earlier)


def earlier_bits(first: date) -> dict[str, Any]:
    """The month of a day, and the bits of the days before it."""
    return {"month": first.replace(day=1), "keep": (1 << (first.day - 1)) - 1}
