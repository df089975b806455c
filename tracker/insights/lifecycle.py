"""Lifecycle: in each bucket, who is new, who stayed, who came back and who fell silent."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tracker.insights import answering, ranges, running, spans, trends
from tracker.insights import sql as constants
from tracker.insights.asking import Asked
from tracker.insights.description import Interval
from tracker.insights.ranges import Days
from tracker.insights.reading import BadDescription
from tracker.insights.spans import Span


@dataclass(frozen=True)
class Stage:
    """Organizations of one bucket. `dormant` were active in the bucket before and are not in this one."""

    bucket: date
    new: int
    returning: int
    resurrecting: int
    dormant: int


@dataclass(frozen=True)
class Lifecycle:
    stages: tuple[Stage, ...]
    incomplete_last_bucket: bool


def answer(span: Span, now: datetime, *, query_id: str = "") -> Lifecycle:
    """Day, week or month; the first bucket compares with the one before the range.

    Raises BadDescription, running.TooSlow, running.Cancelled.
    """
    if span.interval in (None, Interval.HOUR):
        raise BadDescription("interval", "A lifecycle is by day, by week or by month.")
    asked = spans.ask(span, now)
    return answering.answer(asked, Lifecycle, lambda run: _computed(asked, run), query_id=query_id)


def _computed(asked: Asked, run: running.Run) -> Lifecycle:
    given = {**spans.params(asked), "starts": [bucket_before(asked), *asked.buckets.labels]}
    found = {(bucket, stage): count for bucket, stage, count in run.rows(constants.LIFECYCLE, given)}
    stages = [
        Stage(label, *(found.get((place + 1, stage), 0) for stage in ("new", "returning", "resurrecting", "dormant")))
        for place, label in enumerate(asked.buckets.labels)
    ]
    return Lifecycle(tuple(stages), trends.is_running(asked))


def bucket_before(asked: Asked) -> date:
    """The first day of the bucket before the range."""
    first = asked.buckets.labels[0]
    earlier = Days(first - timedelta(days=1), first)
    return ranges.buckets(earlier, asked.buckets.interval, asked.calendar).labels[0]
