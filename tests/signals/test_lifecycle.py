from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from signals.lifecycle import (
    Action,
    Episode,
    NotAllowed,
    Observation,
    State,
    Transition,
    act,
    allowed,
    decide,
)

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
TODAY = date(2026, 3, 2)


def seen(condition, day=0, money="100", **delta):
    moment = START + timedelta(days=day, **delta)
    return Observation(scanned_at=moment, today=moment.date(), condition=condition, money_at_stake=Decimal(money))


def run(episode, *observations):
    """Return the transitions of scans in a row, and the episode they leave behind."""
    transitions = []
    for observation in observations:
        decision = decide(episode, observation)
        transitions.append(decision.transition)
        episode = decision.episode
    return transitions, episode


OPEN = Episode(state=State.OPEN, last_scan_at=START, money_at_stake=Decimal(100))
SNOOZED = replace(OPEN, state=State.SNOOZED, snoozed_until=date(2026, 3, 5))
DISMISSED = act(OPEN, Action.DISMISS, START, TODAY)


def test_the_first_true_scan_opens():
    assert run(None, seen(False))[1] is None
    transitions, episode = run(None, seen(True))
    assert transitions == [Transition.OPEN]
    assert episode == OPEN


def test_two_false_scans_in_a_row_resolve():
    transitions, episode = run(OPEN, seen(False, 1), seen(True, 2), seen(False, 3), seen(False, 4))
    assert transitions == [Transition.NONE, Transition.NONE, Transition.NONE, Transition.RESOLVE]
    assert (episode.state, episode.closed_at) == (State.RESOLVED, START + timedelta(days=4))


def test_a_scan_that_is_run_again_counts_once():
    transitions, episode = run(OPEN, seen(False, 1), seen(False, 1), seen(False, 0))
    assert transitions == [Transition.NONE] * 3
    assert episode.scans_not_true == 1


def test_what_is_resolved_by_the_scan_opens_again_when_true():
    _, resolved = run(OPEN, seen(False, 1), seen(False, 2))
    transitions, again = run(resolved, seen(True, 3))
    assert transitions == [Transition.OPEN]
    assert (again.scans_not_true, again.was_false_since) == (0, False)


def test_money_in_two_currencies_is_not_compared():
    dismissed = replace(DISMISSED, currency="EUR")
    more = seen(True, day=40, money="300")
    assert run(dismissed, replace(more, currency="EUR"))[0] == [Transition.OPEN]
    assert run(dismissed, replace(more, currency="JPY"))[0] == [Transition.NONE]
    falsely = replace(seen(False, day=41), currency="JPY")
    assert run(dismissed, falsely, replace(seen(True, day=42), currency="JPY"))[0] == [
        Transition.NONE,
        Transition.OPEN,
    ]


def test_a_rule_that_is_off_lets_go_of_what_waits_alone():
    def off(day):
        return replace(seen(None, day), rule_is_off=True)

    assert run(None, off(1)) == ([Transition.NONE], None)
    assert run(DISMISSED, off(1)) == ([Transition.NONE], DISMISSED)
    transitions, episode = run(OPEN, off(1), off(2), seen(True, 3))
    assert transitions == [Transition.RESOLVE, Transition.NONE, Transition.OPEN]
    transitions, episode = run(SNOOZED, off(2), off(3))
    assert transitions == [Transition.NONE, Transition.RESOLVE]
    assert (episode.state, episode.snoozed_until, episode.closed_at) == (
        State.RESOLVED,
        None,
        START + timedelta(days=3),
    )


def test_an_unknown_condition_moves_nothing():
    for episode in (None, OPEN, replace(OPEN, scans_not_true=1), SNOOZED, DISMISSED):
        assert run(episode, seen(None, 40)) == ([Transition.NONE], episode)


@pytest.mark.parametrize(("day", "transition"), [(2, Transition.NONE), (3, Transition.WAKE)])
def test_a_snooze_ends_on_its_day(day, transition):
    transitions, episode = run(SNOOZED, seen(True, day))
    assert transitions == [transition]
    assert episode.state is (State.OPEN if transition is Transition.WAKE else State.SNOOZED)


