"""One import from upload to its end: received, previewed, confirmed once or refused. The file's bytes live a day.

A confirm plans again under a lock and writes only when the plan is the one that was shown.
"""

import gc
import hashlib
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from threading import Lock
from time import perf_counter
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from psycopg.types.json import Jsonb

from config import db
from config.backoffice import audit, jobs, settings
from config.backoffice.formatting import number, plural
from config.backoffice.models import JobRun
from orgs import sql
from orgs.importing import kinds, progress, reading, workbooks
from orgs.importing.kinds import Written
from orgs.importing.options import Options
from orgs.importing.plan import Plan, dumps
from orgs.importing.reading import FileRefused
from orgs.models import ImportBatch, ImportFile, LedgerEntry, Organization

log = logging.getLogger(__name__)

KEEP_FILE = timedelta(hours=24)
DIRECT_ROWS = 2_000
# Bytes of a row in a workbook, at least.
PACKED_ROW = 20
LEDGER_COLUMNS = ("batch_id", "model", "row_id", "before", "after")
LEDGER_TYPES = ("int8", "varchar", "int8", "jsonb", "jsonb")


class NotYours(Exception):
    """Somebody else uploaded this file."""


class End(StrEnum):
    """How a confirm ended. Only DONE wrote anything."""

    DONE = "done"
    ALREADY = "already"
    MOVED = "moved"
    REFUSED_ROWS = "refused rows"
    GONE = "gone"
    NOTHING = "nothing"
    STARTED = "started"


@dataclass(frozen=True)
class Outcome:
    end: End
    batch: ImportBatch
    message: str
    plan: Plan | None = None


def receive(kind: str, *, file_name: str, content: bytes, options: Options, user: Any, now: datetime) -> ImportBatch:
    """Keep an upload for a day, without a preview yet. Raises FileRefused when it is too large."""
    if len(content) > reading.MOST_BYTES:
        reading.read(content, kinds.of(kind).columns)
    with transaction.atomic():
        batch = ImportBatch.objects.create(
            kind=kind,
            file_name=clean_file_name(file_name),
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            options=options.as_json(),
            report={"lines": count_lines(content)},
            created_by=user if user is not None and user.pk else None,
            created_at=now,
        )
        ImportFile.objects.create(batch=batch, content=content, expires_at=now + KEEP_FILE)
    return batch


def count_lines(content: bytes) -> int:
    """About how many rows, whatever a line ends with; of a workbook, which is packed, rather too many."""
    if workbooks.is_workbook(content):
        return len(content) // PACKED_ROW
    return max(content.count(b"\n"), content.count(b"\r"))


def clean_file_name(name: str) -> str:
    """For lists, messages and download headers: printable characters alone."""
    return "".join(char for char in name if char.isprintable())[:255] or "upload.csv"


def make_plan(batch: ImportBatch, content: bytes, *, lock: bool = False) -> Plan:
    """What importing the batch's file would do now. Raises FileRefused."""
    return plan_content(batch.kind, content, Options.from_json(batch.options), lock=lock)


def plan_content(kind: str, content: bytes, options: Options, *, lock: bool = False) -> Plan:
    """What importing these bytes would do now. Raises FileRefused."""
    importer = kinds.of(kind)
    with transaction.atomic(), collector_paused():
        return importer.plan(reading.read(content, importer.columns, options.mapping), options, lock)


# The collector is one for the whole process: the last of several threads in a plan switches it on again.
_pausing, _paused = Lock(), [0]


@contextmanager
def collector_paused() -> Iterator[None]:
    """A plan makes a million small objects and no cycles; looking for cycles among them costs a third of the time."""
    with _pausing:
        _paused[0] += 1
        gc.disable()
    try:
        yield
    finally:
        with _pausing:
            _paused[0] -= 1
            if not _paused[0]:
                gc.enable()


