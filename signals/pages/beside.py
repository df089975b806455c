"""What a person can do with a signal, as it stands beside each: drawn once a page and filled in for every signal.

A page shows hundreds of signals, each with forms of four kilobytes in which a few words differ.
"""

from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join

from config.backoffice import settings
from orgs import scopes
from signals.models import Signal
from signals.pages import undoing

SNOOZES = (7, 14, 30)
SOON = timedelta(days=7)
# What stands in the drawn forms where signals differ; ids are numbers, as addresses are made of them.
SLOTS = {
    "signal": "4611686018427387905",
    "organization": "4611686018427387907",
    "type": "the-type-of-the-signal",
    "assignee": "the-assignee-of-the-signal",
}
PARTS = {"back": "_back.html", "until": "_until.html", "followup": "_followup_form.html"}


class Actions:
    """The forms of one page. `shown`: `staff`, `snoozes` and `due`, what they offer."""

    def __init__(self, request: HttpRequest, shown: dict[str, Any]) -> None:
        self.request, self.shown = request, shown
        self.drawn: dict[str, str] = {}

    def of(self, signal: Signal) -> str:
        """Those that its state allows."""
        if signal.state not in self.drawn:
            self.drawn[signal.state] = self.draw(signal.state)
        return format_html(
            self.drawn[signal.state],
            signal=signal.pk,
            organization=signal.organization_id,
            type=signal.get_type_display(),
            assignee=signal.assignee or "Assign",
        )

    def draw(self, state: str) -> str:
        """The template for a signal of a state, as a format with the names of SLOTS."""
        once = {name: self.part(file_name) for name, file_name in PARTS.items()}
        signal = SimpleNamespace(
            pk=SLOTS["signal"],
            organization_id=SLOTS["organization"],
            state=state,
            get_type_display=SLOTS["type"],
            assignee=SLOTS["assignee"],
        )
        text = render_to_string("admin/signals/_signal_actions.html", {**self.shown, "once": once, "signal": signal})
        text = text.replace("{", "{{").replace("}", "}}")
        for name, slot in SLOTS.items():
            text = text.replace(slot, f"{{{name}}}")
        return text

    def part(self, file_name: str) -> str:
        """What is the same in several forms."""
        return render_to_string(f"admin/signals/{file_name}", self.shown, self.request)


def choices(request: HttpRequest, now: datetime) -> dict:
    """What the actions on a row need: who may be assigned, how long to snooze, what was just done."""
    day = settings.today(now)
    shown = {"staff": staff_options(request), "snoozes": snoozes(day), "due": day + SOON}
    can_act = request.user.has_perm("signals.change_signal")
    return {
        **shown,
        "undo": undoing.offered(request),
        "can_act": can_act,
        "actions": Actions(request, shown) if can_act else None,
    }


def staff_options(request: HttpRequest) -> str:
    """Who may be given work, oneself first, as options of a select: written once a page, not once a row."""
    people = sorted(scopes.staff(), key=lambda person: person.pk != request.user.pk)
    return format_html_join("", '<option value="{}">{}</option>', ((person.pk, person) for person in people))


def snoozes(today: date) -> list[tuple[int, str]]:
    """How long, and until which day."""
    return [(days, (today + timedelta(days=days)).isoformat()) for days in SNOOZES]
