"""Features: what counts as a use of one, and counting those uses anew when that changed."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from config import db
from config.backoffice import audit, settings
from tracker import counting, rollups
from tracker.incoming import STATEMENTS
from tracker.models import Feature, FeatureRule, RollupCursor
from tracker.sql import features as sql

MATCHED_DAYS = 28
SECONDS = 5


@dataclass(frozen=True)
class Rule:
    """One way to use a feature: every condition that is not empty must hold. Values of properties compare as text."""

    event: str = ""
    path_prefix: str = ""
    property_name: str = ""
    property_value: str = ""

    def sentence(self) -> str:
        conditions = [
            f"is named “{self.event}”" if self.event else "",
            f"has a path that starts with “{self.path_prefix}”" if self.path_prefix else "",
            f"says {self.property_name} = “{self.property_value}”" if self.property_name else "",
        ]
        return " and ".join(filter(None, conditions))


def sentence(rules: Sequence[Rule]) -> str:
    """The rules as a person would say them."""
    ways = ", or ".join(each.sentence() for each in rules)
    return f"An event is a use when it {ways}." if ways else "No event is a use yet: it has no rule."


def rules_of(feature: Feature) -> list[Rule]:
    """Through `feature.rules.all()`, so that a list may fetch them all at once."""
    return [Rule(each.event, each.path_prefix, each.property_name, each.property_value) for each in feature.rules.all()]


class Edited(Exception):
    """Somebody else saved this feature meanwhile; nothing was written."""


def save(feature: Feature, rules: Sequence[Rule], *, actor: Any, now: datetime) -> Feature:
    """Create or change a feature; other rules, or being active again, have it counted anew. Raises Edited."""
    with transaction.atomic():
        if feature.pk is None:
            return _create(feature, rules, actor, now)
        before = Feature.objects.select_for_update().get(pk=feature.pk)
        if before.version != feature.version:
            raise Edited(f"{before} was changed at the same time. Reload the page to see its present state.")
        is_same = rules_of(before) == list(rules) and before.is_active == feature.is_active
        feature.version, feature.changed_at, feature.counted_since = before.version + 1, now, before.counted_since
        feature.counted_version = feature.version if is_same and before.counted_version == before.version else None
        feature.save()
        if not is_same:
            feature.rules.all().delete()
            _write_rules(feature, rules)
            _touch(now)
        audit.record(actor, "feature.changed", feature, now=now, detail={"rules": [asdict(each) for each in rules]})
    return feature


def _create(feature: Feature, rules: Sequence[Rule], actor: Any, now: datetime) -> Feature:
    feature.created_at = feature.changed_at = now
    feature.save(force_insert=True)
    _write_rules(feature, rules)
    audit.record(actor, "feature.created", feature, now=now, detail={"rules": [asdict(each) for each in rules]})
    return feature


def _write_rules(feature: Feature, rules: Iterable[Rule]) -> None:
    FeatureRule.objects.bulk_create([FeatureRule(feature=feature, **asdict(each)) for each in rules])


def _touch(now: datetime) -> None:
    """What is defined is part of everybody's health."""
    db.run(sql.TOUCH_USERS_OF_THE_PRODUCT, {"now": now, "since": settings.today(now) - timedelta(days=MATCHED_DAYS)})


@dataclass(frozen=True)
class Matched:
    """What rules match in the last 28 days, today included: production only."""

    events: int
    organizations: int
    users: int


def matched(rules: Sequence[Rule], now: datetime) -> Matched | None:
    """From the raw events; None when that took longer than five seconds."""
    since = settings.day_start(settings.today(now) - timedelta(days=MATCHED_DAYS - 1), settings.zone())
    params = {
        "since": since,
        "until": now,
        "statements": list(STATEMENTS),
        "rules": json.dumps([asdict(each) for each in rules]),
    }
    try:
        with db.in_time(SECONDS):
            [found] = db.rows(sql.MATCHED, params)
    except db.TooSlow:
        return None
    return Matched(*found)


def names_seen() -> list[str]:
    """Event names among the newest events, to choose from."""
    return [name for [name] in db.rows(sql.NAMES_SEEN, {"statements": list(STATEMENTS)})]


# --- Counting anew -----------------------------------------------------------------------------------------
class Moved(Exception):
    """The zone, the kept raw events or the feature changed while it was counted; nothing was written."""


def count_waiting(now: datetime, report: Callable[[str], None] = lambda doing: None) -> list[str]:
    """Count every feature anew whose rules changed; their names. What moves meanwhile is left to the next run."""
    done = []
    for feature in Feature.objects.waiting().order_by("id"):
        report(f"Counting {feature}")
        try:
            count_anew(feature, now)
        except Moved:
            continue
        done.append(feature.name)
    return done


def count_anew(feature: Feature, now: datetime, *, chunk: int = counting.CHUNK) -> None:
    """Count a feature from the raw events that remain. Days without raw events stay.

    The roll-up leaves a waiting feature alone and goes on meanwhile; only the last step holds the roll-up's cursor.
    """
    start = rollups.cursor(settings.read().time_zone)
    days = counting.days_with_raw_events(start.time_zone, start.raw_since)
    with transaction.atomic():
        db.lock("tracker.features")
        counting.clear_features(days, [feature.pk])
        _count(feature, 0, start.last_event_id, days, chunk)
        held = RollupCursor.objects.select_for_update().get(id=1)
        if (held.time_zone, held.raw_since) != (start.time_zone, start.raw_since):
            raise Moved(f"The days were rebuilt while {feature} was counted.")
        _count(feature, start.last_event_id, held.last_event_id, days, chunk)
        same = Feature.objects.waiting().filter(pk=feature.pk, version=feature.version)
        if not same.update(counted_version=feature.version, counted_since=days.first):
            raise Moved(f"{feature} was edited or counted meanwhile.")
        _touch(now)


def _count(feature: Feature, low: int, bound: int, days: counting.Days, chunk: int) -> None:
    while low < bound:
        high = counting.chunk_end(low, bound, chunk)
        counting.count_features(low, high, days, [feature.pk])
        low = high
