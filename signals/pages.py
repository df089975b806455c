"""Today and the work queue, and the one door through which people act on signals."""

from datetime import date, datetime, timedelta

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.http import url_has_allowed_host_and_scheme

from config.backoffice import formatting, settings
from config.backoffice.exports import download
from config.backoffice.pages import register_page, render_page
from orgs.models import Band, Cohort
from signals import handling, lifecycle, queue
from signals.models import Signal
from signals.today import Today, today

PAGE_SIZE = 50
SNOOZES = (7, 14, 30)


@register_page(
    "today", title="Today", group="Customers", order=10, icon="today", permission="signals.view_signal", route=""
)
def today_page(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    mine = request.GET.get("scope") == "mine"
    page = today(user=request.user, mine=mine, now=now)
    context = {
        "today": page,
        "mine": mine,
        "scope_owner": "me" if mine else None,
        "owner_filter": request.user.pk if mine else None,
        **card_words(page),
        "now": now,
        **choices(request, now),
    }
    return render_page(request, "admin/signals/today.html", context, title="Today")


def card_words(page: Today) -> dict[str, str]:
    """The line under each card's number."""
    headline, currency = page.headline, page.currency
    return {
        "mrr_sub": f"{formatting.change(headline.change)} vs {headline.previous_month:%B}"
        if headline.change is not None
        else "",
        "risk_sub": f"{formatting.percent(page.share_under_risk, 1)} of MRR" if page.mrr else "",
        "renewal_sub": f"{formatting.money(page.renewals.mrr, currency)} · {page.renewals_not_healthy} not healthy",
    }


@register_page(
    "signals",
    title="Signals",
    group="Customers",
    order=20,
    icon="notifications_active",
    permission="signals.view_signal",
)
def queue_page(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    chosen = queue.QueueFilter.of(request.GET)
    found = queue.organizations(chosen, user=request.user, now=now)
    if "export" in request.GET:
        rows = queue.export(found, chosen, now)
        return download(request, "signals", queue.EXPORTED, rows, file_format=request.GET["export"], now=now)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    cohorts = dict(Cohort.objects.values_list("pk", "name"))
    context = {
        "chosen": chosen,
        "chips": chips(request, chosen, cohorts),
        "totals": queue.totals(found),
        "page": page,
        "rows": queue.rows(page.object_list, chosen, now),
        "currency": settings.read().reporting_currency,
        "types": Signal.Type.choices,
        "states": Signal.State.choices,
        "bands": Band.choices,
        "cohorts": cohorts,
        **choices(request, now),
    }
    return render_page(request, "admin/signals/queue.html", context, title="Signals")


def choices(request: HttpRequest, now: datetime) -> dict:
    """What the actions on a row need: who may be assigned, how long to snooze, what was just done."""
    day = settings.today(now)
    return {
        "staff": staff(),
        "snoozes": [(days, (day + timedelta(days=days)).isoformat()) for days in SNOOZES],
        "undo": request.session.pop("undo", None),
        "can_act": request.user.has_perm("signals.change_signal"),
    }


def staff() -> QuerySet:
    """Who may be given work."""
    return get_user_model().objects.filter(is_active=True, is_staff=True).order_by("username")


def chips(request: HttpRequest, chosen: queue.QueueFilter, cohorts: dict[int, str]) -> list[dict[str, str]]:
    """The filters in force, each with the address without it."""
    words = {
        "state": dict(Signal.State.choices).get(chosen.state, ""),
        "family": queue.FAMILIES.get(chosen.family, ""),
        "type": dict(Signal.Type.choices).get(chosen.type, ""),
        "band": dict(Band.choices).get(chosen.band, ""),
        "owner": {"me": "My customers", "nobody": "Without an owner"}.get(chosen.owner, ""),
        "cohort": cohorts.get(chosen.cohort, "An unknown cohort") if chosen.cohort is not None else "",
        "new": "New since yesterday" if chosen.new else "",
        "q": f"“{chosen.q}”" if chosen.q else "",
    }
    shown = {name: word for name, word in words.items() if word and not (name == "state" and chosen.is_open)}
    return [{"word": word, "without": without(request, name)} for name, word in shown.items()]


def without(request: HttpRequest, name: str) -> str:
    query = request.GET.copy()
    query.pop(name, None)
    query.pop("page", None)
    return f"?{query.urlencode()}"


@register_page(
    "signal_act", title="Act on a signal", permission="signals.change_signal", route="signals/<int:signal_id>/act"
)
def act_on_signal(request: HttpRequest, signal_id: int) -> HttpResponse:
    if request.method != "POST":
        return HttpResponseRedirect(reverse("admin:signals"))
    signal = get_object_or_404(Signal.objects.select_related("organization"), id=signal_id)
    try:
        said = perform(request, signal)
    except (lifecycle.NotAllowed, handling.Refused) as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"{signal.organization}: {said}")
    return HttpResponseRedirect(back(request))


def perform(request: HttpRequest, signal: Signal) -> str:
    """One action of a person; what was done, in words."""
    now = timezone.now()
    name = request.POST.get("action", "")
    if name == "assign":
        assignee = (
            get_user_model().objects.filter(is_staff=True, is_active=True, pk=number(request, "assignee")).first()
        )
        handling.assign(signal.id, assignee, actor=request.user, now=now)
        return f"{signal} is assigned to {assignee}." if assignee else f"{signal} is assigned to nobody."
    try:
        action = lifecycle.Action(name)
    except ValueError as error:
        raise handling.Refused("Choose what to do with the signal.") from error
    handling.act(
        signal.id,
        action,
        actor=request.user,
        now=now,
        reason=request.POST.get("reason", "").strip(),
        until=day(request, "until"),
        is_false_alarm=request.POST.get("false_alarm") == "1",
    )
    if action != lifecycle.Action.REOPEN:
        request.session["undo"] = {"signal": signal.id, "said": f"{signal} of {signal.organization}"}
    return f"{signal} is {DONE[action]}."


DONE = {
    lifecycle.Action.SNOOZE: "snoozed",
    lifecycle.Action.DISMISS: "dismissed",
    lifecycle.Action.RESOLVE: "resolved",
    lifecycle.Action.REOPEN: "open again",
}


def number(request: HttpRequest, name: str) -> int | None:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def day(request: HttpRequest, name: str) -> date | None:
    try:
        return parse_date(request.POST.get(name, ""))
    except ValueError:
        return None


def back(request: HttpRequest) -> str:
    """Where the person came from, when that is here."""
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return target
    return reverse("admin:signals")
