"""Where a customer stands in its life with us, from its subscription lines and its first event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from revenue.answers.today import ACTIVE, SCHEDULED, Line


@dataclass(frozen=True)
class Stage:
    """A stage in a word or two, and since or until when, "" when no day belongs to it."""

    title: str
    when: str = ""


def stage(lines: Sequence[Line], first_seen_on: date | None, today: date, onboarding_days: int) -> Stage:
    """By money first: who pays, will pay, paid; then by usage. Lines of no money (discounts, free plans) make nobody
    a customer.

    `lines` are as they stand today. Whoever pays is in onboarding for so many days from its first event, or from its
    first paid day while there is none.
    """
    paid = [line for line in lines if line.mrr > 0 and ever_counts(line)]
    active = [line for line in paid if line.state == ACTIVE]
    ahead = [line.begins_on for line in paid if line.state == SCHEDULED]
    ends = [line.end_on for line in active if line.end_on]
    if active and len(ends) == len(active) and not ahead:
        return Stage("Leaving", f"paid until {told(max(ends))}")
    if active:
        since = min(line.begins_on for line in paid)
        met_on = first_seen_on or since
        is_young = (today - met_on).days < onboarding_days
        return Stage("Onboarding", f"since {told(met_on)}") if is_young else Stage("Customer", f"since {told(since)}")
    trials = [line.trial_end_on for line in lines if line.trial_end_on and line.start_on <= today < line.trial_end_on]
    if trials:
        return Stage("Trial", f"until {told(max(trials))}")
    if ahead:
        return Stage("Signed", f"pays from {told(min(ahead))}")
    if paid:
        return Stage("Former customer", f"paid until {told(max(line.end_on for line in paid if line.end_on))}")
    return Stage("No customer yet", f"seen since {told(first_seen_on)}" if first_seen_on else "")


def ever_counts(line: Line) -> bool:
    """Whether any day of the line is paid: one that ended within its trial has none."""
    return line.end_on is None or line.end_on > line.begins_on


def told(day: date) -> str:
    return f"{day:%-d %b %Y}"
