"""A kept insight as the query API knows it: the document that its door takes, and the answer."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from config.backoffice import settings
from tracker.builder.patterns import PATTERNS
from tracker.insights import as_json, reading, shapes, trends
from tracker.models import SavedInsight


def document(insight: SavedInsight, organization: str = "") -> dict[str, Any]:
    """What the door of its kind takes; about one organization when any of its ids is given. Raises BadDescription."""
    pattern = PATTERNS.get(insight.kind)
    asked = pattern.document(pattern.filled(insight.definition)) if pattern else insight.definition
    return {**asked, "organization": organization} if organization else asked


def answer(insight: SavedInsight, now: datetime, *, organization: str = "", query_id: str = "") -> dict[str, Any]:
    """What the door of its kind answers. Raises BadDescription, running.TooSlow, running.Cancelled."""
    asked = document(insight, organization)
    if insight.kind in shapes.ASK:
        return asdict(shapes.ASK[insight.kind](asked, now, query_id))
    return as_json.trend(trends.answer(reading.read(asked, settings.today(now)), now, query_id=query_id))
