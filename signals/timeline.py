"""What happened with a customer, newest first: notes, follow-ups, signals, imports, changes by hand."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from config.backoffice import audit
from orgs.models import ImportBatch, LedgerEntry, Organization, Sentiment
from revenue.models import Subscription
from signals.models import SignalTransition

SHOWN = 30
FIELDS = {"owner": "Owner", "display_name": "Name", "segment": "Segment", "renewal_on": "Renewal"}


@dataclass(frozen=True)
class Entry:
    """One thing that happened: its kind in a word, what it was, who did it ("" for the system)."""

    at: datetime
    kind: str
    words: str
    who: str
    more: str = ""


def timeline(organization: Organization, user: Any, limit: int = SHOWN) -> list[Entry]:
    """The latest entries together, of every kind that this person may see."""
    found = [
        entry
        for source, permission in SOURCES.items()
        if user.has_perm(permission)
        for entry in source(organization, limit)
    ]
    return sorted(found, key=lambda entry: entry.at, reverse=True)[:limit]


def notes(organization: Organization, limit: int) -> Iterator[Entry]:
    for note in organization.notes.select_related("author").order_by("-written_at", "-id")[:limit]:
        yield Entry(note.written_at, "Note", str(note), named(note.author))


def sentiments(organization: Organization, limit: int) -> Iterator[Entry]:
    for each in Sentiment.objects.filter(organization=organization).select_related("rated_by")[:limit]:
        yield Entry(
            each.rated_at, "Sentiment", f"{each}, {each.get_value_display().lower()}", named(each.rated_by), each.why
        )


def follow_ups(organization: Organization, limit: int) -> Iterator[Entry]:
    made = organization.follow_ups.select_related("created_by", "assignee").order_by("-created_at", "-id")
    for each in made[:limit]:
        due = f"due {each.due_on:%-d %b %Y}, {each.assignee or 'nobody'}"
        yield Entry(each.created_at, "Follow-up", each.title, named(each.created_by), due)
    for each in organization.follow_ups.done().select_related("done_by").order_by("-done_at", "-id")[:limit]:
        yield Entry(each.done_at, "Follow-up", f"Done: {each.title}", named(each.done_by))


def transitions(organization: Organization, limit: int) -> Iterator[Entry]:
    found = SignalTransition.objects.filter(signal__organization=organization).select_related("signal", "actor")
    for each in found.order_by("-at", "-id")[:limit]:
        is_moved = each.from_state != each.to_state
        kind = each.signal.get_type_display()
        words = f"{kind}: {each.get_to_state_display().lower()}" if is_moved else kind
        yield Entry(each.at, "Signal", words, named(each.actor), each.reason)


def changes(organization: Organization, limit: int) -> Iterator[Entry]:
    """Changes by hand, of the owner first of all."""
    for line in audit.of(organization).filter(action="organization.changed").order_by("-at", "-id")[:limit]:
        for name, (before, after) in line.detail.items():
            words = f"{before or 'nothing'} → {after or 'nothing'}"
            yield Entry(line.at, FIELDS.get(name, name), words, line.actor_label)


def imports(organization: Organization, limit: int) -> Iterator[Entry]:
    """Files that changed the customer itself, or brought subscriptions of it."""
    of_itself = LedgerEntry.objects.filter(model=Organization._meta.label, row_id=organization.pk).values("batch")
    of_lines = Subscription.objects.filter(key__organization=organization).values("batch")
    found = ImportBatch.objects.filter(Q(pk__in=of_itself) | Q(pk__in=of_lines)).exclude(confirmed_at=None)
    for batch in found.select_related("created_by").order_by("-confirmed_at", "-id")[:limit]:
        words = f"{batch.get_kind_display()} · {batch.file_name}"
        undone = "taken back since" if batch.state == ImportBatch.State.UNDONE else ""
        yield Entry(batch.confirmed_at, "Import", words, named(batch.created_by), undone)


SOURCES: dict[Callable[[Organization, int], Iterator[Entry]], str] = {
    notes: "orgs.view_organization",
    sentiments: "orgs.view_organization",
    follow_ups: "signals.view_signal",
    transitions: "signals.view_signal",
    changes: "orgs.view_organization",
    imports: "orgs.view_importbatch",
}


def named(user: Any) -> str:
    return "" if user is None else str(user)
