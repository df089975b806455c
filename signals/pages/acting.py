"""The doors through which people act on signals, one or all that are ticked, and on data incidents."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from config.backoffice import formatting, posted
from config.backoffice.pages import register_page
from config.backoffice.refused import Refused
from orgs import scopes
from signals import handling, incidents, lifecycle
from signals.lifecycle import Action, NotAllowed
from signals.models import DataIncident, Signal
from signals.pages import undoing

DONE = {
    Action.SNOOZE: "snoozed",
    Action.DISMISS: "dismissed",
    Action.RESOLVE: "resolved",
    Action.REOPEN: "open again",
}
MOST_AT_ONCE = 500


@register_page(
    "signal_act", title="Act on a signal", permission="signals.change_signal", route="signals/<int:signal_id>/act"
)
def act_on_signal(request: HttpRequest, signal_id: int) -> HttpResponse:
    if request.method != "POST":
        return HttpResponseRedirect(reverse("admin:signals"))
    signal = get_object_or_404(Signal.objects.select_related("organization", "assignee"), id=signal_id)
    try:
        words = perform(request, signal.pk, timezone.now())
    except (NotAllowed, Refused) as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"{signal.organization}: {signal.get_type_display()} is {words}.")
        offer_undo(request, [signal], f"{signal}: {words}.")
    return HttpResponseRedirect(posted.back(request, reverse("admin:signals")))


@register_page("signals_act", title="Act on signals", permission="signals.change_signal", route="signals/act")
def act_on_signals(request: HttpRequest) -> HttpResponse:
    """Each by itself: what does not fit one signal does not hold up the others."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("admin:signals"))
    asked = posted.numbers(request, "signal")
    found = list(Signal.objects.filter(id__in=asked[:MOST_AT_ONCE]).select_related("organization", "assignee"))
    moved, words, refusals = perform_all(request, found, timezone.now())
    if moved:
        said = f"{formatting.plural(len(moved), 'signal')} {words}."
        messages.success(request, said)
        offer_undo(request, moved, said)
    for sentence, count in refusals.items():
        messages.error(request, f"{formatting.plural(count, 'signal')} not changed: {sentence}")
    if len(asked) > MOST_AT_ONCE:
        messages.warning(request, f"Only the first {MOST_AT_ONCE} signals were taken; tick the others and go on.")
    if not found:
        messages.error(request, "Tick at least one signal first.")
    return HttpResponseRedirect(posted.back(request, reverse("admin:signals")))


@register_page(
    "incident_end", title="End a data incident", permission="signals.change_signal", route="incidents/<int:pk>/end"
)
def end_incident(request: HttpRequest, pk: int) -> HttpResponse:
    if request.method == "POST":
        incident = get_object_or_404(DataIncident, pk=pk)
        is_false_alarm = request.POST.get("false_alarm") == "1"
        reason = request.POST.get("reason", "")
        try:
            incidents.end(
                incident.pk, reason=reason, is_false_alarm=is_false_alarm, actor=request.user, now=timezone.now()
            )
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, f"{incident} is over; from the next scan on signals go by its customers' usage.")
    return HttpResponseRedirect(posted.back(request, reverse("admin:index")))


def perform_all(request: HttpRequest, found: list[Signal], now: datetime) -> tuple[list[Signal], str, dict[str, int]]:
    """The signals that moved, what was done with them, and why the others did not, with their number."""
    moved, words = [], ""
    refusals: dict[str, int] = {}
    for signal in found:
        try:
            words = perform(request, signal.pk, now)
            moved.append(signal)
        except (NotAllowed, Refused) as refused:
            refusals[str(refused)] = refusals.get(str(refused), 0) + 1
    return moved, words, refusals


def perform(request: HttpRequest, signal_id: int, now: datetime) -> str:
    """One action of a person on one signal; what was done, in words."""
    name = request.POST.get("action", "")
    if name == "assign":
        assignee = scopes.staff().filter(pk=posted.number(request, "assignee")).first()
        handling.assign(signal_id, assignee, actor=request.user, now=now)
        return f"assigned to {assignee or 'nobody'}"
    is_false_alarm = name == "false_alarm" or request.POST.get("false_alarm") == "1"
    try:
        action = Action.DISMISS if name == "false_alarm" else Action(name)
    except ValueError as error:
        raise Refused("Choose what to do with the signal.") from error
    handling.act(
        signal_id,
        action,
        actor=request.user,
        now=now,
        reason=request.POST.get("reason", ""),
        until=posted.day(request, "until"),
        is_false_alarm=is_false_alarm,
    )
    return DONE[action]


def offer_undo(request: HttpRequest, before: list[Signal], said: str) -> None:
    """What was open can be opened again, and an assignment given back; `before` is how they were."""
    if request.POST.get("action") == "assign":
        people = {signal.assignee_id for signal in before}
        if len(people) == 1:
            undo(request, before, said, [("action", "assign"), ("assignee", people.pop() or "")])
    elif request.POST.get("action") != Action.REOPEN and all(each.state == lifecycle.State.OPEN for each in before):
        undo(request, before, said, [("action", "reopen"), ("reason", "Undone")])


def undo(request: HttpRequest, signals: list[Signal], said: str, fields: list[tuple[str, Any]]) -> None:
    ticked = [("signal", signal.pk) for signal in signals]
    undoing.offer(request, said, reverse("admin:signals_act"), [*ticked, *fields])