def test_a_snooze_does_not_wake_what_is_no_longer_true():
    transitions, episode = run(SNOOZED, seen(False, 3), seen(False, 4))
    assert transitions == [Transition.NONE, Transition.RESOLVE]
    assert episode.state is State.RESOLVED


def test_dismissed_stays_while_true():
    transitions, episode = run(DISMISSED, *(seen(True, day) for day in range(1, 60)))
    assert set(transitions) == {Transition.NONE}
    assert episode.state is State.DISMISSED


def test_dismissed_returns_after_it_was_false_once():
    transitions, episode = run(DISMISSED, seen(False, 1), seen(True, 2))
    assert transitions == [Transition.NONE, Transition.OPEN]
    assert episode.state is State.OPEN


@pytest.mark.parametrize(
    ("days", "seconds", "money", "transition"),
    [
        (30, 0, "150", Transition.OPEN),
        (30, -1, "150", Transition.NONE),
        (30, 0, "149.99", Transition.NONE),
    ],
)
def test_dismissed_returns_after_the_cool_down_when_money_grew_by_half(days, seconds, money, transition):
    assert run(DISMISSED, seen(True, days, money, seconds=seconds))[0] == [transition]


def test_half_of_nothing_is_no_growth():
    worthless = replace(DISMISSED, money_at_stake=Decimal(0))
    assert run(worthless, seen(True, 30, "0"))[0] == [Transition.NONE]
    assert run(worthless, seen(True, 30, "0.01"))[0] == [Transition.OPEN]


def test_money_at_close_is_that_of_the_last_true_scan():
    _, episode = run(OPEN, seen(True, 1, "200"), seen(False, 2, "0"))
    dismissed = act(episode, Action.DISMISS, START + timedelta(days=2), date(2026, 3, 4))
    assert dismissed.money_at_stake == Decimal(200)
    assert run(dismissed, seen(True, 40, "299"))[0] == [Transition.NONE]
    assert run(dismissed, seen(True, 40, "300"))[0] == [Transition.OPEN]


def test_resolved_by_hand_waits_like_dismissed():
    resolved = act(OPEN, Action.RESOLVE, START, TODAY)
    assert run(resolved, seen(True, 1))[0] == [Transition.NONE]
    assert run(resolved, seen(False, 1), seen(True, 2))[0] == [Transition.NONE, Transition.OPEN]


@pytest.mark.parametrize(
    ("state", "actions"),
    [
        (State.OPEN, [Action.SNOOZE, Action.DISMISS, Action.RESOLVE]),
        (State.SNOOZED, [Action.SNOOZE, Action.DISMISS, Action.RESOLVE, Action.REOPEN]),
        (State.RESOLVED, [Action.REOPEN]),
        (State.DISMISSED, [Action.REOPEN]),
    ],
)
def test_what_people_may_do(state, actions):
    assert allowed(state) == actions


def test_a_refusal_says_what_is_possible():
    with pytest.raises(NotAllowed, match="A signal that is dismissed can't be changed by snooze; possible: reopen"):
        act(DISMISSED, Action.SNOOZE, START, TODAY, until=date(2026, 3, 9))


@pytest.mark.parametrize("until", [None, TODAY, date(2026, 3, 1)])
def test_a_snooze_needs_a_day_in_the_future(until):
    with pytest.raises(NotAllowed, match="choose one from tomorrow on"):
        act(OPEN, Action.SNOOZE, START, TODAY, until=until)


def test_snooze_and_undo():
    snoozed = act(OPEN, Action.SNOOZE, START, TODAY, until=date(2026, 3, 5))
    assert snoozed == SNOOZED
    assert act(snoozed, Action.REOPEN, START, TODAY) == OPEN
    assert act(DISMISSED, Action.REOPEN, START, TODAY) == OPEN