def preview(batch: ImportBatch) -> Plan | None:
    """Plan and store what the plan says on the batch's row; None when the file is refused as a whole."""
    started = perf_counter()
    try:
        plan = make_plan(batch, content_of(batch))
    except FileRefused as error:
        refuse_file(batch, error)
        return None
    store_preview(batch, plan)
    batch.report["seconds"] = round(perf_counter() - started, 2)
    as_read(batch).update(report=batch.report)
    return plan


def preview_soon(batch: ImportBatch, *, user: Any, now: datetime) -> None:
    """Preview a small file at once, a large one in a job: the web process never holds it."""
    if is_large(batch):
        arguments = {"batch": batch.pk, "step": "preview"}
        ended = JobRun.objects.filter(job="import", slot__startswith=f"batch {batch.pk} preview").count()
        jobs.request("import", slot=f"batch {batch.pk} preview {ended + 1}", now=now, arguments=arguments, by=user)
    else:
        preview(batch)


def confirm_soon(batch: ImportBatch, *, user: Any, fingerprint: str, valid_rows_only: bool, now: datetime) -> Outcome:
    """Confirm a small file at once, a large one in a job (one a preview that was shown)."""
    if not is_large(batch):
        return confirm(batch.pk, user=user, fingerprint=fingerprint, valid_rows_only=valid_rows_only, now=now)
    if batch.created_by_id != user.pk:
        raise NotYours
    early = answer_without_plan(batch, now)
    if early is not None:
        return early
    arguments = {
        "batch": batch.pk,
        "step": "confirm",
        "user": user.pk,
        "fingerprint": fingerprint,
        "valid_rows_only": valid_rows_only,
    }
    # Clicks while a run waits or goes on meet the same slot; after a failed one a new click is a new run.
    slot = f"batch {batch.pk} confirm {fingerprint[:16]}"
    ended = JobRun.objects.filter(job="import", slot__startswith=slot).exclude(finished_at=None).count()
    jobs.request("import", slot=f"{slot} {ended + 1}", now=now, arguments=arguments, by=user)
    return Outcome(End.STARTED, batch, "The import runs in the background; this page shows how far it is.")


def run_step(run: JobRun, now: datetime) -> str:
    """One step of a large file in a worker; a sentence for the ledger of jobs."""
    batch = ImportBatch.objects.get(pk=run.arguments["batch"])
    if run.arguments["step"] == "preview":
        with progress.watched(run, "Reading the file"):
            plan = preview(batch)
        return "The file was refused." if plan is None else f"Previewed {plan.total_rows} rows of {batch.file_name}."
    user = allowed_user(run)
    choices = {name: run.arguments[name] for name in ("fingerprint", "valid_rows_only")}
    with progress.watched(run, "Reading the file again"):
        return confirm(batch.pk, user=user, now=now, **choices).message


def allowed_user(run: JobRun) -> Any:
    """Who asked for the run, if that person may still import. Raises NotYours."""
    user = get_user_model().objects.filter(pk=run.arguments["user"], is_active=True).first()
    if user is None or not user.has_perm("orgs.run_import"):
        raise NotYours("The permission to import was withdrawn meanwhile; nothing was changed.")
    return user


def read_again(batch: ImportBatch, choices: Mapping[str, Any], *, user: Any, now: datetime) -> bool:
    """Preview the same file anew with other choices (keys of `Options.as_json`), the rest as it was.

    False when it was imported meanwhile. Raises NotYours for another user's upload, ImportFile.DoesNotExist once the
    file is deleted.
    """
    if batch.created_by_id != user.pk:
        raise NotYours
    with transaction.atomic():
        batch = ImportBatch.objects.select_for_update().get(pk=batch.pk)
        if batch.state not in {ImportBatch.State.PREVIEWED, ImportBatch.State.REFUSED}:
            return False
        lines = count_lines(bytes(ImportFile.objects.get(batch=batch).content))
        batch.state, batch.fingerprint, batch.counts = ImportBatch.State.PREVIEWED, "", {}
        batch.options, batch.report = {**batch.options, **choices}, {"lines": lines}
        batch.save(update_fields=["state", "fingerprint", "counts", "options", "report"])
        preview_soon(batch, user=user, now=now)
    return True


