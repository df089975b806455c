"""Notes about customers: everybody reads them, authors change their own."""

from datetime import datetime
from typing import Any

from django.db import transaction

from config.backoffice import audit
from config.backoffice.refused import Refused, checked
from orgs.models import Note

LONGEST = 5_000
WHAT = {"what": "The note", "missing": "The note is empty; write what the next reader should know."}
NOT_YOURS = "Only its author changes a note; write another one."


def write(organization_id: int, text: str, *, actor: Any, now: datetime, is_pinned: bool = False) -> Note:
    with transaction.atomic():
        note = Note.objects.create(
            organization_id=organization_id,
            author=actor,
            text=checked(text, LONGEST, **WHAT),
            is_pinned=is_pinned,
            written_at=now,
        )
        audit.record(actor, "note.written", note, now=now)
    return note


def edit(note_id: int, text: str, *, actor: Any, now: datetime) -> Note:
    """Change one's own note; the former text is kept in the audit trail."""
    with transaction.atomic():
        note = Note.objects.select_for_update().get(pk=note_id)
        if note.author_id != actor.pk:
            raise Refused(NOT_YOURS)
        before, note.text, note.edited_at = note.text, checked(text, LONGEST, **WHAT), now
        note.save(update_fields=["text", "edited_at"])
        audit.record(actor, "note.edited", note, detail={"before": before}, now=now)
    return note


def pin(note_id: int, is_pinned: bool, *, actor: Any, now: datetime) -> bool:
    """Put a note on top, or take it down again; False when it is so already. Anybody may."""
    with transaction.atomic():
        moved = bool(Note.objects.filter(pk=note_id, is_pinned=not is_pinned).update(is_pinned=is_pinned))
        if moved:
            audit.record(actor, "note.pinned" if is_pinned else "note.unpinned", Note.objects.get(pk=note_id), now=now)
    return moved
