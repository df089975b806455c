"""The life of a signal: open, snoozed, resolved, dismissed. Decisions only; nothing is written here.

A signal is one episode. The scan opens an episode, ends it, and wakes it from a snooze; people snooze,
dismiss, resolve and reopen. Being assigned is not a state.

Decisions where the definition leaves room:
- The scan resolves after two scans in a row without the condition, from open and from snoozed.
- Closed by a person (dismissed, or resolved by hand) an episode is followed by a new one only after the
  condition was false at least once, or after the cool-down of 30 days if money at stake grew by half.
- A snooze ends on its day, but only wakes a signal that is still true.
- While a data incident holds a rule back its condition is unknown: nothing moves.
- A rule that is switched off ends what waits for a person, and the same may return once it is on again. What people
  closed stays closed: nobody knows whether the condition was false meanwhile. A snooze runs to its day.
- A scan that is run again after a crash counts once: it keeps the time it was planned for.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

SCANS_TO_RESOLVE = 2
COOL_DOWN = timedelta(days=30)
GROWTH_TO_RETURN = Decimal("1.5")


class State(StrEnum):
    OPEN = "open"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"


class Action(StrEnum):
    """What people may do."""

    SNOOZE = "snooze"
    DISMISS = "dismiss"
    RESOLVE = "resolve"
    REOPEN = "reopen"


class Transition(StrEnum):
    """What a scan does: `open` begins a new episode, the others change the latest one."""

    NONE = "none"
    OPEN = "open"
    WAKE = "wake"
    RESOLVE = "resolve"


LIVE = frozenset({State.OPEN, State.SNOOZED})
TABLE: dict[tuple[State, Action], State] = {
    (State.OPEN, Action.SNOOZE): State.SNOOZED,
    (State.OPEN, Action.DISMISS): State.DISMISSED,
    (State.OPEN, Action.RESOLVE): State.RESOLVED,
    (State.SNOOZED, Action.SNOOZE): State.SNOOZED,
    (State.SNOOZED, Action.DISMISS): State.DISMISSED,
    (State.SNOOZED, Action.RESOLVE): State.RESOLVED,
    (State.SNOOZED, Action.REOPEN): State.OPEN,
    (State.RESOLVED, Action.REOPEN): State.OPEN,
    (State.DISMISSED, Action.REOPEN): State.OPEN,
}


class NotAllowed(ValueError):
    """The action does not fit the state; the message says what would."""


@dataclass(frozen=True, kw_only=True)
class Episode:
    """What the scan needs to remember of the latest episode of one rule for one organization.

    `scans_not_true` counts scans in a row without the condition. `was_false_since` belongs to a closed
    episode: whether it may return. `money_at_stake` is that of the last scan in which it was true, while it was open
    or snoozed.
    """

    state: State
    last_scan_at: datetime | None = None
    scans_not_true: int = 0
    was_false_since: bool = False
    snoozed_until: date | None = None
    closed_at: datetime | None = None
    money_at_stake: Decimal = Decimal(0)
    currency: str = ""


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What one scan saw: `condition` is None when it could not tell; `scanned_at` names the scan."""

    scanned_at: datetime
    today: date
    condition: bool | None
    rule_is_off: bool = False
    money_at_stake: Decimal = Decimal(0)
    currency: str = ""


@dataclass(frozen=True)
class Decision:
    """What to do, and what to remember of the episode (of the new one after `open`)."""

    transition: Transition
    episode: Episode | None


def decide(episode: Episode | None, seen: Observation) -> Decision:
    """Decide what a scan does with a signal; `episode` is None when there never was one."""
    is_unknown = seen.condition is None and not seen.rule_is_off
    if is_unknown or (episode and is_counted(episode, seen)):
        return Decision(Transition.NONE, episode)
    if seen.rule_is_off:
        return let_go(episode, seen)
    if episode is None:
        return begin(seen) if seen.condition else Decision(Transition.NONE, None)
    if episode.state in LIVE:
        return decide_live(replace(episode, last_scan_at=seen.scanned_at), seen)
    if seen.condition and may_return(episode, seen):
        return begin(seen)
    was_false = episode.was_false_since or not seen.condition
    kept = replace(episode, last_scan_at=seen.scanned_at, was_false_since=was_false)
    return Decision(Transition.NONE, kept)


