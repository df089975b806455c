"""Questions with a shape of their own from documents: those of the API, and those that forms and kept insights are."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from config.backoffice import settings
from tracker.insights import funnels, lifecycle, reading, retention, spans
from tracker.insights.description import Description
from tracker.insights.funnels import Funnel
from tracker.insights.lifecycle import Lifecycle
from tracker.insights.reading import BadDescription
from tracker.insights.retention import Retention

# What every question has; what else a description knows would change nothing in these answers.
SHARED = ("range", "environment", "application", "organization", "filters")


def funnel(document: Any, now: datetime, query_id: str = "") -> Funnel:
    """`steps`, `by`, `window_days` beside what every document has. Raises like the answer."""
    shared, own = split(document, "steps", "by", "window_days")
    days = reading.whole(own.get("window_days"), "window_days", funnels.WINDOW.days)
    steps = own.get("steps")
    if not isinstance(steps, list) or not steps:
        raise funnels.wrong_number()
    try:
        asked = described(shared, now, steps)
        return funnels.answer(
            asked.series,
            spans.of(asked),
            now,
            by=own.get("by", "organization"),
            window=timedelta(days=days),
            query_id=query_id,
        )
    except BadDescription as error:
        raise BadDescription(re.sub(r"^series(?=\[)", "steps", error.path), error.message) from error


def retained(document: Any, now: datetime, query_id: str = "") -> Retention:
    """`start` and `back` beside what every document has. Raises like the answer."""
    shared, own = split(document, "start", "back", known=("interval",))
    names = {key: reading.event_name(own.get(key), key) for key in ("start", "back")}
    return retention.answer(spans.of(described(shared, now)), now, **names, query_id=query_id)


def stages(document: Any, now: datetime, query_id: str = "") -> Lifecycle:
    """Raises like the answer."""
    shared, _ = split(document, known=("interval",))
    return lifecycle.answer(spans.of(described(shared, now)), now, query_id=query_id)


ASK: dict[str, Callable[[Any, datetime, str], Funnel | Retention | Lifecycle]] = {
    "funnel": funnel,
    "retention": retained,
    "lifecycle": stages,
}


def split(document: Any, *own: str, known: tuple[str, ...] = ()) -> tuple[dict, dict]:
    """The part that every question has, and the part of this one; whatever else asks for something is refused."""
    if not isinstance(document, dict):
        raise BadDescription("", "An object is expected here.")
    possible = (*own, *SHARED, *known)
    asks = {key: value for key, value in document.items() if key in possible or value not in (None, False)}
    for key in asks:
        if key not in possible:
            raise BadDescription(key[:60], f"This is not possible here. Known: {', '.join(possible)}.")
    shared = {key: value for key, value in asks.items() if key not in own}
    return shared, {key: value for key, value in asks.items() if key in own}


def described(shared: dict, now: datetime, steps: Any = None) -> Description:
    """The shared part as a description that counts any event, or the steps."""
    series = [{"event": None}] if steps is None else steps
    return reading.read({**shared, "series": series}, settings.today(now))
