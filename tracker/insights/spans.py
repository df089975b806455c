"""What questions with a shape of their own share: a range, an interval, a scope and cohorts, made concrete."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tracker.insights import asking
from tracker.insights.asking import Asked
from tracker.insights.description import (
    Description,
    Group,
    Interval,
    Kind,
    Math,
    Operator,
    Range,
    Scope,
    Series,
)
from tracker.insights.reading import BadDescription


@dataclass(frozen=True)
class Span:
    """Which events are looked at; buckets only where an answer has some.

    Of `filters` retention and lifecycle, which read daily rows, know cohorts alone: see `cohorts`.
    """

    range: Range = field(default_factory=Range)
    scope: Scope = field(default_factory=Scope)
    interval: Interval | None = None
    filters: Group = field(default_factory=Group)


def ask(span: Span, now: datetime, series: tuple[Series, ...] = ()) -> Asked:
    """Concrete as a description is. Raises BadDescription."""
    counted = series or (Series(Kind.ANY, "", Math.TOTAL),)
    return asking.ask(
        Description(counted, filters=span.filters, interval=span.interval, range=span.range, scope=span.scope), now
    )


def of(description: Description) -> Span:
    """What a description says about range, scope, interval and filters."""
    return Span(description.range, description.scope, description.interval, description.filters)


def cohorts(asked: Asked) -> list[int] | None:
    """The cohorts of which an organization must be in one; None for everybody. Raises BadDescription."""
    filters = asked.description.filters.filters
    if not filters:
        return None
    [first, *more] = filters
    if more or isinstance(first, Group) or first.operator != Operator.IN_COHORT:
        raise BadDescription("filters", "Only one condition is possible here: the organization is in a cohort.")
    return [int(each) for each in first.values]


def params(asked: Asked) -> dict[str, Any]:
    """Range, scope and cohorts as the parameters that the statements name. Raises BadDescription."""
    return {
        "since": asked.days.since,
        "until": asked.days.until,
        "environment": asked.where.environment,
        "application_id": asked.where.application_id,
        "organization_id": asked.where.organization_id,
        "cohorts": cohorts(asked),
    }


def bucket_params(asked: Asked) -> dict[str, Any]:
    """The same with the first day of each bucket; the range begins with the whole first one."""
    starts = list(asked.buckets.labels)
    return {**params(asked), "since": starts[0], "starts": starts}
