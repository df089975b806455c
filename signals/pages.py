"""Today and the work queue."""

from datetime import date, datetime, timedelta

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.html import format_html_join

from config.backoffice import columns, formatting, settings
from config.backoffice.chips import chips
from config.backoffice.columns import Column
from config.backoffice.exports import download
from config.backoffice.pages import register_page, render_page
from config.backoffice.paging import NarrowPaginator
from orgs import scopes
from orgs.cohorts.choosing import CohortChoice
from orgs.models import Band
from signals import queue, undoing
from signals.beside import Actions
from signals.models import Signal
from signals.today import Today, today

PAGE_SIZE = 50
SNOOZES = (7, 14, 30)
SOON = timedelta(days=7)
# Beside the organization and its signals, which are always there.
CHOICE = (
    Column("mrr", "MRR"),
    Column("health", "Health"),
    Column("priority", "Priority"),
    Column("dates", "Open, seen, renews"),
    Column("events", "Events in 30 days", is_usual=False),
    Column("owner", "Owner", is_usual=False),
    Column("segment", "Segment", is_usual=False),
    Column("products", "Products", is_usual=False),
)


@register_page(
    "today", title="Today", group="Customers", order=10, icon="today", permission="signals.view_signal", route=""
)
def today_page(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    scope = scopes.chosen(request)
    page = today(user=request.user, scope=scope, now=now)
    context = {
        "today": page,
        "scope": scope,
        "scopes": scopes.TITLES,
        "owner": scopes.OWNER[scope],
        **card_words(page),
        "now": now,
        **choices(request, now),
    }
    return render_page(request, "admin/signals/today.html", context, title="Today")


def card_words(page: Today) -> dict[str, str]:
    """The line under each card's number."""
    money, work = page.money, page.work
    compared = f"{formatting.change(money.change)} vs {money.previous_month:%B}"
    renewing = formatting.money(money.renewals.mrr, page.currency)
    return {
        "mrr_sub": compared if money.change is not None else "",
        "risk_sub": f"{formatting.percent(page.share_under_risk, 1)} of MRR" if money.mrr else "",
        "open_sub": f"{page.open.new} new since yesterday",
        "renewal_sub": f"{renewing} · {money.renewals_not_healthy} not healthy",
        "work_sub": f"{work.overdue} overdue" if work.overdue else "none overdue" if work.due else "",
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
    if address := columns.address(CHOICE, request):
        return HttpResponseRedirect(address)
    now = timezone.now()
    chosen = queue.QueueFilter.of(request.GET, request.user)
    found = queue.organizations(chosen, user=request.user, now=now)
    if "export" in request.GET:
        rows = queue.export(found, chosen, now)
        return download(request, "signals", queue.EXPORTED, rows, file_format=request.GET["export"], now=now)
    totals = queue.totals(found)
    paginator = NarrowPaginator(found, PAGE_SIZE)
    paginator.count = totals.organizations  # counted already
    page = paginator.get_page(request.GET.get("page"))
    cohorts = CohortChoice.of(request.GET)
    context = {
        "chosen": chosen,
        "chips": filters(request, chosen, cohorts),
        "totals": totals,
        "counted": queue.signals(chosen, now).filter(organization__in=found.values("pk")).count()
        if chosen.told
        else None,
        "page": page,
        "rows": queue.rows(page.object_list, chosen, now),
        "currency": settings.read().reporting_currency,
        "types": Signal.Type.choices,
        "states": queue.STATES,
        "bands": Band.choices,
        "whose": [("me", "Mine"), ("team", "My team"), ("", "All")],
        "orders": [(value, word) for value, (word, _) in queue.ORDERS.items()],
        "cohorts": cohorts,
        "choice": CHOICE,
        "columns": columns.chosen(CHOICE, request),
        **choices(request, now),
    }
    return render_page(request, "admin/signals/queue.html", context, title="Signals")


def choices(request: HttpRequest, now: datetime) -> dict:
    """What the actions on a row need: who may be assigned, how long to snooze, what was just done."""
    day = settings.today(now)
    shown = {"staff": staff_options(request), "snoozes": snoozes(day), "due": day + SOON}
    can_act = request.user.has_perm("signals.change_signal")
    return {
        **shown,
        "undo": undoing.offered(request),
        "can_act": can_act,
        "actions": Actions(request, shown) if can_act else None,
    }


def staff_options(request: HttpRequest) -> str:
    """Who may be given work, oneself first, as options of a select: written once a page, not once a row."""
    people = sorted(scopes.staff(), key=lambda person: person.pk != request.user.pk)
    return format_html_join("", '<option value="{}">{}</option>', ((person.pk, person) for person in people))


def snoozes(today: date) -> list[tuple[int, str]]:
    """How long, and until which day."""
    return [(days, (today + timedelta(days=days)).isoformat()) for days in SNOOZES]


def filters(request: HttpRequest, chosen: queue.QueueFilter, cohorts: CohortChoice) -> list[dict[str, str]]:
    """The filters in force, each with the address without it."""
    words = {
        "state": "" if chosen.is_open else dict(queue.STATES)[chosen.state],
        "family": queue.FAMILIES.get(chosen.family, ""),
        "type": dict(Signal.Type.choices).get(chosen.type, ""),
        "band": dict(Band.choices).get(chosen.band, ""),
        "owner": {"me": "My customers", "team": "My team's customers", "nobody": "Without an owner"}.get(
            chosen.owner, ""
        ),
        "cohort": cohorts.word,
        "new": "New since yesterday" if chosen.new else "",
        "told": chosen.told.words if chosen.told else "",
        "q": f"“{chosen.q}”" if chosen.q else "",
    }
    return chips(request, words)
