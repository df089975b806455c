"""Pages, sessions and the event explorer: what is used, by whom, and what events say."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from config import db
from config.backoffice import settings
from config.backoffice.chips import chips
from config.backoffice.exports import download
from config.backoffice.ids import read_id
from config.backoffice.pages import register_page, render_page
from orgs.cohorts.choosing import CohortChoice
from orgs.models import Organization
from tracker import explorer, paths, sessions, stream
from tracker.fields import PRODUCTION
from tracker.models import Application, PathRule
from tracker.paths import Scope

SEE, CHANGE = "tracker.view_event", "tracker.change_application"
SPANS = {"7": 7, "30": 30, "90": 90, "365": 365}
PAGE_SIZE = 50
SECONDS = 20
TOO_SLOW = "These days hold too much to be counted in 20 seconds. Choose fewer days or one application."


def scope_of(request: HttpRequest) -> Scope:
    """Whole days up to and with today; what makes no sense is left out."""
    days = SPANS.get(request.GET.get("days", ""), 30)
    until = settings.today(timezone.now()) + timedelta(days=1)
    environment = request.GET.get("environment", "").strip()[:32] or PRODUCTION
    application = read_id(request.GET.get("application"))
    cohort = read_id(request.GET.get("cohort"))
    return Scope(until - timedelta(days=days), until, environment, application, cohort)


def frame(request: HttpRequest, scope: Scope) -> dict[str, Any]:
    """What the line of filters shows on each of these pages."""
    applications, cohorts = dict(stream.applications()), CohortChoice.of(request.GET)
    words = {
        "application": applications.get(scope.application, "An unknown application") if scope.application else "",
        "environment": scope.environment if scope.environment != PRODUCTION else "",
        "cohort": cohorts.word,
        "q": search_of(request) and f"“{search_of(request)}”",
    }
    return {
        "scope": scope,
        "span": (scope.until - scope.since).days,
        "spans": SPANS,
        "applications": applications.items(),
        "cohorts": cohorts,
        "q": search_of(request),
        "chips": chips(request, words),
    }


def search_of(request: HttpRequest) -> str:
    return request.GET.get("q", "").strip()[:255]


def in_time(request: HttpRequest, title: str, answer: Callable[[], Any]) -> Any:
    """What `answer` gives, or a page that says that it took too long."""
    try:
        with db.in_time(SECONDS):
            return answer()
    except db.TooSlow:
        context = {**frame(request, scope_of(request)), "slow": TOO_SLOW}
        return render_page(request, "admin/tracker/too_slow.html", context, title=title)


def export(request: HttpRequest, name: str, header: tuple[str, ...], rows: Iterable[list[Any]]) -> HttpResponse:
    return download(request, name, header, rows, file_format=request.GET["export"], now=timezone.now())


# --- Pages -------------------------------------------------------------------------------------------------
@register_page("pages", title="Pages", group="Evidence", order=45, icon="web", permission=SEE)
def pages_page(request: HttpRequest) -> HttpResponse:
    scope = scope_of(request)
    found = in_time(request, "Pages", lambda: paths.pages(scope, search_of(request)))
    if isinstance(found, HttpResponse):
        return found
    users = paths.users(scope)
    if "export" in request.GET:
        header = ("page", "events", "users", "organizations", "paths")
        rows = ([row.page, row.events, (users or {}).get(row.page), row.organizations, row.paths] for row in found)
        return export(request, "pages", header, rows)
    shown = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        **frame(request, scope),
        "found": found,
        "events": sum(each.events for each in found),
        "page": shown,
        "rows": [(each, None if users is None else users.get(each.page, 0)) for each in shown],
        "is_without_users": users is None,
        "rules": PathRule.objects.select_related("application").order_by("application__name", "position", "id"),
        "can_change": request.user.has_perm(CHANGE),
    }
    return render_page(request, "admin/tracker/pages.html", context, title="Pages")


@register_page("page_use", title="Page", permission=SEE, route="pages/use")
def page_use_page(request: HttpRequest) -> HttpResponse:
    """The organizations of one page; `path` is the folded path."""
    scope, path = scope_of(request), request.GET.get("path", "")[:2048]
    found = in_time(request, "Page", lambda: paths.organizations_of(path, scope))
    if isinstance(found, HttpResponse):
        return found
    names = named(row[0] for row in found)
    if "export" in request.GET:
        header = ("external_org_id", "display_name", "events", "last_on")
        rows = ([names[pk].external_id, names[pk].display_name, count, last] for pk, count, last in found)
        return export(request, "page", header, rows)
    shown = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        **frame(request, scope),
        "path": path,
        "found": found,
        "events": sum(count for _, count, _ in found),
        "page": shown,
        "rows": [(names[pk], count, last) for pk, count, last in shown],
    }
    return render_page(request, "admin/tracker/page_use.html", context, title="Page")


def named(ids: Iterable[int]) -> dict[int, Organization]:
    return Organization.objects.only("pk", "external_id", "display_name").in_bulk(list(ids))


@register_page("path_rules", title="Rules for paths", permission=CHANGE, route="pages/rules")
def rules_page(request: HttpRequest) -> HttpResponse:
    """Add or remove a rule that folds paths."""
    if request.method == "POST":
        if request.POST.get("act") == "remove":
            remove_rule(request)
        else:
            add_rule(request)
    return HttpResponseRedirect(reverse("admin:pages"))


def add_rule(request: HttpRequest) -> None:
    application = get_object_or_404(Application, pk=read_id(request.POST.get("application")))
    try:
        rule = paths.add_rule(application, request.POST.get("pattern", ""), actor=request.user, now=timezone.now())
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"{rule} is one page now, in all days.")


def remove_rule(request: HttpRequest) -> None:
    rule_id = read_id(request.POST.get("rule"))
    removed = paths.remove_rule(rule_id, actor=request.user, now=timezone.now()) if rule_id else None
    if removed is None:
        messages.warning(request, "This rule was removed before.")
    else:
        messages.success(request, f"{removed} is no rule any more; its paths stand for themselves.")


# --- Sessions ----------------------------------------------------------------------------------------------
@register_page("sessions", title="Sessions", group="Evidence", order=50, icon="timelapse", permission=SEE)
def sessions_page(request: HttpRequest) -> HttpResponse:
    scope = scope_of(request)
    found = in_time(request, "Sessions", lambda: sessions.counted(scope))
    if isinstance(found, HttpResponse):
        return found
    organizations = found.organizations
    if "export" in request.GET:
        names = named(each.organization_id for each in organizations)
        header = ("external_org_id", "display_name", "sessions", "events", "last_on")
        owners = [names[each.organization_id] for each in organizations]
        rows = (
            [owner.external_id, owner.display_name, each.sessions, each.events, each.last_on]
            for owner, each in zip(owners, organizations, strict=True)
        )
        return export(request, "sessions", header, rows)
    shown = Paginator(organizations, PAGE_SIZE).get_page(request.GET.get("page"))
    latest = sessions.latest(scope)
    names = named(each.organization_id for each in (*shown, *latest) if each.organization_id)
    context = {
        **frame(request, scope),
        "organizations": organizations,
        "sessions": sum(each.sessions for each in organizations),
        "events": sum(each.events for each in organizations),
        "page": shown,
        "rows": [(names[each.organization_id], each) for each in shown],
        "latest": [(each, names.get(each.organization_id)) for each in latest],
        "chart": chart(found.days),
    }
    return render_page(request, "admin/tracker/sessions.html", context, title="Sessions")


def chart(days: list[sessions.SessionDayCount]) -> dict[str, Any]:
    return {
        "labels": [f"{each.day:%-d %b}" for each in days],
        "series": [
            {"label": "Sessions", "data": [each.sessions for each in days], "kind": "bar", "colour": "usage"},
        ],
        "incomplete_last": True,
    }


# --- Explorer ----------------------------------------------------------------------------------------------
@register_page("explorer", title="Event explorer", group="Evidence", order=55, icon="travel_explore", permission=SEE)
def explorer_page(request: HttpRequest) -> HttpResponse:
    scope = scope_of(request)
    found = in_time(request, "Event explorer", lambda: explorer.names(scope, search_of(request)))
    if isinstance(found, HttpResponse):
        return found
    if "export" in request.GET:
        header = ("event", "events", "organizations", "first_on", "last_on")
        rows = ([row.name, row.events, row.organizations, row.first_on, row.last_on] for row in found)
        return export(request, "events-explored", header, rows)
    context = {
        **frame(request, scope),
        "found": found,
        "events": sum(each.events for each in found),
        "page": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")),
    }
    return render_page(request, "admin/tracker/explorer.html", context, title="Event explorer")


@register_page("explored_event", title="Event", permission=SEE, route="explorer/event")
def explored_event_page(request: HttpRequest) -> HttpResponse:
    """The properties of one event name."""
    scope, name = scope_of(request), request.GET.get("event", "")[:255]
    found = in_time(request, "Event", lambda: explorer.sample(name, scope))
    if isinstance(found, HttpResponse):
        return found
    if "export" in request.GET:
        header = ("property", "events", "of", "types", "different_values", "samples")
        rows = (
            [row.name, row.events, row.of, ", ".join(row.types), row.distinct, " · ".join(row.samples)]
            for row in found.properties
        )
        return export(request, "event-properties", header, rows)
    context = {**frame(request, scope), "name": name, "sample": found}
    return render_page(request, "admin/tracker/explored_event.html", context, title="Event")
