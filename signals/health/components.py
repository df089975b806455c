"""What each component measures, in numbers and in words, or why it can't be measured.

Decisions where a measure has two readings:
- Seats replace the own peak when the organization has that property and it is above 0.
- Share of seats and of defined features are known even when they are 0; only a peak of 0 means "no data".
- In onboarding, what is compared with the organization's own past is left out of the model altogether: it
  neither counts nor lowers coverage. Seats and defined features stay in.
"""

from collections.abc import Callable
from dataclasses import dataclass

from signals import wording
from signals.facts import Evidence, Window, window
from signals.health.model import Model

WEEKDAYS_IN_WINDOW = 20


@dataclass(frozen=True)
class Measure:
    """One raw value: `value` is what the model's 0-at and 100-at are compared with, as a ratio of whole numbers.

    `count` is the number of rows behind it (days, users, features, events), `reference` what it is
    counted against. `missing` says why there is no data; `applies` is False when the model leaves it out.
    """

    fact: str
    value: tuple[int, int] | None = None
    count: int | None = None
    reference: int | None = None
    window: Window | None = None
    missing: str = ""
    applies: bool = True


def measure(evidence: Evidence, model: Model, onboarding: bool) -> dict[str, Measure]:
    """Return the measure of every component, in the model's order."""
    reason = too_early(evidence, model)
    if reason:
        return {key: Measure(wording.NOTHING, missing=reason) for key in METERS}
    return {key: meter(evidence, model, onboarding) for key, meter in METERS.items()}


def too_early(evidence: Evidence, model: Model) -> str:
    """Say why nothing at all can be judged yet, or return an empty string."""
    if evidence.age_days is None:
        return "never seen"
    if evidence.age_days < model.minimum_age_days:
        wait = wording.count(model.minimum_age_days, "day")
        return f"first seen {wording.days_ago(max(0, evidence.age_days))}, judged from {wait} on"
    return ""


def recency(evidence: Evidence, model: Model, onboarding: bool) -> Measure:
    days = evidence.silent_days
    if days is None:
        return Measure("no event ever", missing="no event ever")
    return Measure(f"last event {wording.days_ago(days)}", (days, 1), count=days)


def frequency(evidence: Evidence, model: Model, onboarding: bool) -> Measure:
    days = evidence.active_weekdays_28d
    return Measure(
        f"{wording.number(days)} of {WEEKDAYS_IN_WINDOW} working days",
        (days, 1),
        count=days,
        reference=WEEKDAYS_IN_WINDOW,
        window=window(evidence.as_of, 28),
    )


def users(evidence: Evidence, model: Model, onboarding: bool) -> Measure:
    now = evidence.active_users_28d
    if evidence.seats:
        return share(now, evidence.seats, "seats", evidence)
    return left_out() if onboarding else share(now, evidence.peak_users, "users at the peak", evidence)


def features(evidence: Evidence, model: Model, onboarding: bool) -> Measure:
    if evidence.features_defined:
        return share(evidence.features_used_28d, evidence.features_defined, "features", evidence)
    now, peak = evidence.distinct_events_28d, evidence.peak_distinct_events
    return left_out() if onboarding else share(now, peak, "kinds of events at the peak", evidence)


def trend(evidence: Evidence, model: Model, onboarding: bool) -> Measure:
    now, before = evidence.events_28d, evidence.events_previous_28d
    if onboarding:
        return left_out()
    if before < model.trend_minimum_previous:
        least = wording.number(model.trend_minimum_previous)
        why = f"{wording.count(before, 'event')} in the previous 28 days, fewer than {least}"
        return Measure(why, count=now, reference=before, missing=why)
    return Measure(
        f"28-day events {wording.compared(now, before)}",
        (now, before),
        count=now,
        reference=before,
        window=window(evidence.as_of, 28),
    )


def share(now: int, of: int, against: str, evidence: Evidence) -> Measure:
    """Measure a part of a whole; nothing to compare with is no data."""
    if of <= 0:
        return Measure("no use in six windows", missing="no use in the six latest 28-day windows")
    fact = f"{wording.number(now)} of {wording.number(of)} {against}"
    return Measure(fact, (now, of), count=now, reference=of, window=window(evidence.as_of, 28))


def left_out() -> Measure:
    return Measure("left out", missing="left out during onboarding", applies=False)


METERS: dict[str, Callable[[Evidence, Model, bool], Measure]] = {
    "recency": recency,
    "frequency": frequency,
    "users": users,
    "features": features,
    "trend": trend,
}
