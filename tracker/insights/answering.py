"""How every question is answered: with what was kept, or by statements that are bounded, seen and cancelled.

Trends, funnels, retention and lifecycle all come through here.
"""

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar
from uuid import uuid4

from django.db import DataError, transaction

from config import db
from tracker.insights import keeping, running
from tracker.insights import sql as constants
from tracker.insights.asking import Asked
from tracker.insights.description import PATTERNS, Description, Interval
from tracker.insights.reading import BadDescription

Answer = TypeVar("Answer")


def answer(
    asked: Asked,
    kind: type[Answer],
    compute: Callable[[running.Run], Answer],
    *,
    own: Any = None,
    query_id: str = "",
    statements: int = 1,
) -> Answer:
    """What was kept, unless something is new since; else what `compute` finds out, kept from now on.

    `own` is what the answer depends on beside the question, in values that JSON can hold; `query_id` names it while it
    runs (text that is none is passed over), `statements` is how many it takes. Raises BadDescription,
    running.TooSlow, running.Cancelled.
    """
    return keeping.kept(
        depends(asked, kind, own),
        lambda: computed(asked, compute, query_id=query_id, statements=statements),
        cohorts=sorted(asked.cohorts),
    )


def depends(asked: Asked, kind: type, own: Any) -> list:
    """All that an answer of this kind depends on beside what is stored."""
    interval = asked.description.interval
    return [
        [kind.__name__, *(each.name for each in fields(kind)), own],
        asked.description.as_document(),
        [asked.counted, asked.daily_zone, asked.raw_since, asked.calendar.zone.key, asked.calendar.week_start],
        # Whether the last bucket is over may change within a day only for hours.
        [
            asked.days.since,
            asked.days.until,
            asked.today,
            f"{asked.now:%Y-%m-%dT%H}" if interval == Interval.HOUR else None,
        ],
        str(asked.folding),
        [[each.pk, each.version, each.counted_version] for each in asked.features.values()],
    ]


def computed(
    asked: Asked, compute: Callable[[running.Run], Answer], *, query_id: str = "", statements: int = 1
) -> Answer:
    """The same, asked of the database whatever was kept."""
    check_patterns(asked.description)
    named = query_id if running.is_query_id(query_id) else uuid4().hex
    with running.running(named, statements) as run:
        return compute(run)


def check_patterns(description: Description) -> None:
    """Refuse regular expressions that the database cannot read."""
    for path, each in description.placed_filters():
        if each.operator in PATTERNS:
            try:
                with transaction.atomic():
                    db.rows(constants.READ_PATTERN, {"pattern": each.values[0]})
            except DataError as error:
                said = str(error).strip().splitlines()[0].removeprefix("invalid regular expression: ")
                raise BadDescription(f"{path}.value", f"This is no regular expression: {said}.") from error