def stop(batch: ImportBatch, *, user: Any, now: datetime) -> bool:
    """Stop the step that goes on, or waits, for this batch; False when none does. Nothing of it stays."""
    run = next(iter(runs_of(batch)), None)
    with transaction.atomic():
        if run is None or not progress.ask_to_stop(run):
            return False
        audit.record(user, "import.stopped", batch, now=now, detail={"step": run.arguments["step"]})
    return True


def is_large(batch: ImportBatch) -> bool:
    return batch.report.get("total_rows", batch.report.get("lines", 0)) > DIRECT_ROWS


def runs_of(batch: ImportBatch) -> list[JobRun]:
    """The batch's background steps, latest first."""
    return list(JobRun.objects.filter(job="import", slot__startswith=f"batch {batch.pk} ").order_by("-id"))


def store_preview(batch: ImportBatch, plan: Plan, *, moved: bool = False) -> None:
    """Only an unconfirmed batch takes a new preview."""
    batch.counts, batch.fingerprint = plan.counts, plan.fingerprint()
    batch.report = {**plan.report(), "moved": moved}
    as_read(batch).update(counts=batch.counts, report=batch.report, fingerprint=batch.fingerprint)


def as_read(batch: ImportBatch) -> QuerySet[ImportBatch]:
    """The row, while it waits for a preview with the choices that were read: with others a newer one is on its way."""
    return ImportBatch.objects.filter(pk=batch.pk, state=ImportBatch.State.PREVIEWED, options=batch.options)


def refuse_file(batch: ImportBatch, error: FileRefused) -> None:
    batch.state = ImportBatch.State.REFUSED
    batch.report = {"file_error": {"message": error.message, "remedy": error.remedy}, "header": list(error.header)}
    as_read(batch).update(state=batch.state, report=batch.report)


def content_of(batch: ImportBatch) -> bytes:
    """The uploaded bytes; they must be the ones that were received. Raises ImportFile.DoesNotExist."""
    content = bytes(ImportFile.objects.get(batch=batch).content)
    if hashlib.sha256(content).hexdigest() != batch.sha256:
        raise ImportFile.DoesNotExist
    return content


def confirm(batch_id: int, *, user: Any, fingerprint: str, valid_rows_only: bool = False, now: datetime) -> Outcome:
    """Write exactly the preview with that fingerprint, all of it or nothing, once.

    Raises NotYours for another user's upload. With refused rows nothing is written unless `valid_rows_only`.
    """
    try:
        return confirm_once(batch_id, user, fingerprint, valid_rows_only, now)
    except IntegrityError as error:
        return show_clash(batch_id, error)


def confirm_once(batch_id: int, user: Any, fingerprint: str, valid_rows_only: bool, now: datetime) -> Outcome:
    started = perf_counter()
    with transaction.atomic():
        db.lock("imports")
        batch = ImportBatch.objects.select_for_update().get(pk=batch_id)
        if batch.created_by_id != (user.pk if user is not None else None):
            raise NotYours
        early = answer_without_plan(batch, now)
        if early is not None:
            return early
        plan = make_plan(batch, content_of(batch), lock=True)
        early = answer_without_write(batch, plan, fingerprint, valid_rows_only)
        if early is not None:
            return early
        written = kinds.of(batch.kind).write(plan, batch, now)
        record(batch, plan, written, user, now)
        batch.duration_ms = int((perf_counter() - started) * 1000)
        batch.save()
    return Outcome(End.DONE, batch, done_sentence(batch), plan)


