"""The churn log, and the form in which staff say why."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from config.backoffice import posted, settings
from config.backoffice.exports import download
from config.backoffice.pages import register_page, render_page
from config.backoffice.refused import Refused
from orgs import scopes
from orgs.cohorts.choosing import CohortChoice
from signals import churn
from signals.digest_memory import told_to
from signals.models import Churn
from tracker import histories

PAGE_SIZE = 50
SHOWS = {"all": "All", "unexplained": "Without a reason"}
EXPORTED = (
    "external_org_id",
    "display_name",
    "owner",
    "churned_on",
    "mrr",
    "currency",
    "score_30",
    "score_60",
    "score_90",
    "reasons",
    "comment",
)


@register_page("churn", title="Churn log", group="Customers", order=60, icon="logout", permission="signals.view_signal")
def churn_page(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    scope, cohorts = scopes.chosen(request), CohortChoice.of(request.GET)
    show = "unexplained" if request.GET.get("show") == "unexplained" else "all"
    chosen = request.GET.get("reason") if request.GET.get("reason") in Churn.Reason.values else ""
    told = told_to(request.user, request.GET.get("told", ""))
    scoped = Churn.objects.in_scope(scope, request.user).in_cohort(cohorts.chosen)
    found = listed(scoped, show, chosen)
    if told is not None:
        found = found.filter(pk__in=told.ids)
    currency = settings.read().reporting_currency
    if "export" in request.GET:
        return download(
            request, "churn-log", EXPORTED, rows(found, currency), file_format=request.GET["export"], now=now
        )
    context = {
        "page": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")),
        "lost": found.aggregate(total=Sum("mrr"))["total"] or 0,
        "unexplained": scoped.unexplained().count(),
        "scope": scope,
        "scopes": scopes.TITLES,
        "cohorts": cohorts,
        "show": show,
        "told": told,
        "shows": SHOWS,
        "reason": chosen,
        "reasons": Churn.Reason.choices,
        "currency": currency,
        "unknown": unknown(),
        "can_act": request.user.has_perm("signals.change_signal"),
    }
    return render_page(request, "admin/signals/churn.html", context, title="Churn log")


def listed(scoped: Any, show: str, reason: str) -> Any:
    found = scoped.unexplained() if show == "unexplained" else scoped.in_books()
    if reason:
        found = found.filter(reasons__contains=[reason])
    return found.select_related("organization__owner")


def unknown() -> str:
    """Why a score is missing."""
    first = histories.first_day()
    known = f"Events are known from {first:%-d %b %Y} on." if first else "No event has come yet."
    return f"Not scored on that day: too little was known of its use. {known}"


def rows(found: Any, currency: str) -> Any:
    for each in found.iterator(chunk_size=2_000):
        org = each.organization
        about = [org.external_id, org.display_name, str(org.owner or ""), each.churned_on, each.mrr, currency]
        yield [*about, each.score_30, each.score_60, each.score_90, ", ".join(each.reason_words), each.comment]


@register_page(
    "churn_explain", title="Why they left", permission="signals.change_signal", route="churn/<int:churn_id>/explain"
)
def explain(request: HttpRequest, churn_id: int) -> HttpResponse:
    if request.method == "POST":
        row = get_object_or_404(Churn.objects.select_related("organization"), pk=churn_id)
        reasons = [each for each in request.POST.getlist("reason") if each]
        try:
            churn.explain(
                row.pk, reasons, comment=request.POST.get("comment", ""), actor=request.user, now=timezone.now()
            )
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, f"{row.organization}: the reasons are written down.")
    return HttpResponseRedirect(posted.back(request, reverse("admin:churn")))
