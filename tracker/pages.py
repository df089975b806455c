"""Pages of this app: the event stream, applications, what was refused."""

from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from config.backoffice.chips import chips
from config.backoffice.exports import download
from config.backoffice.ids import read_id
from config.backoffice.pages import register_page, render_page
from orgs.cohorts.choosing import CohortChoice
from tracker import applications, arrivals, checks, client_snippets, partitions, rejects, snippets, stream
from tracker.models import Application, ApplicationCredential

MOST_REJECTS = 10


@register_page(
    "events", title="Event stream", group="Evidence", order=30, icon="stream", permission="tracker.view_event"
)
def stream_page(request: HttpRequest) -> HttpResponse:
    chosen, now = stream.StreamFilter.of(request.GET), timezone.now()
    try:
        if "export" in request.GET:
            rows = stream.export(chosen, now)
            return download(request, "events", stream.EXPORTED, rows, file_format=request.GET["export"], now=now)
        found, slow = stream.page(chosen, now), ""
    except stream.TooSlow as error:
        found, slow = stream.StreamPage([], None), str(error)
    names, cohorts = dict(stream.applications()), CohortChoice.of(request.GET)
    context = {
        "chosen": chosen,
        "cohorts": cohorts,
        "chips": stream_chips(request, chosen, names, cohorts),
        "rows": [(event, organization_url(event.key.organization_id) if event.key else "") for event in found.events],
        "page": found,
        "slow": slow,
        "applications": names.items(),
        "ranges": [(value, words) for value, (words, _) in stream.RANGES.items()],
        "environments": stream.environments(),
        "is_live": not chosen.before and not slow,
    }
    return render_page(request, "admin/tracker/stream.html", context, title="Event stream")


def stream_chips(
    request: HttpRequest, chosen: stream.StreamFilter, names: dict[int, str], cohorts: CohortChoice
) -> list[dict[str, str]]:
    """The filters that are on, each with the address without it."""
    words = {
        "application": names.get(chosen.application, "") if chosen.application else "",
        "environment": f"Environment {chosen.environment}" if chosen.environment else "",
        "event": chosen.event,
        "organization": chosen.organization,
        "cohort": cohorts.word,
        "user": f"User {chosen.user[:12]}" if chosen.user else "",
        "path": f"Path {chosen.path}" if chosen.path else "",
        "session": f"Session {chosen.session}" if chosen.session else "",
        "plan": f"Plan {chosen.plan}" if chosen.plan else "",
        "property": property_words(chosen),
        "range": stream.RANGES[chosen.range][0] if chosen.range else "",
        "before": "Older events" if chosen.before else "",
    }
    return chips(request, words, parts={"property": "value"})


def property_words(chosen: stream.StreamFilter) -> str:
    if not chosen.property:
        return ""
    return f"{chosen.property} = {chosen.value}" if chosen.value else f"{chosen.property} is set"


def organization_url(organization_id: int) -> str:
    try:
        return reverse("admin:orgs_organization_change", args=[organization_id])
    except NoReverseMatch:
        return ""


