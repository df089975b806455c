"""Imports: the list, and the page of one batch with its preview, its confirm and its report."""

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from config.backoffice import formatting
from config.backoffice.exports import csv_response
from config.backoffice.listing import ExportDoor
from config.backoffice.pages import render_page
from config.backoffice.site import ReadOnlyAdmin, display, register
from config.backoffice.templatetags.backoffice import when
from orgs.importing import batches, kinds, mapping, progress, refusals, undo
from orgs.importing.batches import End
from orgs.models import ImportBatch, ImportFile

UPLOADS = {
    ImportBatch.Kind.ORGANIZATIONS: "admin:orgs_organization_import",
    ImportBatch.Kind.SUBSCRIPTIONS: "admin:revenue_subscription_import",
    ImportBatch.Kind.RATES: "admin:revenue_exchangerate_import",
    ImportBatch.Kind.COHORTS: "admin:orgs_cohort_import",
}
LEVELS = {End.DONE: messages.success, End.STARTED: messages.info, End.ALREADY: messages.warning}


@register(ImportBatch)
class ImportBatchAdmin(ExportDoor, ReadOnlyAdmin):
    export_name = "imports"
    export_fields = (
        ("import", "id"),
        "kind",
        "state",
        "file_name",
        "sha256",
        "size",
        ("who", "created_by__username"),
        ("uploaded_at", "created_at"),
        ("imported_at", "confirmed_at"),
        ("new", "counts__new"),
        ("changed", "counts__changed"),
        ("unchanged", "counts__unchanged"),
        ("refused", "counts__refused"),
        "duration_ms",
    )
    list_display = [
        "file_name",
        "kind",
        "state",
        "who",
        "uploaded",
        "rows_new",
        "rows_changed",
        "rows_refused",
        "took",
    ]
    list_filter = ["kind", "state"]
    search_fields = ["file_name", "sha256"]
    list_select_related = ["created_by"]
    change_list_template = "admin/orgs/importbatch/change_list.html"

    @display(description="Who")
    def who(self, batch: ImportBatch) -> str:
        return str(batch.created_by or "command line")

    @display(description="Uploaded", ordering="created_at")
    def uploaded(self, batch: ImportBatch) -> str:
        return when(batch.created_at)

    @display(description="New")
    def rows_new(self, batch: ImportBatch) -> str:
        return formatting.number(batch.counts.get("new"))

    @display(description="Changed")
    def rows_changed(self, batch: ImportBatch) -> str:
        return formatting.number(batch.counts.get("changed"))

    @display(description="Refused")
    def rows_refused(self, batch: ImportBatch) -> str:
        return formatting.number(batch.counts.get("refused"))

    @display(description="Took")
    def took(self, batch: ImportBatch) -> str:
        return seconds(batch.duration_ms)

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return super().has_view_permission(request, obj) or may_import(request)

    def get_queryset(self, request: HttpRequest):
        return super().get_queryset(request).visible_to(request.user).defer("report")

    def get_urls(self):
        def view(handler):
            return self.admin_site.admin_view(handler)

        return [
            path("<int:pk>/confirm/", view(require_POST(self.confirm)), name="orgs_importbatch_confirm"),
            path("<int:pk>/stop/", view(require_POST(self.stop)), name="orgs_importbatch_stop"),
            path("<int:pk>/again/", view(require_POST(self.preview_again)), name="orgs_importbatch_again"),
            path("<int:pk>/undo/", view(self.undo), name="orgs_importbatch_undo"),
            path("<int:pk>/columns/", view(require_POST(self.columns)), name="orgs_importbatch_columns"),
            path("<int:pk>/refused.csv", view(self.refused), name="orgs_importbatch_refused"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        return super().changelist_view(request, {"may_import": may_import(request), **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        batch = self.get_object(request, object_id)
        if batch is None:
            raise Http404
        if not self.has_view_permission(request, batch):
            raise PermissionDenied
        return render_page(
            request, "admin/imports/batch.html", page_of(batch, request), title=f"Import of {batch.file_name}"
        )

    def confirm(self, request: HttpRequest, pk: int) -> HttpResponse:
        batch = get_object_or_404(ImportBatch, pk=pk)
        if not may_import(request) or batch.created_by_id != request.user.pk:
            raise PermissionDenied
        try:
            outcome = batches.confirm_soon(
                batch,
                user=request.user,
                fingerprint=request.POST.get("fingerprint", ""),
                valid_rows_only=request.POST.get("valid_rows_only") == "yes",
                now=timezone.now(),
            )
            LEVELS.get(outcome.end, messages.error)(request, outcome.message)
        except ImportFile.DoesNotExist:
            messages.error(request, "The uploaded file is gone or not the one that was previewed. Upload it again.")
        return HttpResponseRedirect(reverse("admin:orgs_importbatch_change", args=[pk]))

    def stop(self, request: HttpRequest, pk: int) -> HttpResponse:
        """End what a worker does for this import; its transaction is rolled back."""
        batch = get_object_or_404(ImportBatch, pk=pk)
        if not may_stop(request, batch):
            raise PermissionDenied
        if batches.stop(batch, user=request.user, now=timezone.now()):
            messages.info(request, "Stopping. Nothing of this step will stay.")
        else:
            messages.warning(request, "It had ended already.")
        return HttpResponseRedirect(reverse("admin:orgs_importbatch_change", args=[pk]))

    def preview_again(self, request: HttpRequest, pk: int) -> HttpResponse:
        """After a run that failed or was stopped."""
        batch = get_object_or_404(ImportBatch, pk=pk)
        if not may_import(request) or batch.created_by_id != request.user.pk:
            raise PermissionDenied
        if batch.state == ImportBatch.State.PREVIEWED and ImportFile.objects.filter(batch=batch).exists():
            batches.preview_soon(batch, user=request.user, now=timezone.now())
        return HttpResponseRedirect(reverse("admin:orgs_importbatch_change", args=[pk]))

    def columns(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say what the file's columns are; the same file is previewed anew."""
        batch = get_object_or_404(ImportBatch, pk=pk)
        if not may_import(request) or batch.created_by_id != request.user.pk:
            raise PermissionDenied
        now, name = timezone.now(), request.POST.get("profile", "").strip()
        known = kinds.of(batch.kind).columns.known
        try:
            chosen = mapping.chosen(request.POST, batch.report.get("header", ()), known)
            if not batches.read_again(batch, {"mapping": chosen}, user=request.user, now=now):
                messages.warning(request, "This file was imported meanwhile; its columns stay as they were.")
            elif name:
                mapping.save_profile(batch.kind, name, chosen, actor=request.user, now=now)
                messages.success(request, f"Kept as the profile “{name[:60]}”; choose it with the next file.")
        except ValidationError as error:
            messages.error(request, error.messages[0])
        except ImportFile.DoesNotExist:
            messages.error(request, "The uploaded file was deleted after 24 hours. Upload it again.")
        return HttpResponseRedirect(reverse("admin:orgs_importbatch_change", args=[pk]))

    def undo(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET shows what would be taken back, POST does it; a large import does both in the background."""
        batch = get_object_or_404(ImportBatch, pk=pk)
        if not undo.may_undo(request.user, batch):
            raise PermissionDenied
        now, back = timezone.now(), HttpResponseRedirect(reverse("admin:orgs_importbatch_change", args=[pk]))
        if undo.is_large(batch):
            fingerprint = request.POST.get("fingerprint", "") if request.method == "POST" else None
            undo.undo_soon(batch, user=request.user, fingerprint=fingerprint, now=now)
            return back
        try:
            if request.method == "POST":
                told = undo.undo(pk, user=request.user, now=now, fingerprint=request.POST.get("fingerprint", ""))
            else:
                told = undo.preview_undo(pk, now=now)
        except undo.CannotUndo as error:
            messages.error(request, str(error))
            return back
        if told.is_done:
            messages.success(request, f"Undone: {told.deleted} rows removed, {told.overwritten} restored.")
            return back
        context = {"batch": batch, "told": told, "moved": request.method == "POST", "opts": self.opts}
        return render_page(request, "admin/imports/undo.html", context, title=f"Undo the import of {batch.file_name}")

    def refused(self, request: HttpRequest, pk: int) -> HttpResponse:
        batch = get_object_or_404(ImportBatch, pk=pk)
        if not may_import(request) or batch.created_by_id != request.user.pk:
            raise PermissionDenied
        whole = request.GET.get("rows") == "all"
        header, rows = refusals.with_reasons(batch, whole=whole)
        return csv_response(f"{'rows' if whole else 'refused-rows'}-of-import-{pk}.csv", header, rows)


def seconds(duration_ms: int | None) -> str:
    return formatting.DASH if duration_ms is None else f"{duration_ms / 1000:.1f}{formatting.HARD}s"


def may_stop(request: HttpRequest, batch: ImportBatch) -> bool:
    return may_import(request) and (batch.created_by_id == request.user.pk or undo.may_undo(request.user, batch))


def may_import(request: HttpRequest) -> bool:
    return request.user.has_perm("orgs.run_import")


def page_of(batch: ImportBatch, request: HttpRequest) -> dict[str, Any]:
    """What the batch's page shows: progress while a job works on it, then the report, then the buttons."""
    runs = batches.runs_of(batch)
    is_working = bool(runs) and runs[0].state in {"queued", "running"}
    is_open = batch.state == ImportBatch.State.PREVIEWED and bool(batch.fingerprint) and not is_working
    is_mine = batch.created_by_id == request.user.pk
    has_file = ImportFile.objects.filter(batch=batch).exists()
    is_unwritten = batch.state in {ImportBatch.State.PREVIEWED, ImportBatch.State.REFUSED} and not is_working
    may_read_again = is_mine and has_file and may_import(request) and is_unwritten
    writes = batch.counts.get("new", 0) + batch.counts.get("changed", 0)
    return {
        "batch": batch,
        "report": batch.report,
        "facts": shown_facts(batch.report.get("facts", {})),
        "groups_shown": [
            ("Refused rows", batch.report.get("refused")),
            ("Warnings: accepted, but look", batch.report.get("warnings")),
        ],
        "samples_shown": [
            (f"{kind.capitalize()} rows", batch.report.get("samples", {}).get(kind), batch.counts.get(kind, 0))
            for kind in ("changed", "new")
        ],
        "run": runs[0] if runs else None,
        "is_working": is_working,
        "is_stopping": is_working and progress.STOP in runs[0].arguments,
        "can_stop": is_working and may_stop(request, batch),
        "can_look_again": is_mine and has_file and batch.state == "previewed" and not (batch.fingerprint or is_working),
        "can_confirm": is_open and is_mine and has_file and may_import(request) and writes > 0,
        "is_open": is_open,
        "has_file": has_file and is_mine,
        "writes": writes,
        "upload_url": reverse(UPLOADS[batch.kind]),
        "may_read_again": may_read_again,
        "took": seconds(batch.duration_ms),
        "columns_asked": asked_columns(batch) if may_read_again else [],
        "can_undo": batch.state == ImportBatch.State.CONFIRMED and undo.may_undo(request.user, batch),
        "opts": ImportBatch._meta,
    }


def shown_facts(facts: dict[str, Any]) -> dict[str, Any]:
    """The money question in people's numbers."""
    if "mrr_before" not in facts:
        return facts
    before, after = Decimal(facts["mrr_before"]), Decimal(facts["mrr_after"])
    currency, difference = facts["currency"], after - before
    change = formatting.money(difference, currency, exact=True)
    return facts | {
        "before_shown": formatting.money(before, currency),
        "after_shown": formatting.money(after, currency),
        "change_shown": f"+{change}" if difference > 0 else change,
    }


def asked_columns(batch: ImportBatch) -> list[dict[str, Any]]:
    """Our columns, each with the file's column that it is taken from now or could be."""
    header = batch.report.get("header") or []
    if not header:
        return []
    columns = kinds.of(batch.kind).columns
    needed = {names[0] for names in columns.required}
    known = tuple(dict.fromkeys(columns.known))
    now = {ours: theirs for theirs, ours in batch.options.get("mapping", {}).items()}
    guesses = mapping.guess([name for name in header if name not in now.values()], [c for c in known if c not in now])
    if batch.state == ImportBatch.State.PREVIEWED:
        same = {name.lower(): name for name in header}
        guesses = {column: same[column] for column in known if column in same and column not in now}
    return [
        {"name": column, "is_needed": column in needed, "source": now.get(column) or guesses.get(column, "")}
        for column in known
    ]
