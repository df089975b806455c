"""Where a customer stands in its life with us, from its subscription lines and its first event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from revenue.mrr.book import Row


@dataclass(frozen=True)
class Stage:
    """A stage in a word or two, and since or until when, "" when no day belongs to it."""

    title: str
    when: str = ""


def stage(rows: Sequence[Row], first_seen_on: date | None, today: date, onboarding_days: int) -> Stage:
    """By money first: who pays, will pay, paid; then by usage. Lines of no money (discounts, free plans) make nobody
    a customer.

    Whoever pays is in onboarding for so many days from its first event, or from its first paid day while there is none.
    """
    paid = [row for row in rows if (row.mrr or Decimal(0)) > 0 and counts(row)]
    active = [row for row in paid if begins_on(row) <= today and not has_ended(row, today)]
    ahead = [row for row in paid if begins_on(row) > today]
    ends = [row.end_on for row in active if row.end_on]
    if active and len(ends) == len(active) and not ahead:
        return Stage("Leaving", f"paid until {told(max(ends))}")
    if active:
        since = min(map(begins_on, paid))
        met_on = first_seen_on or since
        is_young = (today - met_on).days < onboarding_days
        return Stage("Onboarding", f"since {told(met_on)}") if is_young else Stage("Customer", f"since {told(since)}")
    trials = [row.trial_end_on for row in rows if row.trial_end_on and row.start_on <= today < row.trial_end_on]
    if trials:
        return Stage("Trial", f"until {told(max(trials))}")
    if ahead:
        return Stage("Signed", f"pays from {told(min(map(begins_on, ahead)))}")
    if paid:
        return Stage("Former customer", f"paid until {told(max(row.end_on for row in paid if row.end_on))}")
    return Stage("No customer yet", f"seen since {told(first_seen_on)}" if first_seen_on else "")


def begins_on(row: Row) -> date:
    """The first day that counts: a trial does not."""
    return max(row.start_on, row.trial_end_on) if row.trial_end_on else row.start_on


def counts(row: Row) -> bool:
    """Whether any day of the line is paid."""
    return row.end_on is None or row.end_on > begins_on(row)


def has_ended(row: Row, today: date) -> bool:
    return row.end_on is not None and row.end_on <= today


def told(day: date) -> str:
    return f"{day:%-d %b %Y}"