def show_clash(batch_id: int, error: IntegrityError) -> Outcome:
    """Somebody wrote one of the rows between the look and the write: nothing of this import stands; look again."""
    with transaction.atomic():
        db.lock("imports")
        batch = ImportBatch.objects.select_for_update().get(pk=batch_id)
        plan = make_plan(batch, content_of(batch))
        store_preview(batch, plan, moved=True)
    sentence = "Nothing was imported: somebody wrote one of these rows at the same moment. This is the new preview."
    log.warning("Import %s met a row that was written meanwhile: %s", batch_id, error)
    return Outcome(End.MOVED, batch, sentence, plan)


def answer_without_plan(batch: ImportBatch, now: datetime) -> Outcome | None:
    if batch.state in {ImportBatch.State.CONFIRMED, ImportBatch.State.UNDONE}:
        at = batch.confirmed_at.astimezone(settings.zone())
        sentence = f"This file was already imported on {at:%-d %b %Y, %H:%M %Z}; nothing was changed."
        return Outcome(End.ALREADY, batch, sentence)
    if batch.state == ImportBatch.State.REFUSED:
        return Outcome(End.NOTHING, batch, "This file was refused; nothing was imported.")
    if not ImportFile.objects.filter(batch=batch, expires_at__gt=now).exists():
        return Outcome(End.GONE, batch, "The uploaded file was deleted after 24 hours. Upload it again.")
    return None


def answer_without_write(batch: ImportBatch, plan: Plan, fingerprint: str, valid_rows_only: bool) -> Outcome | None:
    if not batch.fingerprint or plan.fingerprint() != fingerprint:
        store_preview(batch, plan, moved=True)
        sentence = "Nothing was imported: the stored data changed since the preview. This is the new preview."
        return Outcome(End.MOVED, batch, sentence, plan)
    if plan.refused and not valid_rows_only:
        count = plan.counts["refused"]
        sentence = f"Nothing was imported: {plural(count, 'row is', 'rows are')} refused."
        return Outcome(End.REFUSED_ROWS, batch, sentence, plan)
    return None


def record(batch: ImportBatch, plan: Plan, written: Written, user: Any, now: datetime) -> None:
    """Ledger, touches and audit of a write, in its transaction."""
    batch.state, batch.confirmed_at = ImportBatch.State.CONFIRMED, now
    batch.counts, batch.report = plan.counts, plan.report()
    progress.step("Keeping the former values")
    db.copy_into(
        LedgerEntry._meta.db_table,
        LEDGER_COLUMNS,
        (
            (batch.pk, line.model, line.row_id, None if line.before is None else json(line.before), json(line.after))
            for line in written.lines
        ),
        LEDGER_TYPES,
    )
    touch(written.organization_ids, "import", now)
    detail = {"kind": batch.kind, "file": batch.file_name, "sha256": batch.sha256, **batch.counts}
    audit.record(user, "import.confirmed", batch, now=now, detail=detail)


def touch(organization_ids: set[int], reason: str, now: datetime) -> None:
    """Say that these organizations changed; the next snapshot reads it."""
    db.run(sql.TOUCH_ORGANIZATIONS, {"ids": sorted(organization_ids), "reason": reason, "now": now})


def touch_existing(organization_ids: set[int], reason: str, now: datetime) -> None:
    """Like `touch`, for organizations of which some may be gone."""
    existing: set[int] = set()
    for chunk in kinds.in_chunks(organization_ids):
        existing |= set(Organization.objects.filter(id__in=chunk).values_list("id", flat=True))
    touch(existing, reason, now)


def json(value: dict[str, Any]) -> Jsonb:
    return Jsonb(value, dumps=dumps)


def done_sentence(batch: ImportBatch) -> str:
    told = {name: number(count) for name, count in batch.counts.items()}
    sentence = f"Imported: {told['new']} new, {told['changed']} changed, {told['unchanged']} unchanged"
    left_out = batch.counts["refused"]
    return f"{sentence}, {plural(left_out, 'refused row')} left out." if left_out else f"{sentence}."


def clean_up(now: datetime) -> int:
    """Delete uploads after their day; the batches and their reports stay."""
    deleted, _ = ImportFile.objects.filter(expires_at__lte=now).delete()
    return deleted
