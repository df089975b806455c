"""Retention: of the organizations that began in a week or month, how many came back in each one after."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tracker.insights import answering, running, spans, trends
from tracker.insights import sql as constants
from tracker.insights.asking import Asked
from tracker.insights.description import Interval
from tracker.insights.reading import BadDescription
from tracker.insights.spans import Span


@dataclass(frozen=True)
class Cohort:
    """Organizations whose first event fell into one bucket; `returned[k]` of them came k buckets later."""

    began: date
    size: int
    returned: tuple[int, ...]

    @property
    def shares(self) -> tuple[float, ...]:
        return tuple(each / self.size for each in self.returned) if self.size else ()


@dataclass(frozen=True)
class Retention:
    """Cohorts, oldest first; the last number of each is of the bucket that may still be running."""

    cohorts: tuple[Cohort, ...]
    incomplete_last_bucket: bool


def answer(
    span: Span, now: datetime, *, start: str | None = None, back: str | None = None, query_id: str = ""
) -> Retention:
    """`start` is the event that begins, `back` the one that counts as coming back; None: any event.

    Days before the range count for who began earlier. Raises BadDescription, running.TooSlow, running.Cancelled.
    """
    if span.interval not in (Interval.WEEK, Interval.MONTH):
        raise BadDescription("interval", "Retention is by week or by month.")
    asked = spans.ask(span, now)
    given = {**spans.bucket_params(asked), "start": start, "back": back}
    return answering.answer(
        asked, Retention, lambda run: _computed(asked, given, run), own=[start, back], query_id=query_id
    )


def _computed(asked: Asked, given: dict[str, Any], run: running.Run) -> Retention:
    found = {(bucket, age): count for bucket, age, count in run.rows(constants.RETENTION, given)}
    labels = asked.buckets.labels
    cohorts = [
        Cohort(
            label, found.get((place, -1), 0), tuple(found.get((place, age), 0) for age in range(len(labels) - place))
        )
        for place, label in enumerate(labels)
    ]
    return Retention(tuple(cohorts), trends.is_running(asked))
