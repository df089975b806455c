"""The life cycle as a table: from every state, what a scan and what people do, with its line in the audit trail."""

from datetime import timedelta

import pytest

from config.backoffice import audit
from revenue.models import Subscription
from signals import handling, scoring, snapshots
from signals.detection import scan
from signals.lifecycle import Action, NotAllowed
from signals.models import Signal
from tests.factories import staff
from tests.signals.world import NOW, TODAY, days_ago, silent

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SOON = TODAY + timedelta(days=3)
OPEN, SNOOZED, RESOLVED, DISMISSED = Signal.State.values
# From a state, by an act of a person: the state after it and the line of the trail; whatever is not here is refused.
PEOPLE = {
    (OPEN, Action.SNOOZE): (SNOOZED, "signal.snoozed"),
    (OPEN, Action.DISMISS): (DISMISSED, "signal.dismissed"),
    (OPEN, Action.RESOLVE): (RESOLVED, "signal.resolved"),
    (SNOOZED, Action.SNOOZE): (SNOOZED, "signal.snoozed"),
    (SNOOZED, Action.DISMISS): (DISMISSED, "signal.dismissed"),
    (SNOOZED, Action.RESOLVE): (RESOLVED, "signal.resolved"),
    (SNOOZED, Action.REOPEN): (OPEN, "signal.reopened"),
    (RESOLVED, Action.REOPEN): (OPEN, "signal.reopened"),
    (DISMISSED, Action.REOPEN): (OPEN, "signal.reopened"),
}
# By scans from a state, true or not at each: the state after them and the line, "" when nothing moves. The three days
# of a snooze are over with the last one.
SCANS = [
    (OPEN, [True], 0, OPEN, ""),
    (OPEN, [False], 0, OPEN, ""),
    (OPEN, [False, True, False], 0, OPEN, ""),
    (OPEN, [False, False], 0, RESOLVED, "signal.resolved"),
    (SNOOZED, [True, True], 0, SNOOZED, ""),
    (SNOOZED, [True], 3, OPEN, "signal.woken"),
    (SNOOZED, [False], 3, SNOOZED, ""),
    (SNOOZED, [False, False], 0, RESOLVED, "signal.resolved"),
    (RESOLVED, [True, True], 0, RESOLVED, ""),
    (RESOLVED, [False, False], 0, RESOLVED, ""),
    (DISMISSED, [True, True], 0, DISMISSED, ""),
    (DISMISSED, [False, False], 0, DISMISSED, ""),
]
WAYS = {OPEN: None, SNOOZED: Action.SNOOZE, RESOLVED: Action.RESOLVE, DISMISSED: Action.DISMISS}


@pytest.fixture
def ada():
    return staff("ada")


def scored_scan(moment) -> None:
    scoring.score(moment.date(), moment)
    scan(moment.date(), moment, moment)


def act(signal: Signal, action: Action, actor, now) -> Signal:
    until = SOON if action is Action.SNOOZE else None
    return handling.act(signal.pk, action, actor=actor, now=now, reason="Because", until=until)


def signal_in(state: str, actor) -> Signal:
    """The signal of a silent customer, brought into a state the way people do."""
    silent()
    snapshots.refresh(NOW)
    scored_scan(NOW)
    found = Signal.objects.get(type="inactive_paying")
    if way := WAYS[state]:
        act(found, way, actor, NOW + MINUTE)
    found.refresh_from_db()
    assert found.state == state
    return found


def lines(signal: Signal) -> list[tuple]:
    """Both histories of a signal, oldest first: they tell the same."""
    trail = [(line.action, line.actor, line.at) for line in audit.of(signal).order_by("id")]
    moves = [(each.actor, each.at) for each in signal.transitions.order_by("id")]
    assert [(actor, at) for _, actor, at in trail] == moves
    return trail


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("state", Signal.State.values)
def test_people(ada, state, action):
    signal = signal_in(state, ada)
    before = lines(signal)
    now = NOW + HOUR
    if (state, action) not in PEOPLE:
        kept = Signal.objects.filter(pk=signal.pk).values().get()
        with pytest.raises(NotAllowed):
            act(signal, action, ada, now)
        assert Signal.objects.filter(pk=signal.pk).values().get() == kept
        assert lines(signal) == before
        return
    after, line = PEOPLE[state, action]
    act(signal, action, ada, now)
    signal.refresh_from_db()
    assert (signal.state, signal.changed_at) == (after, now)
    assert (signal.closed_at == now) is (after in (RESOLVED, DISMISSED))
    assert signal.snoozed_until == (SOON if after == SNOOZED else None)
    assert lines(signal) == [*before, (line, ada, now)]
    last = signal.transitions.order_by("id").last()
    assert (last.from_state, last.to_state, last.reason) == (state, after, "Because")
    shown = signal.organization.snapshot
    shown.refresh_from_db()
    assert ("inactive_paying" in shown.open_signals) is (after == OPEN)


@pytest.mark.parametrize(("state", "truths", "days", "after", "line"), SCANS)
def test_scans(ada, state, truths, days, after, line):
    signal = signal_in(state, ada)
    before = lines(signal)
    moment = NOW + timedelta(days=days)
    for is_true in truths:
        moment += HOUR
        Subscription.objects.update(end_on=None if is_true else days_ago(1))
        scored_scan(moment)
    signal.refresh_from_db()
    assert signal.state == after
    assert lines(signal) == [*before, *([(line, None, moment)] if line else [])]
    assert Signal.objects.filter(type="inactive_paying").count() == 1


@pytest.mark.parametrize("state", [RESOLVED, DISMISSED])
def test_a_closed_one_returns_as_another_when_it_was_not_true_in_between(ada, state):
    signal = signal_in(state, ada)
    for hours, is_true in ((1, False), (2, True)):
        Subscription.objects.update(end_on=None if is_true else days_ago(1))
        scored_scan(NOW + hours * HOUR)
    signal.refresh_from_db()
    again = Signal.objects.filter(type="inactive_paying").latest("id")
    assert (signal.state, again.state, again.opened_at) == (state, OPEN, NOW + 2 * HOUR)
    assert lines(again) == [("signal.opened", None, NOW + 2 * HOUR)]
