"""Taking one confirmed import back by its ledger, with a preview that is the act itself, rolled back."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from config import db
from config.backoffice import audit, jobs
from config.backoffice.models import JobRun
from orgs import removal
from orgs.importing import batches, kinds, progress
from orgs.importing.kinds import KeptRow, LedgerLine
from orgs.importing.organizations import MODEL
from orgs.models import ImportBatch


class CannotUndo(Exception):
    """The batch was never imported, or was undone already."""


@dataclass
class Undone:
    """`kept` lists the rows that somebody changed since; they stay as they are."""

    deleted: int = 0
    overwritten: int = 0
    kept: list[KeptRow] = field(default_factory=list)
    is_done: bool = False

    @property
    def fingerprint(self) -> str:
        told = [self.deleted, self.overwritten, [[each.label, each.reason] for each in self.kept]]
        return hashlib.sha256(batches.dumps(told)).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """For the batch's page, of bounded size."""
        return {
            "deleted": self.deleted,
            "overwritten": self.overwritten,
            "kept": [[each.label, each.reason] for each in self.kept[:200]],
            "kept_count": len(self.kept),
            "fingerprint": self.fingerprint,
        }


def may_undo(user: Any, batch: ImportBatch) -> bool:
    """Whoever imported it, while that person may import; somebody else's import takes the right to delete imports."""
    is_own = batch.created_by_id is not None and batch.created_by_id == user.pk
    return user.has_perm("orgs.run_import") and (is_own or user.has_perm("orgs.delete_importbatch"))


def is_large(batch: ImportBatch) -> bool:
    """Whether taking it back is work for the background."""
    return batch.entries.count() > batches.DIRECT_ROWS


def undo_soon(batch: ImportBatch, *, user: Any, fingerprint: str | None, now: datetime) -> JobRun:
    """In the background: with the fingerprint of a preview the undo, without one its preview. Once at a time."""
    step = "undo preview" if fingerprint is None else "undo"
    arguments = {"batch": batch.pk, "step": step, "user": user.pk, "fingerprint": fingerprint}
    # Clicks while a run waits or goes on meet the same slot.
    slot = f"batch {batch.pk} {step} {(fingerprint or '')[:16]}".strip()
    ended = JobRun.objects.filter(job="import", slot__startswith=f"{slot} #").exclude(finished_at=None).count()
    return jobs.request("import", slot=f"{slot} #{ended + 1}", now=now, arguments=arguments, by=user)


def run_step(run: JobRun, now: datetime) -> str:
    """A background step: the preview is kept on the batch's row; a sentence for the ledger of jobs."""
    batch_id, fingerprint = run.arguments["batch"], run.arguments["fingerprint"]
    user = batches.allowed_user(run)
    if not may_undo(user, ImportBatch.objects.get(pk=batch_id)):
        raise batches.NotYours("The right to undo this import was withdrawn meanwhile; nothing was changed.")
    with progress.watched(run, "Reading the ledger"):
        try:
            if fingerprint is None:
                told = preview_undo(batch_id, now=now)
            else:
                told = undo(batch_id, user=user, now=now, fingerprint=fingerprint)
        except CannotUndo as error:
            return str(error)
    if told.is_done:
        return f"Undone: {told.deleted} rows removed, {told.overwritten} restored, {len(told.kept)} kept."
    keep_preview(batch_id, told, moved=fingerprint is not None)
    return "Nothing was undone: the stored data changed since the preview." if fingerprint else "Previewed the undo."


def keep_preview(batch_id: int, told: Undone, *, moved: bool) -> None:
    with transaction.atomic():
        batch = ImportBatch.objects.select_for_update().get(pk=batch_id)
        if batch.state == ImportBatch.State.CONFIRMED:
            batch.report["undo_preview"] = {**told.as_json(), "moved": moved}
            batch.save(update_fields=["report"])


def preview_undo(batch_id: int, *, now: datetime) -> Undone:
    """What an undo would do now; writes nothing. Raises CannotUndo."""
    with transaction.atomic():
        told = take_back(batch_id, now)
        transaction.set_rollback(True)
    return told


def undo(batch_id: int, *, user: Any, now: datetime, fingerprint: str | None = None) -> Undone:
    """Take the import back; with a `fingerprint` only when the preview still says the same (else `is_done` is False).

    Raises CannotUndo.
    """
    with transaction.atomic():
        told = take_back(batch_id, now)
        if fingerprint is not None and told.fingerprint != fingerprint:
            transaction.set_rollback(True)
            return told
        batch = ImportBatch.objects.get(pk=batch_id)
        batch.state = ImportBatch.State.UNDONE
        batch.report["undone"] = {"at": now.isoformat(), "deleted": told.deleted, "overwritten": told.overwritten}
        batch.report.pop("undo_preview", None)
        batch.report["undone"]["kept"] = [[each.label, each.reason] for each in told.kept[:200]]
        batch.save(update_fields=["state", "report"])
        detail = {"deleted": told.deleted, "overwritten": told.overwritten, "kept": len(told.kept)}
        audit.record(user, "import.undone", batch, now=now, detail=detail)
        told.is_done = True
    return told


def take_back(batch_id: int, now: datetime) -> Undone:
    db.lock("imports")
    batch = ImportBatch.objects.select_for_update().get(pk=batch_id)
    if batch.state != ImportBatch.State.CONFIRMED:
        raise CannotUndo(f"Only a finished import can be undone; this one is: {batch.get_state_display().lower()}.")
    lines = defaultdict(list)
    for entry in batch.entries.values_list("model", "row_id", "before", "after").iterator(chunk_size=10_000):
        lines[entry[0]].append(LedgerLine(*entry))
    if any(line.before is None for line in lines.get(MODEL, ())):
        removal.begin()
    told, touched = Undone(), set()
    for restorer in kinds.restorers():
        done = restorer.restore(lines.pop(restorer.model, []), now)
        told.deleted += done.deleted
        told.overwritten += done.overwritten
        told.kept += done.kept
        touched |= done.organization_ids
    batches.touch_existing(touched, "undo", now)
    return told
