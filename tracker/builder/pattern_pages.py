"""Pages of funnel, retention and lifecycle: a short form, and the answer loaded beside it."""

from typing import Any
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from config.backoffice.exports import download
from config.backoffice.pages import register_page, render_page
from orgs.models import Cohort
from tracker.builder import choices, menus
from tracker.builder.around import around, saved_of
from tracker.builder.pages import SEE, refused
from tracker.builder.patterns import FIELDS, PATTERNS, cohort_words, range_words
from tracker.insights import running
from tracker.insights.description import Interval
from tracker.insights.funnels import MOST
from tracker.insights.reading import BadDescription

INTERVALS = {
    "retention": (Interval.WEEK, Interval.MONTH),
    "lifecycle": (Interval.DAY, Interval.WEEK, Interval.MONTH),
}


@register_page("insight_pattern", title="Insight", route="insights/of/<slug:name>", permission=SEE)
def pattern_page(request: HttpRequest, name: str) -> HttpResponse:
    pattern = PATTERNS.get(name)
    if pattern is None:
        raise Http404
    saved = saved_of(request, name)
    is_sent = saved is None or any(each in request.GET for each in FIELDS)
    fields = pattern.filled(request.GET if is_sent else saved.definition)
    if "answer" in request.GET:
        return answer(request, name, {**fields, "organization": request.GET.get("organization", "")})
    asked = request.GET.copy()
    asked["answer"], asked["query"] = "1", uuid4().hex
    context = {
        "pattern": pattern,
        "fields": fields,
        "steps": [(f"step-{n}", fields.get(f"step-{n}", "")) for n in range(shown_steps(fields))],
        "intervals": [(str(each), choices.INTERVALS[each]) for each in INTERVALS.get(name, ())],
        "menus": menus.menus(),
        **around(request, name, saved, fields),
        "is_asked": name != "funnel" or bool(fields.get("step-0")),
        "result_url": f"?{asked.urlencode()}",
        "query_id": asked["query"],
    }
    return render_page(request, "admin/insights/pattern.html", context, title=saved.name if saved else pattern.title)


def shown_steps(fields: dict[str, Any]) -> int:
    """The steps that are named, and an empty line to go on; three to begin with."""
    named = [n for n in range(MOST) if fields.get(f"step-{n}", "").strip()]
    return min(MOST, max(3, (named[-1] + 2) if named else 3))


def answer(request: HttpRequest, name: str, fields: dict[str, str]) -> HttpResponse:
    now = timezone.now()
    try:
        found = PATTERNS[name].ask(fields, now, request.GET.get("query", ""))
    except (BadDescription, running.TooSlow, running.Cancelled) as error:
        return refused(request, error.message if isinstance(error, BadDescription) else str(error))
    if "export" in request.GET:
        header, rows = found["exported"]
        return download(request, name, header, rows, file_format=request.GET["export"], now=now)
    cohorts = dict(Cohort.objects.values_list("id", "name")) if fields.get("cohort") else {}
    period = range_words(fields) + cohort_words(fields, cohorts)
    context = {**found, "period": period, "chart_id": f"chart-{uuid4().hex[:12]}"}
    return render(request, f"admin/insights/_{name}.html", context)
