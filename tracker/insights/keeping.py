"""Answers kept until something new: the next counted event, another day, a changed organization, cohort or feature.

Kept in Redis; without it every question is computed anew, nothing else changes.
"""

import json
import logging
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, TypeVar

from django.core.cache import caches

from config import db
from tracker.insights import sql

Answer = TypeVar("Answer")
log = logging.getLogger(__name__)
SECONDS = 3600


def kept(depends: Any, compute: Callable[[], Answer], *, cohorts: Sequence[int] = ()) -> Answer:
    """What was kept, unless something is new since; else what `compute` finds out, kept from now on.

    `depends` is all that the answer depends on beside events, organizations and these cohorts.
    """
    name = _name(depends, cohorts)
    found = get(name)
    if found is None:
        found = compute()
        put(name, found)
    return found


def _name(depends: Any, cohorts: Sequence[int]) -> str:
    [state] = db.rows(sql.STATE, {"cohorts": list(cohorts)})
    return f"insight:{sha256(json.dumps([state, depends], default=str).encode()).hexdigest()}"


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
