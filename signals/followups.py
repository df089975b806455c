"""Work for staff: a title, a day, somebody who does it, and the customer it is for."""

from datetime import date, datetime
from typing import Any

from django.db import transaction

from config.backoffice import audit
from config.backoffice.refused import Refused, checked
from orgs.importing.restoring import keeps_its_organization
from orgs.models import Organization
from signals.models import FollowUp, Signal
from signals.querysets import FollowUpQuerySet

LONGEST_TITLE = 200
keeps_its_organization(FollowUp._meta.get_field("organization"))


def create(
    organization_id: int,
    *,
    title: str,
    due_on: date | None,
    assignee: Any,
    actor: Any,
    now: datetime,
    signal_id: int | None = None,
) -> FollowUp:
    """Write down what has to be done; `signal_id` must be of the same customer. Refused without title or day."""
    values = filled(title, due_on, assignee)
    if signal_id is not None and not Signal.objects.filter(pk=signal_id, organization_id=organization_id).exists():
        raise Refused("This signal belongs to another customer; make the follow-up from its own line.")
    with transaction.atomic():
        follow_up = FollowUp.objects.create(
            organization=Organization.objects.get(pk=organization_id),
            signal_id=signal_id,
            created_by=actor,
            created_at=now,
            changed_at=now,
            **values,
        )
        detail = {"due": follow_up.due_on.isoformat(), "to": str(assignee or ""), "for": str(follow_up.organization)}
        audit.record(actor, "follow_up.made", follow_up, detail=detail, now=now)
    return follow_up


def change(
    follow_up_id: int,
    *,
    title: str,
    due_on: date | None,
    assignee: Any,
    actor: Any,
    now: datetime,
    read_at: datetime | None = None,
) -> FollowUp:
    """Another title, day or person. With `read_at` (its `changed_at` as it was shown) nobody's change is lost."""
    values = filled(title, due_on, assignee)
    with transaction.atomic():
        before = FollowUp.objects.select_related("assignee").get(pk=follow_up_id)
        as_read = FollowUp.objects.open().filter(pk=follow_up_id, changed_at=read_at or before.changed_at)
        if not as_read.update(**values, changed_at=now):
            raise Refused(f"Somebody was faster with “{before}”. Reload to see what happened.")
        after = FollowUp.objects.get(pk=follow_up_id)
        detail = {
            name: [str(getattr(before, name) or ""), str(values[name] or "")]
            for name in values
            if getattr(before, name) != values[name]
        }
        audit.record(actor, "follow_up.changed", after, detail=detail, now=now)
    return after


def complete(follow_up_id: int, *, actor: Any, now: datetime) -> FollowUp:
    """Tick it off. Refused when somebody did before."""
    return tick(follow_up_id, FollowUp.objects.open(), "done", done_at=now, actor=actor, now=now)


def reopen(follow_up_id: int, *, actor: Any, now: datetime) -> FollowUp:
    """Take the tick away. Refused when it is open."""
    return tick(follow_up_id, FollowUp.objects.done(), "open", done_at=None, actor=actor, now=now)


def tick(
    pk: int, others: FollowUpQuerySet, becomes: str, *, done_at: datetime | None, actor: Any, now: datetime
) -> FollowUp:
    """Write it if it is among the others yet, with its line in the audit trail."""
    with transaction.atomic():
        done_by = actor if done_at else None
        moved = others.filter(pk=pk).update(done_at=done_at, done_by=done_by, changed_at=now)
        follow_up = FollowUp.objects.select_related("organization").get(pk=pk)
        if not moved:
            raise Refused(f"“{follow_up}” is {becomes} already.")
        audit.record(actor, "follow_up.done" if done_at else "follow_up.reopened", follow_up, now=now)
    return follow_up


def filled(title: str, due_on: date | None, assignee: Any) -> dict[str, Any]:
    """The columns that people fill, or Refused."""
    words = checked(title, LONGEST_TITLE, what="The title", missing="Say what has to be done.")
    if due_on is None:
        raise Refused("Choose the day by which it has to be done, for example 2026-12-01.")
    if assignee is not None and not (assignee.is_active and assignee.is_staff):
        raise Refused(f"{assignee} can't open this back office; choose an active member of staff.")
    return {"title": words, "due_on": due_on, "assignee": assignee}
