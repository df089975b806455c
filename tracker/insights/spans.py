"""What questions with a shape of their own share: a range, an interval and a scope, made concrete."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tracker.insights import asking
from tracker.insights.asking import Asked
from tracker.insights.description import Description, Interval, Kind, Math, Range, Scope, Series


@dataclass(frozen=True)
class Span:
    """Which events are looked at; buckets only where an answer has some."""

    range: Range = field(default_factory=Range)
    scope: Scope = field(default_factory=Scope)
    interval: Interval | None = None


def ask(span: Span, now: datetime, series: tuple[Series, ...] = ()) -> Asked:
    """Concrete as a description is. Raises BadDescription."""
    counted = series or (Series(Kind.ANY, "", Math.TOTAL),)
    return asking.ask(Description(counted, interval=span.interval, range=span.range, scope=span.scope), now)


def of(description: Description) -> Span:
    """What a description says about range, scope and interval."""
    return Span(description.range, description.scope, description.interval)


def params(asked: Asked) -> dict[str, Any]:
    """Range and scope as the parameters that the statements name."""
    return {
        "since": asked.days.since,
        "until": asked.days.until,
        "environment": asked.where.environment,
        "application_id": asked.where.application_id,
        "organization_id": asked.where.organization_id,
    }


def bucket_params(asked: Asked) -> dict[str, Any]:
    """The same with the first day of each bucket; the range begins with the whole first one."""
    starts = list(asked.buckets.labels)
    return {**params(asked), "since": starts[0], "starts": starts}
