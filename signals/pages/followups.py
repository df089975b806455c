"""Follow-ups: the list of mine, my team's and everybody's, and the door through which people make and tick them."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from config.backoffice import posted, settings
from config.backoffice.exports import download
from config.backoffice.pages import register_page, render_page
from config.backoffice.refused import Refused
from orgs import scopes
from orgs.cohorts.choosing import CohortChoice
from orgs.models import Organization
from signals import followups
from signals.digest_memory import told_to
from signals.models import FollowUp
from signals.pages import beside, undoing

PAGE_SIZE = 50
SHOWS = {"open": "Open", "due": "Due", "overdue": "Overdue", "done": "Done"}
EXPORTED = ("title", "due_on", "assignee", "external_org_id", "display_name", "signal", "created_at", "done_at")


@register_page(
    "followups",
    title="Follow-ups",
    group="Customers",
    order=40,
    icon="task_alt",
    permission="signals.view_signal",
)
def followups_page(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    today = settings.today(now)
    scope, cohorts = scopes.chosen(request), CohortChoice.of(request.GET)
    show = request.GET.get("show") if request.GET.get("show") in SHOWS else "open"
    scoped = FollowUp.objects.in_scope(scope, request.user).in_cohort(cohorts.chosen)
    told = told_to(request.user, request.GET.get("told", ""))
    found = listed(scoped, show, today) if told is None else listed(scoped.filter(pk__in=told.ids), "open", today)
    if "export" in request.GET:
        return download(request, "follow-ups", EXPORTED, rows(found), file_format=request.GET["export"], now=now)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "undo": undoing.offered(request),
        "scope": scope,
        "scopes": scopes.TITLES,
        "cohorts": cohorts,
        "show": show if told is None else "",
        "told": told,
        "shows": SHOWS,
        "open_count": scoped.open().count(),
        "due_count": scoped.due(today).count(),
        "overdue_count": scoped.overdue(today).count(),
        **choices(request, now),
    }
    return render_page(request, "admin/signals/followups.html", context, title="Follow-ups")


def listed(scoped: Any, show: str, today: Any) -> Any:
    """The set that a tab shows: open ones by day, done ones latest first."""
    sets = {
        "open": scoped.open(),
        "due": scoped.due(today),
        "overdue": scoped.overdue(today),
        "done": scoped.done().order_by("-done_at", "-id"),
    }
    return sets[show].select_related("organization", "assignee", "signal", "done_by")


def rows(found: Any) -> Any:
    for each in found.iterator(chunk_size=2_000):
        org = each.organization
        about = [each.title, each.due_on, str(each.assignee or ""), org.external_id, org.display_name]
        yield [*about, each.signal.get_type_display() if each.signal else "", each.created_at, each.done_at]


def choices(request: HttpRequest, now: datetime) -> dict[str, Any]:
    """What forms about follow-ups need."""
    return {
        "staff": beside.staff_options(request),
        "today": settings.today(now),
        "can_act": request.user.has_perm("signals.change_signal"),
    }


@register_page("followup_add", title="Add a follow-up", permission="signals.change_signal", route="followups/add")
def add(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return HttpResponseRedirect(reverse("admin:followups"))
    organization = get_object_or_404(Organization, pk=posted.number(request, "organization"))
    try:
        made = followups.create(
            organization.pk,
            signal_id=posted.number(request, "signal"),
            actor=request.user,
            now=timezone.now(),
            **filled(request),
        )
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"{organization}: “{made}” is due on {made.due_on:%-d %b %Y}.")
    return HttpResponseRedirect(posted.back(request, reverse("admin:followups")))


@register_page(
    "followup_act",
    title="Change a follow-up",
    permission="signals.change_signal",
    route="followups/<int:follow_up_id>/act",
)
def act(request: HttpRequest, follow_up_id: int) -> HttpResponse:
    if request.method != "POST":
        return HttpResponseRedirect(reverse("admin:followups"))
    follow_up = get_object_or_404(FollowUp, pk=follow_up_id)
    try:
        messages.success(request, perform(request, follow_up, timezone.now()))
    except Refused as refused:
        messages.error(request, str(refused))
    return HttpResponseRedirect(posted.back(request, reverse("admin:followups")))


def perform(request: HttpRequest, follow_up: FollowUp, now: datetime) -> str:
    """One action of a person; what was done, in words."""
    action = request.POST.get("action")
    if action == "done":
        followups.complete(follow_up.pk, actor=request.user, now=now)
        address = reverse("admin:followup_act", args=[follow_up.pk])
        undoing.offer(request, f"“{follow_up}” is done.", address, [("action", "reopen")])
        return f"“{follow_up}” is done."
    if action == "reopen":
        followups.reopen(follow_up.pk, actor=request.user, now=now)
        return f"“{follow_up}” is open again."
    if action == "change":
        read_at = parse_datetime(request.POST.get("read_at", ""))
        after = followups.change(follow_up.pk, read_at=read_at, actor=request.user, now=now, **filled(request))
        return f"“{after}” is due on {after.due_on:%-d %b %Y}, {after.assignee or 'nobody'} does it."
    raise Refused("Choose what to do with the follow-up.")


def filled(request: HttpRequest) -> dict[str, Any]:
    return {
        "title": request.POST.get("title", ""),
        "due_on": posted.day(request, "due_on"),
        "assignee": scopes.staff().filter(pk=posted.number(request, "assignee")).first(),
    }
