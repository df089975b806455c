"""What people do with signals: each act once, with its reason, and never over somebody else's."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from config.backoffice import audit
from config.backoffice.models import AuditEntry
from signals import handling, scoring, snapshots
from signals.detection import scan
from signals.handling import Refused
from signals.lifecycle import Action, NotAllowed
from signals.models import Signal, SignalTransition
from tests import factories
from tests.signals.world import NOW, TODAY, silent

LATER = NOW + timedelta(minutes=5)
HOUR = timedelta(hours=1)


@pytest.fixture
def drop(db) -> Signal:
    """The usage drop of an organization that is inactive too."""
    silent()
    snapshots.refresh(NOW)
    scan(TODAY, NOW, NOW)
    return Signal.objects.get(type="usage_drop")


@pytest.fixture
def ada(db):
    return factories.staff()


def shown() -> tuple[list[str], int, str]:
    row = Signal.objects.first().organization.snapshot
    row.refresh_from_db()
    return row.open_signals, row.open_signal_count, f"{row.priority:.2f}"


def test_dismiss_leaves_reason_transition_audit_and_snapshot(drop, ada):
    assert shown() == (["usage_drop", "inactive_paying"], 2, "674.94")
    done = handling.act(drop.pk, Action.DISMISS, actor=ada, now=LATER, reason=" Holiday\0 season ", is_false_alarm=True)
    drop.refresh_from_db()
    assert done == drop
    assert (drop.state, drop.reason, drop.is_false_alarm) == ("dismissed", "Holiday season", True)
    assert (drop.closed_at, drop.changed_at, drop.was_false_since) == (LATER, LATER, False)
    last = drop.transitions.first()
    assert (last.from_state, last.to_state, last.actor, last.reason, last.at) == (
        "open",
        "dismissed",
        ada,
        "Holiday season",
        LATER,
    )
    line, opened = audit.of(drop)
    assert (opened.action, opened.actor, opened.detail) == ("signal.opened", None, {"reason": drop.sentence})
    assert opened.subject_label == f"Usage drop of {drop.organization}"
    assert (line.action, line.actor, line.detail) == (
        "signal.dismissed",
        ada,
        {"reason": "Holiday season", "from": "open"},
    )
    assert shown() == (["inactive_paying"], 1, "318.78")


def test_snooze_resolve_and_reopen(drop, ada):
    until = TODAY + timedelta(days=7)
    snoozed = handling.act(drop.pk, Action.SNOOZE, actor=ada, now=LATER, reason="Migration", until=until)
    assert (snoozed.state, snoozed.snoozed_until, snoozed.closed_at) == ("snoozed", until, None)
    assert shown()[0] == ["inactive_paying"]
    opened = handling.act(drop.pk, Action.REOPEN, actor=ada, now=LATER + HOUR)
    assert (opened.state, opened.snoozed_until, opened.reason) == ("open", None, "")
    assert shown()[0] == ["usage_drop", "inactive_paying"]
    resolved = handling.act(drop.pk, Action.RESOLVE, actor=ada, now=LATER + 2 * HOUR)
    assert (resolved.state, resolved.closed_at) == ("resolved", LATER + 2 * HOUR)


@pytest.mark.parametrize(
    ("action", "values", "error", "words"),
    [
        (Action.DISMISS, {"reason": "  "}, Refused, "Say why it is dismissed"),
        (Action.SNOOZE, {"until": TODAY + timedelta(days=1)}, Refused, "Say why it is snoozed"),
        (Action.SNOOZE, {"reason": "Wait"}, NotAllowed, "needs a day in the future"),
        (Action.SNOOZE, {"reason": "Wait", "until": TODAY}, NotAllowed, "from tomorrow on"),
        (Action.DISMISS, {"reason": "x" * 501}, Refused, "501 characters"),
        (Action.RESOLVE, {"is_false_alarm": True}, Refused, "Only a dismissed signal"),
        (Action.REOPEN, {}, NotAllowed, "possible: snooze, dismiss, resolve"),
    ],
)
def test_refusals_change_nothing(drop, ada, action, values, error, words):
    before = Signal.objects.filter(pk=drop.pk).values().get()
    with pytest.raises(error, match=words):
        handling.act(drop.pk, action, actor=ada, now=LATER, **values)
    assert Signal.objects.filter(pk=drop.pk).values().get() == before
    assert (SignalTransition.objects.count(), AuditEntry.objects.count()) == (2, 2)


def test_assign_to_staff_and_to_nobody(drop, ada):
    assert handling.assign(drop.pk, ada, actor=ada, now=LATER).assignee == ada
    assert drop.transitions.first().reason == "Assigned to ada."
    assert handling.assign(drop.pk, None, actor=ada, now=LATER + HOUR).assignee is None
    assert [line.action for line in audit.of(drop)] == ["signal.assigned", "signal.assigned", "signal.opened"]


def test_a_closed_signal_and_a_stranger_are_not_assigned(drop, ada):
    with pytest.raises(Refused, match="active member of staff"):
        handling.assign(drop.pk, factories.staff("bob", is_staff=False), actor=ada, now=LATER)
    handling.act(drop.pk, Action.RESOLVE, actor=ada, now=LATER)
    with pytest.raises(NotAllowed, match="resolved can't be assigned"):
        handling.assign(drop.pk, ada, actor=ada, now=LATER)
    drop.refresh_from_db()
    assert drop.assignee is None


def test_only_the_latest_signal_of_its_kind_is_reopened(drop, ada):
    handling.act(drop.pk, Action.RESOLVE, actor=ada, now=LATER)
    values = {"type": "usage_drop", "sentence": "", "opened_at": LATER, "changed_at": LATER}
    Signal.objects.create(organization=drop.organization, state="dismissed", **values)
    with pytest.raises(NotAllowed, match="newer signal"):
        handling.act(drop.pk, Action.REOPEN, actor=ada, now=LATER + HOUR)
    drop.refresh_from_db()
    assert drop.state == "resolved"


def together(*works) -> list[object]:
    """Each work in a thread with a connection of its own, started at once; results or errors in order."""
    barrier, outcomes = threading.Barrier(len(works)), [None] * len(works)

    def go(place: int, work) -> None:
        try:
            barrier.wait(timeout=10)
            outcomes[place] = work()
        except Exception as error:
            outcomes[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return outcomes


@pytest.mark.django_db(transaction=True)
class TestRaces:
    @pytest.fixture
    def world(self, transactional_db):
        silent()
        snapshots.refresh(NOW)
        scan(TODAY, NOW, NOW)
        return Signal.objects.get(type="usage_drop"), factories.staff("ada"), factories.staff("bob")

    def test_two_people_dismiss(self, world):
        drop, ada, bob = world
        outcomes = together(
            *(
                lambda who=who: handling.act(drop.pk, Action.DISMISS, actor=who, now=LATER, reason=str(who))
                for who in (ada, bob)
            )
        )
        [won] = [each for each in outcomes if isinstance(each, Signal)]
        [lost] = [each for each in outcomes if isinstance(each, NotAllowed)]
        assert "dismissed" in str(lost)
        drop.refresh_from_db()
        assert (drop.state, drop.reason) == ("dismissed", won.reason)
        assert drop.transitions.count() == 2
        assert AuditEntry.objects.filter(action="signal.dismissed").count() == 1
        assert shown() == (["inactive_paying"], 1, "318.78")

    def test_somebody_moves_it_between_reading_and_writing(self, world, monkeypatch):
        """The other's dismissal commits after this act has read the signal as open."""
        drop, ada, bob = world
        decide = handling.refuse_an_old_one

        def slowly(signal, action):
            if action is Action.RESOLVE:
                [other] = together(lambda: handling.act(drop.pk, Action.DISMISS, actor=bob, now=LATER, reason="Known"))
                assert isinstance(other, Signal)
            decide(signal, action)

        monkeypatch.setattr(handling, "refuse_an_old_one", slowly)
        with pytest.raises(NotAllowed, match="Somebody was faster: this signal is dismissed now"):
            handling.act(drop.pk, Action.RESOLVE, actor=ada, now=LATER)
        drop.refresh_from_db()
        assert (drop.state, drop.reason, drop.transitions.count()) == ("dismissed", "Known", 2)

    def test_a_dismissal_and_scans_at_once(self, world):
        drop, ada, _ = world
        for step in range(3):
            moment = NOW + HOUR * (step + 1)
            scoring.score(TODAY, moment)
            outcomes = together(
                lambda moment=moment: scan(TODAY, moment, moment),
                lambda moment=moment: handling.act(drop.pk, Action.DISMISS, actor=ada, now=moment, reason="Known"),
                lambda moment=moment: snapshots.refresh(moment),
            )
            assert not [each for each in outcomes if isinstance(each, Exception)]
            drop.refresh_from_db()
            assert (drop.state, drop.reason) == ("dismissed", "Known")
            assert shown() == (["inactive_paying"], 1, "318.78")
            handling.act(drop.pk, Action.REOPEN, actor=ada, now=moment + HOUR / 2)
            assert shown()[1] == 2

    def test_two_scans_at_once_open_once(self, world):
        Signal.objects.all().delete()
        moment = NOW + HOUR
        outcomes = together(*[lambda: scan(TODAY, moment, moment)] * 2)
        assert sorted(each.opened for each in outcomes) == [0, 2]
        assert Signal.objects.count() == 2
