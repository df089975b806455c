"""What people do with a signal: snooze, dismiss, resolve, reopen, assign.

Each act changes the state it has read, by conditional update, and leaves a transition and a line in the audit trail.
"""

from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from config.backoffice import audit, settings
from config.backoffice.refused import Refused, checked
from orgs import removal
from orgs.importing.restoring import keeps_its_organization
from signals import announcing, lifecycle
from signals.detection import episode_of
from signals.lifecycle import Action, NotAllowed
from signals.models import Signal, SignalTransition
from signals.snapshots import refresh_signal_columns

LONGEST_REASON = 500
NEEDS_REASON = {
    Action.SNOOZE: "Say why it is snoozed: whoever reads it next needs the reason.",
    Action.DISMISS: "Say why it is dismissed: whoever reads it next needs the reason.",
}
PAST = {
    Action.SNOOZE: "signal.snoozed",
    Action.DISMISS: "signal.dismissed",
    Action.RESOLVE: "signal.resolved",
    Action.REOPEN: "signal.reopened",
}
# Whom staff said something about stays when the import that made it is undone.
BY_STAFF = ~Q(reason="") | Q(is_false_alarm=True) | ~Q(assignee=None) | Q(transitions__actor__isnull=False)
keeps_its_organization(Signal._meta.get_field("organization"), when=BY_STAFF)
NEWER = "A newer signal of this kind exists for this organization; work with that one."


def act(
    signal_id: int,
    action: Action,
    *,
    actor: Any,
    now: datetime,
    reason: str = "",
    until: date | None = None,
    is_false_alarm: bool = False,
) -> Signal:
    """Change a signal's state. NotAllowed when the state does not permit it or has moved on, Refused without a reason.

    `until` is the day a snooze ends, `is_false_alarm` belongs to a dismissal.
    """
    reason = stated(action, reason, is_false_alarm)
    try:
        with transaction.atomic():
            signal = Signal.objects.select_related("organization").get(id=signal_id)
            removal.hold(signal.organization_id)
            after = lifecycle.act(episode_of(signal), action, now, settings.today(now), until)
            refuse_an_old_one(signal, action)
            values = {
                "state": after.state.value,
                "snoozed_until": after.snoozed_until,
                "closed_at": after.closed_at,
                "was_false_since": after.was_false_since,
                "scans_not_true": after.scans_not_true,
                "reason": "" if action is Action.REOPEN else reason,
                "is_false_alarm": is_false_alarm,
            }
            moved = move(signal, values, now)
            note(moved, signal.state, PAST[action], reason=reason, actor=actor, now=now)
            detail = {"reason": reason, "from": signal.state} | ({"until": until.isoformat()} if until else {})
            audit.record(actor, PAST[action], moved, detail=detail, now=now)
            refresh_signal_columns([moved.organization_id], now)
    except IntegrityError as error:
        raise NotAllowed(NEWER) from error
    return moved


def assign(signal_id: int, assignee: Any, *, actor: Any, now: datetime) -> Signal:
    """Give a live signal to a member of staff, or to nobody (None)."""
    if assignee is not None and not (assignee.is_active and assignee.is_staff):
        raise Refused(f"{assignee} can't open this back office; choose an active member of staff.")
    with transaction.atomic():
        signal = Signal.objects.select_related("organization").get(id=signal_id)
        removal.hold(signal.organization_id)
        if signal.state not in lifecycle.LIVE:
            raise NotAllowed(f"A signal that is {signal.state} can't be assigned; reopen it first.")
        moved = move(signal, {"assignee": assignee}, now)
        words = f"Assigned to {assignee}." if assignee is not None else "Assigned to nobody."
        note(moved, signal.state, "signal.assigned", reason=words, actor=actor, now=now)
        audit.record(actor, "signal.assigned", moved, detail={"to": str(assignee or "")}, now=now)
        refresh_signal_columns([moved.organization_id], now)
    return moved


def stated(action: Action, reason: str, is_false_alarm: bool) -> str:
    """The reason as it is stored, or Refused."""
    text = checked(reason, LONGEST_REASON, what="The reason", missing=NEEDS_REASON.get(action, ""))
    if is_false_alarm and action is not Action.DISMISS:
        raise Refused("Only a dismissed signal can be a false alarm; dismiss it.")
    return text


def refuse_an_old_one(signal: Signal, action: Action) -> None:
    """Only the latest signal of its kind can be reopened: the scan goes on with that one."""
    later = Signal.objects.filter(
        organization_id=signal.organization_id, type=signal.type, opened_at__gt=signal.opened_at
    )
    if action is Action.REOPEN and later.exists():
        raise NotAllowed(NEWER)


def move(signal: Signal, values: dict[str, Any], now: datetime) -> Signal:
    """Write if the signal is as it was read; else NotAllowed with what it is now."""
    as_read = Signal.objects.filter(id=signal.pk, state=signal.state, changed_at=signal.changed_at)
    if not as_read.update(**values, changed_at=now):
        current = Signal.objects.get(id=signal.pk)
        raise NotAllowed(f"Somebody was faster: this signal is {current.state} now. Reload to see what happened.")
    return Signal.objects.select_related("organization", "assignee").get(id=signal.pk)


def note(signal: Signal, before: str, event: str, *, reason: str, actor: Any, now: datetime) -> None:
    """The line of its history, and the word to whoever listens, in the transaction of the act."""
    moved = SignalTransition.objects.create(
        signal=signal, from_state=before, to_state=signal.state, reason=reason, actor=actor, at=now
    )
    announcing.announce([moved], now, event)
