"""What changed since 7, 28 or 90 days ago: two stored readings, and the way from one to the other."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from orgs.models import Organization
from signals import health
from signals.models import Reading
from signals.scoring import restored
from signals.versions import publishing

SPANS = (7, 28, 90)


@dataclass(frozen=True)
class Change:
    """The way to the latest reading from that of `since`, `days` before it or the next one there is.

    `is_first` when nothing older is kept than `since`, which is later than asked for.
    """

    days: int
    since: date
    until: date
    is_first: bool
    comparison: health.Comparison


def changes(organization: Organization, as_of: date) -> list[Change]:
    """One Change a span, the shortest first; none before there are two readings."""
    known = Reading.objects.filter(organization=organization, as_of__lte=as_of)
    days = sorted(known.values_list("as_of", flat=True))
    if len(days) < 2:
        return []
    wanted = {span: starting_day(days, span) for span in SPANS}
    rows = known.filter(as_of__in={*wanted.values(), days[-1]}).select_related("model")
    readings = {row.as_of: restored(row, publishing.model_of(row.model)) for row in rows}
    return [
        Change(span, since, days[-1], since > days[-1] - timedelta(days=span), compared(readings, since, days[-1]))
        for span, since in wanted.items()
    ]


def starting_day(days: Sequence[date], span: int) -> date:
    """The latest day with a reading that lies `span` days back or more; the first one when all are younger."""
    place = bisect_right(days, days[-1] - timedelta(days=span))
    return days[max(place - 1, 0)]


def compared(readings: dict[date, health.Reading], since: date, until: date) -> health.Comparison:
    return health.compare(readings[since], readings[until])