# --- Applications ------------------------------------------------------------------------------------------
@register_page(
    "applications", title="Applications", group="Data", order=20, icon="apps", permission="tracker.view_application"
)
def applications_page(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    found = arrivals.arrivals(now)
    if "export" in request.GET:
        header = ("application", "uuid", "is_active", "last_event_at", "events_7d", "refused_7d")
        rows = [
            (app := each.application, app.uuid, app.is_active, each.last_event_at, each.events, each.refused)
            for each in found
        ]
        return download(request, "applications", header, rows, file_format=request.GET["export"], now=now)
    context = {
        "arrivals": found,
        "now": now,
        "can_add": request.user.has_perm("tracker.add_application"),
    }
    return render_page(request, "admin/tracker/applications.html", context, title="Applications")


@register_page(
    "application",
    title="Application",
    permission="tracker.view_application",
    route="applications/<int:application_id>",
)
def application_page(request: HttpRequest, application_id: int) -> HttpResponse:
    application = get_object_or_404(Application, id=application_id)
    if request.method == "POST":
        return change_application(request, application)
    return show_application(request, application)


def change_application(request: HttpRequest, application: Application) -> HttpResponse:
    """The buttons of the page. A fresh secret is shown in this very answer and kept nowhere readable."""
    if not request.user.has_perm("tracker.change_application"):
        raise PermissionDenied
    now, act = timezone.now(), request.POST.get("act", "")
    if act == "rotate":
        kind = request.POST.get("kind")
        if kind not in ApplicationCredential.Kind.values:
            raise Http404
        text = applications.rotate(application, kind, actor=request.user, now=now)
        return show_application(request, application, **{"secret" if kind == "secret" else "write_key": text})
    if act == "revoke":
        credential = get_object_or_404(application.credentials, id=read_id(request.POST.get("credential")))
        applications.revoke(credential, actor=request.user, now=now)
        messages.success(request, f"…{credential.hint} is revoked; within 20 seconds every process refuses it.")
    elif act in ("activate", "deactivate"):
        applications.set_active(application, act == "activate", actor=request.user, now=now)
    elif act == "test":
        checked = checks.send_test_event(application, request.get_host())
        (messages.success if checked.is_stored else messages.error)(request, checked.sentence)
    return HttpResponseRedirect(reverse("admin:application", args=[application.id]))


def show_application(
    request: HttpRequest, application: Application, *, secret: str = "", write_key: str = ""
) -> HttpResponse:
    now = timezone.now()
    [arrival] = arrivals.arrivals(now, application.id)
    found = rejects.summed(now, application_id=application.id)
    context = {
        "application": application,
        "arrival": arrival,
        "days": [(now - timedelta(days=6 - n), count) for n, count in enumerate(arrival.days)],
        "credentials": application.credentials.all(),
        "valid": set(application.credentials.valid(now).values_list("id", flat=True)),
        "secret": secret,
        "write_key": write_key,
        "snippets": snippets.snippets(
            url=request.build_absolute_uri("/v1/events"), uuid=str(application.uuid), secret=secret or "YOUR_SECRET"
        ),
        "clients": arrivals.clients_seen(application.id),
        "a_minute": arrivals.events_a_minute(application.id, now),
        "rate_minutes": arrivals.RATE_MINUTES,
        "client_snippets": client_snippets.client_snippets(
            host=request.build_absolute_uri("/").rstrip("/"), write_key=write_key or "YOUR_WRITE_KEY"
        ),
        "in_default": partitions.in_default(application.id),
        "rejects": [row for row in found if row.code != rejects.UNKNOWN_KEY][:MOST_REJECTS],
        "unknown_keys": [row for row in found if row.code == rejects.UNKNOWN_KEY],
        "can_change": request.user.has_perm("tracker.change_application"),
    }
    response = render_page(request, "admin/tracker/application.html", context, title=application.name)
    response["Cache-Control"] = "no-store"
    return response


# --- Rejected events ---------------------------------------------------------------------------------------
@register_page(
    "rejects", title="Rejected events", group="Data", order=30, icon="block", permission="tracker.view_reject"
)
def rejects_page(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    found = rejects.summed(now, application_id=stream.StreamFilter.of(request.GET).application)
    if "export" in request.GET:
        rows = ([getattr(row, name) for name in rejects.EXPORTED] for row in found)
        return download(request, "rejects", rejects.EXPORTED, rows, file_format=request.GET["export"], now=now)
    context = {
        "lost": [row for row in found if not row.is_stored],
        "warnings": [row for row in found if row.is_stored],
        "lost_total": sum(row.count for row in found if not row.is_stored),
        "now": now,
    }
    return render_page(request, "admin/tracker/rejects.html", context, title="Rejected events")
