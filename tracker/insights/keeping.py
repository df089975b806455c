"""Answers kept until something new: the next counted event, another day, a changed organization, cohort or feature.

Kept in Redis; without it every question is computed anew, nothing else changes.
"""

import json
import logging
from dataclasses import fields
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.core.cache import caches

from config import db
from tracker.insights import sql
from tracker.insights.asking import Asked
from tracker.insights.description import Interval

log = logging.getLogger(__name__)
SECONDS = 3600


def key(asked: Asked, kind: type, own: Any = None) -> str:
    """Names everything that an answer of this kind depends on; `own` is what only this kind does."""
    cohorts = sorted(asked.cohorts)
    [state] = db.rows(sql.STATE, {"cohorts": cohorts})
    depends = [
        [kind.__name__, *(each.name for each in fields(kind)), own],
        asked.description.as_document(),
        [str(each) for each in state],
        [asked.counted, asked.daily_zone, str(asked.raw_since), asked.calendar.zone.key, asked.calendar.week_start],
        [asked.days.since.isoformat(), asked.days.until.isoformat(), _clock(asked.now, asked.description.interval)],
        [str(asked.folding)],
        [[each.pk, each.version, each.counted_version] for each in asked.features.values()],
    ]
    return f"insight:{sha256(json.dumps(depends).encode()).hexdigest()}"


def _clock(now: datetime, interval: Interval | None) -> str:
    """Whether the last bucket is over may change within a day only for hours."""
    return f"{now:%Y-%m-%dT%H}" if interval == Interval.HOUR else f"{now:%Y-%m-%d}"


def get(name: str) -> Any:
    """What was kept under this name; None when nothing was, or when Redis is away."""
    try:
        return caches["answers"].get(name)
    except Exception as error:
        log.warning("Kept answers are not available: %s", error)
        return None


def put(name: str, answer: Any) -> None:
    try:
        caches["answers"].set(name, answer, SECONDS)
    except Exception as error:
        log.warning("An answer could not be kept: %s", error)
