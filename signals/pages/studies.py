"""The answer to one question, or how far the work on it is."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from config.backoffice import settings
from config.backoffice.pages import register_page, render_page
from signals import health, rules, studies
from signals.models import Study
from signals.pages.backtest import answer_context

SHOWN = 500


@register_page("study", title="Study", permission="signals.view_healthmodel", route="studies/<int:study_id>")
def study_page(request: HttpRequest, study_id: int) -> HttpResponse:
    study = get_object_or_404(Study.objects.select_related("model", "asked_by"), pk=study_id)
    if request.method == "POST":
        if study.asked_by_id != request.user.pk and not request.user.has_perm("signals.change_healthmodel"):
            raise PermissionDenied
        if studies.cancel(study.pk, timezone.now()):
            messages.success(request, "Cancelled.")
        else:
            messages.warning(request, "It was answered already.")
        return HttpResponseRedirect(reverse("admin:study", args=[study.pk]))
    run = studies.run_of(study)
    is_open = study.answered_at is None and study.cancelled_at is None
    context = {
        "study": study,
        "run": run,
        "result": study.result,
        "rows": (study.result or {}).get("rows", [])[:SHOWN],
        "hidden": max(0, len((study.result or {}).get("rows", [])) - SHOWN),
        "is_working": is_open and (run is None or run.state in ("queued", "running")),
        "is_failed": is_open and run is not None and run.state == "failed",
        "currency": settings.read().reporting_currency,
        "rule_title": rules.TITLES.get(study.arguments.get("rule", ""), ""),
        "is_stale": is_stale(study),
    }
    if study.kind == Study.Kind.BACKTEST and study.result:
        context |= answer_context(study)
    if study.kind == Study.Kind.WHAT_IF and study.result:
        # The stored answer does not keep the order of its keys.
        context["bands"] = [(band.value, study.result["bands"][band.value]) for band in health.Band]
    return render_page(request, f"admin/signals/study_{study.kind}.html", context, title=study.get_kind_display())


def is_stale(study: Study) -> bool:
    """The draft was changed after it was asked about."""
    result = study.result or {}
    return study.model is not None and "revision" in result and result["revision"] != study.model.revision
