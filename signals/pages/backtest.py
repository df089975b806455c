"""The backtest: what one's own past says of the scores and the rules."""

from datetime import date

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from config.backoffice.formatting import plural
from config.backoffice.pages import register_page, render_page
from signals import studies
from signals.models import HealthModel, Study


@register_page("backtest", title="Backtest", permission="signals.view_healthmodel", route="backtest")
def backtest_page(request: HttpRequest) -> HttpResponse:
    """The latest answer of the versions in force, the earlier ones, and the button that asks again."""
    if request.method == "POST":
        return HttpResponseRedirect(ask(request))
    asked = Study.objects.filter(kind=Study.Kind.BACKTEST).select_related("model", "asked_by")
    latest = asked.filter(model=None).exclude(answered_at=None).first()
    context = {
        "study": latest,
        "asked": list(asked[:10]),
        "drafts": list(HealthModel.objects.drafts()),
        "may_ask": request.user.has_perm("signals.change_healthmodel"),
        **(answer_context(latest) if latest else {}),
    }
    return render_page(request, "admin/signals/backtest.html", context, title="Backtest")


def ask(request: HttpRequest) -> str:
    if not request.user.has_perm("signals.change_healthmodel"):
        raise PermissionDenied
    chosen = request.POST.get("model", "")
    model = get_object_or_404(HealthModel, pk=int(chosen)) if chosen.isdecimal() and len(chosen) < 10 else None
    study = studies.ask(Study.Kind.BACKTEST, by=request.user, now=timezone.now(), model=model)
    return reverse("admin:study", args=[study.pk])


def answer_context(study: Study) -> dict:
    """What the answer's template reads beside the result: days as days."""
    result = study.result or {}
    rows = [{**row, "on": date.fromisoformat(row["on"])} for row in result.get("rows", [])]
    alarms = result.get("at_risk", {})
    fired, right = alarms.get("fired", 0), alarms.get("before_churn", 0)
    return {
        "result": result,
        "rows": rows[:500],
        "hidden": max(0, len(rows) - 500),
        "misses": [row for row in rows if row["is_scored"] and not row["is_caught"]],
        "since": date.fromisoformat(result["since"]) if result else None,
        "until": date.fromisoformat(result["until"]) if result else None,
        "recall_words": f"{result['caught']} of {plural(result['scored'], 'customer')} that left" if result else "",
        "precision_words": f"{right} of {plural(fired, 'alarm')} came true" if result else "",
        "false_alarms": fired - right,
    }