def is_counted(episode: Episode, seen: Observation) -> bool:
    return episode.last_scan_at is not None and seen.scanned_at <= episode.last_scan_at


def begin(seen: Observation) -> Decision:
    new = Episode(
        state=State.OPEN,
        last_scan_at=seen.scanned_at,
        money_at_stake=seen.money_at_stake,
        currency=seen.currency,
    )
    return Decision(Transition.OPEN, new)


def let_go(episode: Episode | None, seen: Observation) -> Decision:
    """End an episode whose rule was switched off, at once, unless somebody closed it or snoozed it beyond today."""
    if episode is None or not (episode.state is State.OPEN or snooze_is_over(episode, seen.today)):
        return Decision(Transition.NONE, episode)
    return Decision(Transition.RESOLVE, ended(replace(episode, last_scan_at=seen.scanned_at), seen))


def ended(episode: Episode, seen: Observation) -> Episode:
    """Closed by a scan: it may return as soon as it is found true again."""
    return replace(episode, state=State.RESOLVED, was_false_since=True, snoozed_until=None, closed_at=seen.scanned_at)


def decide_live(episode: Episode, seen: Observation) -> Decision:
    if not seen.condition:
        return count_false(episode, seen)
    kept = replace(episode, scans_not_true=0, money_at_stake=seen.money_at_stake, currency=seen.currency)
    if snooze_is_over(kept, seen.today):
        return Decision(Transition.WAKE, replace(kept, state=State.OPEN, snoozed_until=None))
    return Decision(Transition.NONE, kept)


def count_false(episode: Episode, seen: Observation) -> Decision:
    counted = replace(episode, scans_not_true=episode.scans_not_true + 1)
    if counted.scans_not_true < SCANS_TO_RESOLVE:
        return Decision(Transition.NONE, counted)
    return Decision(Transition.RESOLVE, ended(counted, seen))


def snooze_is_over(episode: Episode, today: date) -> bool:
    until = episode.snoozed_until
    return episode.state is State.SNOOZED and (until is None or today >= until)


def may_return(episode: Episode, seen: Observation) -> bool:
    """Tell whether a closed signal whose condition is true begins a new episode.

    Money in two currencies can't be compared: what was closed before the change waits to be seen not true.
    """
    if episode.was_false_since:
        return True
    if episode.currency and episode.currency != seen.currency:
        return False
    cooled = episode.closed_at is not None and seen.scanned_at >= episode.closed_at + COOL_DOWN
    grown = seen.money_at_stake >= episode.money_at_stake * GROWTH_TO_RETURN
    return cooled and grown and seen.money_at_stake > episode.money_at_stake


def after(state: State, action: Action) -> State:
    """Return the state after a person's action; raise NotAllowed with what would be possible."""
    try:
        return TABLE[state, action]
    except KeyError:
        possible = ", ".join(allowed(state))
        sentence = f"A signal that is {state} can't be changed by {action}; possible: {possible}."
        raise NotAllowed(sentence) from None


def allowed(state: State) -> list[Action]:
    """Return what people may do now, in the order of the buttons."""
    return [action for action in Action if (state, action) in TABLE]


def act(episode: Episode, action: Action, now: datetime, today: date, until: date | None = None) -> Episode:
    """Return the episode after a person's action at `now`; a snooze needs `until`. Raise NotAllowed.

    A closed episode keeps the money at stake of its last scan, to be compared with after the cool-down.
    """
    changed = replace(episode, state=after(episode.state, action), snoozed_until=None, was_false_since=False)
    if action is Action.SNOOZE:
        if until is None or until <= today:
            raise NotAllowed("A snooze needs a day in the future; choose one from tomorrow on.")
        return replace(changed, snoozed_until=until)
    closed_at = None if action is Action.REOPEN else now
    return replace(changed, scans_not_true=0, closed_at=closed_at)
