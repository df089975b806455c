"""Pages of insights: the list, the builder, its result as a fragment, saving, cancelling, export."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from config.backoffice import posted, settings
from config.backoffice.exports import download
from config.backoffice.pages import register_page, render_page
from tracker.builder import addresses, asking, drawing, menus, saving
from tracker.builder.around import around
from tracker.insights import running, trends
from tracker.insights.asking import cohort_names, sentence
from tracker.insights.reading import BadDescription
from tracker.models import Dashboard, SavedInsight

SEE = "tracker.view_event"


@register_page("insights", title="Insights", group="Evidence", order=20, icon="insights", permission=SEE)
def insights_page(request: HttpRequest) -> HttpResponse:
    """What staff keep: dashboards first, then every insight."""
    say = asking.in_words(settings.today(timezone.now()))
    saved = SavedInsight.objects.visible_to(request.user).select_related("owner")
    context = {
        "dashboards": Dashboard.objects.visible_to(request.user).prefetch_related("tiles").select_related("owner"),
        "insights": [(each, say(each), addresses.opened(each)) for each in saved],
        "mine": Dashboard.objects.changeable_by(request.user),
        "can_add": request.user.has_perm("tracker.add_savedinsight"),
    }
    return render_page(request, "admin/insights/list.html", context, title="Insights")


@register_page("insight", title="Insight", route="insights/question", permission=SEE)
def insight_page(request: HttpRequest) -> HttpResponse:
    """The builder. Its answer is loaded as a fragment, so that the question stands there at once."""
    now = timezone.now()
    question = asking.question_of(request, settings.today(now))
    asked = request.GET.copy()
    asked["query"] = uuid4().hex
    context = {
        "question": question,
        "lines": question.lines,
        "menus": menus.menus(),
        **around(request, SavedInsight.Kind.TRENDS, question.saved, asking.kept_part(question.document)),
        "result_url": f"{reverse('admin:insight_result')}?{asked.urlencode()}",
        "query_id": asked["query"],
    }
    title = question.saved.name if question.saved else "New insight"
    return render_page(request, "admin/insights/builder.html", context, title=title)


@register_page("insight_names", title="Names", route="insights/names", permission=SEE)
def names_page(request: HttpRequest) -> HttpResponse:
    """What the builder suggests; asked for after the page stands, as it reads weeks of daily rows."""
    return JsonResponse(asdict(menus.suggestions(timezone.now())))


@register_page("insight_result", title="Result", route="insights/result", permission=SEE)
def result_page(request: HttpRequest) -> HttpResponse:
    """The answer alone, or as a file with `export`. A refusal is a sentence in its place."""
    now = timezone.now()
    question = asking.question_of(request, settings.today(now))
    if question.description is None:
        return refused(request, question.refusal)
    try:
        trend = trends.answer(question.description, now, query_id=request.GET.get("query", ""))
    except (BadDescription, running.TooSlow, running.Cancelled) as error:
        return refused(request, asking.in_form(error))
    cohorts = cohort_names(question.description)
    if "export" in request.GET:
        rows = drawing.exported(trend, cohorts)
        return download(request, "insight", drawing.EXPORTED, rows, file_format=request.GET["export"], now=now)
    context = {
        "picture": drawing.picture(trend, settings.read().reporting_currency, cohorts),
        "definition": sentence(question.description),
        "chart_id": f"chart-{uuid4().hex[:12]}",
        "request": request,
        "bare": "bare" in request.GET,
    }
    return render(request, "admin/insights/_result.html", context)


def refused(request: HttpRequest, error: str) -> HttpResponse:
    return render(request, "admin/insights/_refused.html", {"error": error})


@register_page("insight_progress", title="Progress", route="insights/progress", permission=SEE)
def progress_page(request: HttpRequest) -> HttpResponse:
    """How far a question is; with POST it is cancelled."""
    query_id = (request.POST if request.method == "POST" else request.GET).get("query", "")
    if not running.is_query_id(query_id):
        raise Http404
    if request.method == "POST":
        return JsonResponse({"cancelled": running.cancel(query_id)})
    found = running.progress(query_id)
    if found is None:
        return JsonResponse({"running": False})
    return JsonResponse(
        {"running": True, "done": found.done, "of": found.statements, "seconds": round(found.seconds, 1)}
    )


@register_page("insight_save", title="Save", route="insights/save", permission="tracker.add_savedinsight")
def save_page(request: HttpRequest) -> HttpResponse:
    """Keep a question under a name; over the insight it came from, or as a new one."""
    if request.method != "POST":
        raise Http404
    now, back = timezone.now(), reverse("admin:insights")
    try:
        document = json.loads(request.POST.get("definition", ""))
    except ValueError as error:
        raise Http404 from error
    try:
        definition = asking.kept_definition(request.POST.get("kind", "trends"), document, settings.today(now))
        insight = save(request, definition, now)
    except BadDescription as error:
        messages.error(request, f"Not saved. {error}")
    except ValidationError as error:
        messages.error(request, f"Not saved. {' '.join(error.messages)}")
    except (saving.Changed, SavedInsight.DoesNotExist):
        messages.error(
            request, "Not saved: somebody else changed or removed this insight meanwhile. Save yours as a new one."
        )
    else:
        messages.success(request, f"“{insight.name}” is saved.")
        back = addresses.opened(insight)
    return HttpResponseRedirect(back)


def save(request: HttpRequest, definition: dict[str, Any], now: datetime) -> SavedInsight:
    sent = request.POST
    kind = sent.get("kind", "trends")
    wording = saving.Wording(
        name=sent.get("name", ""),
        display=definition.get("display", SavedInsight.Display.TABLE),
        is_shared="is_shared" in sent,
        on_organizations="on_organizations" in sent,
    )
    if sent.get("as") == "same":
        return saving.save_over(
            posted.number(request, "insight"),
            kind,
            definition,
            wording,
            seen_version=posted.number(request, "version"),
            actor=request.user,
            now=now,
        )
    return saving.save_new(kind, definition, wording, actor=request.user, now=now)


@register_page("insight_change", title="Insight", route="insights/change", permission="tracker.add_savedinsight")
def change_page(request: HttpRequest) -> HttpResponse:
    """Buttons beside an insight: put it on a dashboard, or take it away."""
    if request.method != "POST":
        raise Http404
    now, insight_id = timezone.now(), posted.number(request, "insight")
    dashboard_id = posted.number(request, "dashboard")
    if request.POST.get("act") == "remove":
        if saving.remove(insight_id, actor=request.user, now=now):
            messages.success(request, "The insight is removed, from its dashboards too.")
        else:
            messages.error(request, "Only its owner removes an insight, and those made at install stay.")
        return HttpResponseRedirect(reverse("admin:insights"))
    try:
        made = saving.pin(insight_id, dashboard_id, actor=request.user, now=now)
    except (SavedInsight.DoesNotExist, Dashboard.DoesNotExist) as error:
        raise Http404 from error
    messages.success(request, "It stands on the dashboard." if made else "It stood on that dashboard already.")
    return HttpResponseRedirect(reverse("admin:dashboard", args=[dashboard_id]))
