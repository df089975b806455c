"""The Revenue page, and a page behind each of its numbers."""

from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from config.backoffice import exports, settings
from config.backoffice.ids import read_id
from config.backoffice.pages import register_list, register_page, render_page
from orgs.cohorts.choosing import PARAMETER, CohortChoice, member_ids, members
from orgs.models import Organization
from revenue import books, charts, facts
from revenue.drilldown import ahead, cohorts, lines, months, organizations, overview
from revenue.drilldown.listing import Listing
from revenue.drilldown.months import Place
from revenue.facts import Known, Lists
from revenue.mrr.calendar import add_months, month_start
from revenue.mrr.ratios import LTV_MONTHS
from revenue.mrr.report import MonthFigures

PER_PAGE = 100
MOST_MONTHS = 120
SEE = "revenue.view_subscription"
Among = frozenset[int] | None

register_list(
    "subscriptions",
    title="Subscriptions",
    group="Evidence",
    order=15,
    icon="receipt_long",
    permission=SEE,
    url_name="admin:revenue_subscription_changelist",
)
register_list(
    "rates",
    title="Exchange rates",
    group="Data",
    order=50,
    icon="currency_exchange",
    permission="revenue.view_exchangerate",
    url_name="admin:revenue_exchangerate_changelist",
)


@register_page("revenue", title="Revenue", group="Evidence", order=10, icon="payments", permission=SEE)
def revenue(request: HttpRequest) -> HttpResponse:
    """MRR now, how it came about, what it is made of and what is about to change."""
    known, cohorts = standing(), CohortChoice.of(request.GET)
    count = chosen(request, "months", charts.SPANS)
    by = request.GET.get("by") if request.GET.get("by") in ("paying", "mrr") else "paying"
    figures, lists = shown_figures(known, count, member_ids(cohorts.chosen))
    context = {
        "known": known,
        "page": lists,
        "cohorts": cohorts,
        "now_step": charts.step_of(figures[-1]),
        "steps": charts.steps(figures, count),
        "spans": charts.SPANS,
        "count": count,
        "by": by,
        "trend": charts.trend(figures, count, known.currency),
        "bridge": charts.bridge(figures, count, known.currency),
        "heat": [] if cohorts.word else charts.heat(facts.last_cohorts(charts.COHORTS_SHOWN), by),
        "columns": range(charts.COHORTS_SHOWN),
    }
    return render_page(request, "admin/revenue/page.html", context, title="Revenue")


def shown_figures(known: Known, count: int, among: QuerySet | None) -> tuple[list[MonthFigures], Lists]:
    """Months and lists of everybody as they are stored, or of the members of a cohort from what is stored of each."""
    if among is not None:
        return facts.last_months_of(among, known.as_of, count), facts.lists_of(among, known.as_of)
    # A year more than is shown: the line of the year before.
    return facts.last_months(known.as_of, count + 12), known.lists


def standing() -> Known:
    """The stored figures of today."""
    now = timezone.now()
    return facts.get(settings.today(now), now)


def listing_page(name: str, title: str, route: str, *, by_cohort: Callable | None = members) -> Callable:
    """Register a page that shows what its function lists for the stored figures and the address, or hands it out as a
    file (`export=csv` or `xlsx`). The third argument are the organizations of the chosen cohort: read, or as the query
    of `member_ids` where statements look in it; `by_cohort` None is for lists that no cohort narrows."""

    def register(listed: Callable[[HttpRequest, Known, Any], Listing]) -> Callable:
        @register_page(name, title=title, permission=SEE, route=route)
        @wraps(listed)
        def view(request: HttpRequest) -> HttpResponse:
            choice = CohortChoice.of(request.GET) if by_cohort else None
            among = by_cohort(choice.chosen) if choice else None
            return show(request, listed(request, standing(), among), choice)

        return view

    return register


def show(request: HttpRequest, listing: Listing, choice: CohortChoice | None) -> HttpResponse:
    file_format = request.GET.get("export")
    if file_format is not None:
        header, rows = listing.header(), listing.lines()
        return exports.download(request, listing.name, header, rows, file_format=file_format, now=timezone.now())
    context = {
        "listing": listing,
        "cohorts": choice,
        "rows": Paginator(listing.rows, PER_PAGE).get_page(request.GET.get("page")),
        "more_rows": listing.more and Paginator(listing.more.rows, PER_PAGE).get_page(1),
    }
    return render_page(request, "admin/revenue/list.html", context, title=listing.title)


@listing_page("revenue_month", "Revenue of a month", "revenue/month")
def revenue_month(request: HttpRequest, known: Known, among: Among) -> Listing:
    """The organizations one number of a month was counted from."""
    return months.listed(place_of(request, known, among), request.GET.get("part", ""))


