"""What a funnel, a retention and a lifecycle say where they are asked about one organization. Pure."""

from collections.abc import Sequence
from datetime import date

from config.backoffice import formatting
from tracker.insights.description import Interval
from tracker.insights.funnels import Funnel
from tracker.insights.lifecycle import Lifecycle
from tracker.insights.retention import Retention

RETENTION = "Counted from its first time ever; the last one"


def reached(found: Funnel, names: Sequence[str]) -> str:
    """How far one organization came; for users of one a funnel says what it says of many."""
    done = sum(1 for each in found.steps if each.count)
    if not done:
        return f"It did not begin with “{names[0]}” in this time"
    if done == len(names):
        return f"It came all the way to “{names[-1]}”"
    return f"It came as far as “{names[done - 1]}”, step {done} of {len(names)}; “{names[done]}” did not follow"


def came_back(found: Retention, unit: Interval) -> str:
    [began] = [each for each in found.cohorts if each.size] or [None]
    if began is None:
        return "It did not begin in this time: it began earlier, or never"
    later = began.returned[1:]
    first = f"It began in the {unit} of {label(began.began, unit)}"
    if not later:
        return f"{first}, which is the last of this time"
    return f"{first} and came back in {sum(later)} of the {formatting.plural(len(later), unit)} after"


def lived(found: Lifecycle, unit: Interval) -> str:
    active = [each for each in found.stages if each.new or each.returning or each.resurrecting]
    if not active:
        return "It was not active in this time"
    said = f"It was active in {len(active)} of {formatting.plural(len(found.stages), unit)}"
    if any(each.new for each in found.stages):
        said += f", new in the {unit} of {label(active[0].bucket, unit)}"
    silent = next((each for each in reversed(found.stages) if each.dormant), None)
    if silent and silent.bucket > active[-1].bucket:
        said += f", silent since the {unit} of {label(silent.bucket, unit)}"
    return said


def label(bucket: date, unit: Interval) -> str:
    return f"{bucket:%b %Y}" if unit == Interval.MONTH else f"{bucket.day} {bucket:%b}"
