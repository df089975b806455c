"""The work queue."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from config.backoffice import columns, settings
from config.backoffice.chips import chips
from config.backoffice.columns import Column
from config.backoffice.exports import download
from config.backoffice.pages import register_page, render_page
from config.backoffice.paging import NarrowPaginator
from orgs.cohorts.choosing import CohortChoice
from orgs.models import Band
from signals import queue
from signals.models import Signal
from signals.pages.beside import choices

PAGE_SIZE = 50
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
