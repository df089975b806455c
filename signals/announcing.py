"""Telling other systems what becomes of signals and data incidents: rows of the outbox, in the act's transaction."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from config.backoffice.outbox import webhooks
from signals.models import DataIncident, Signal, SignalTransition

EVENTS = {
    "signal.opened": "A signal was opened",
    "signal.reopened": "A signal is open again",
    "signal.snoozed": "A signal was snoozed",
    "signal.resolved": "A signal was resolved",
    "signal.dismissed": "A signal was dismissed",
    "signal.assigned": "A signal was given to somebody",
    "incident.opened": "An application's events broke down",
    "incident.resolved": "A data incident is over",
}
for _name, _title in EVENTS.items():
    webhooks.register_event(_name, _title)


def announce(transitions: Iterable[SignalTransition], now: datetime, event: str = "") -> int:
    """Write one delivery for each transition and endpoint that asked for it; how many.

    Without an `event` the states tell it: that is what a scan does.
    """
    transitions = list(transitions)
    if not transitions or not webhooks.is_anybody_listening():
        return 0
    about = Signal.objects.select_related("organization", "assignee").in_bulk({each.signal_id for each in transitions})
    told = ((event or event_of(each), payload(each, about[each.signal_id])) for each in transitions)
    return webhooks.announce(told, now)


def event_of(transition: SignalTransition) -> str:
    """What a scan did, by the states before and after."""
    if transition.to_state == Signal.State.OPEN:
        return "signal.reopened" if transition.from_state else "signal.opened"
    return f"signal.{transition.to_state}"


def payload(transition: SignalTransition, signal: Signal) -> dict[str, Any]:
    """What a receiver needs without asking back; money as text, so that nothing is lost on the way."""
    return {
        "signal": signal.pk,
        "type": signal.type,
        "title": signal.get_type_display(),
        "from_state": transition.from_state or None,
        "state": transition.to_state,
        "organization": signal.organization.external_id,
        "display_name": signal.organization.display_name,
        "sentence": signal.sentence,
        "mrr": str(signal.mrr),
        "money_at_stake": str(signal.money_at_stake),
        "reason": transition.reason,
        "actor": None if transition.actor is None else str(transition.actor),
        "assignee": None if signal.assignee is None else str(signal.assignee),
        "opened_at": signal.opened_at,
        "at": transition.at,
    }


def announce_incident(incident: DataIncident, event: str, now: datetime) -> int:
    """One delivery for each endpoint that asked for it; how many."""
    data = {
        "incident": incident.pk,
        "application": incident.application.name,
        "first_day": incident.first_day,
        "sentence": incident.sentence,
        "reason": incident.reason,
        "is_false_alarm": incident.is_false_alarm,
        "actor": None if incident.resolved_by is None else str(incident.resolved_by),
        "opened_at": incident.opened_at,
        "resolved_at": incident.resolved_at,
        "at": now,
    }
    return webhooks.announce([(event, data)], now)