@listing_page("revenue_days", "Revenue day by day", "revenue/days")
def revenue_days(request: HttpRequest, known: Known, among: Among) -> Listing:
    """The days behind the movements of a month."""
    return organizations.days_of_month(place_of(request, known, among), books.read_terms())


@listing_page("revenue_organization", "Revenue of an organization", "revenue/organization", by_cohort=None)
def revenue_organization(request: HttpRequest, known: Known, among: Among) -> Listing:
    """The lines and days behind one organization's month."""
    organization_id = number_of(request, "organization")
    if not Organization.objects.filter(pk=organization_id).exists():
        raise Http404
    among = members(read_id(request.GET.get(PARAMETER)))  # its share is of theirs
    return organizations.month_of(organization_id, place_of(request, known, among), books.read_terms())


@listing_page("revenue_cohort", "Cohort", "revenue/cohort")
def revenue_cohort(request: HttpRequest, known: Known, among: Among) -> Listing:
    """The organizations that first paid in a month, and what they pay some months later."""
    return cohorts.first_paid(place_of(request, known, among), number_of(request, "column"))


@listing_page("revenue_product", "Revenue of a product", "revenue/product", by_cohort=member_ids)
def revenue_product(request: HttpRequest, known: Known, among: QuerySet | None) -> Listing:
    """The active lines of a product."""
    return lines.of_product(request.GET.get("product", ""), known.as_of, books.read_terms(), among)


@listing_page("revenue_unconverted", "Lines without a rate", "revenue/unconverted", by_cohort=member_ids)
def revenue_unconverted(request: HttpRequest, known: Known, among: QuerySet | None) -> Listing:
    """The lines in a currency; the first one that has no rate, unless the address names one."""
    without_rate = [each.currency for each in known.lists.unconverted]
    currency = request.GET.get("currency", "")[:3] or next(iter(without_rate), "")
    return lines.unconverted(currency, known.as_of, books.read_terms(), without_rate, among)


@listing_page("revenue_discounts", "Discounts larger than their plans", "revenue/discounts", by_cohort=member_ids)
def revenue_discounts(request: HttpRequest, known: Known, among: QuerySet | None) -> Listing:
    """Organizations whose lines add up to less than nothing."""
    return lines.unused_discounts(known.as_of, books.read_terms(), among)


@listing_page("revenue_renewals", "Renewals", "revenue/renewals")
def revenue_renewals(request: HttpRequest, known: Known, among: Among) -> Listing:
    """The organizations to renew within some days, by day."""
    return ahead.renewals(chosen(request, "days", facts.WINDOWS), known.as_of, known.currency, among)


@listing_page("revenue_scheduled", "Scheduled changes", "revenue/scheduled")
def revenue_scheduled(request: HttpRequest, known: Known, among: Among) -> Listing:
    """Starts and ends that have no effect yet."""
    line = number_of(request, "line") if "line" in request.GET else None
    return ahead.scheduled(request.GET.get("kind", ""), known.as_of, books.read_terms(), line, among)


@listing_page("revenue_months", "Revenue month by month", "revenue/months", by_cohort=None)
def revenue_months(request: HttpRequest, known: Known, among: Among) -> Listing:
    """Every figure of every month."""
    return overview.months(facts.last_months(known.as_of, MOST_MONTHS), known.currency)


@listing_page("revenue_cohorts", "Cohorts", "revenue/cohorts", by_cohort=None)
def revenue_cohorts(request: HttpRequest, known: Known, among: Among) -> Listing:
    """Every cohort close by close."""
    return overview.cohorts(facts.last_cohorts(), known.currency)


@listing_page("revenue_lifetime", "Lifetime value", "revenue/lifetime", by_cohort=member_ids)
def revenue_lifetime(request: HttpRequest, known: Known, among: QuerySet | None) -> Listing:
    """The half year whose churn makes the lifetime value."""
    count = LTV_MONTHS + 1
    if among is None:
        return overview.lifetime(facts.last_months(known.as_of, count), known.currency)
    return overview.lifetime(facts.last_months_of(among, known.as_of, count), known.currency)


def chosen(request: HttpRequest, name: str, choices: tuple[int, ...]) -> int:
    """One of the choices; the first for anything else."""
    text = request.GET.get(name, "")
    return int(text) if text in {str(choice) for choice in choices} else choices[0]


def number_of(request: HttpRequest, name: str) -> int:
    """A whole number from 0 on that fits an id; 0 for anything else."""
    return read_id(request.GET.get(name)) or 0


def place_of(request: HttpRequest, known: Known, among: Among = None) -> Place:
    return Place(month_of(request.GET.get("month", ""), known.as_of), known.as_of, known.currency, among)


def month_of(text: str, today: date) -> date:
    """The first day of the month YYYY-MM; the running one for anything else, later or too long ago."""
    running = month_start(today)
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        return running
    return month if add_months(running, -MOST_MONTHS * 2) <= month <= running else running
