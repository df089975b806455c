"""The Revenue page, and the page behind each of its monthly numbers."""

from datetime import date

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from config.backoffice import settings
from config.backoffice.pages import register_list, register_page, render_page
from revenue import answers, charts, drilldown, facts
from revenue.answers.ahead import named

PER_PAGE = 100

register_list(
    "subscriptions",
    title="Subscriptions",
    group="Evidence",
    order=20,
    icon="receipt_long",
    permission="revenue.view_subscription",
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


@register_page(
    "revenue", title="Revenue", group="Evidence", order=10, icon="payments", permission="revenue.view_subscription"
)
def revenue(request: HttpRequest) -> HttpResponse:
    """MRR now, how it came about, what it is made of and what is about to change."""
    now = timezone.now()
    known = facts.get(settings.today(now), now)
    found = known.facts
    count = chosen(request, "months", charts.SPANS)
    by = request.GET.get("by") if request.GET.get("by") in ("paying", "mrr") else "paying"
    context = {
        "known": known,
        "page": found,
        "now_step": charts.step_of(found.months[-1]),
        "steps": charts.steps(found.months, count),
        "spans": charts.SPANS,
        "count": count,
        "by": by,
        "trend": charts.trend(found.months, count, found.currency),
        "bridge": charts.bridge(found.months, count, found.currency),
        "heat": charts.heat(found.cohorts, by),
        "columns": range(charts.COHORTS_SHOWN),
    }
    return render_page(request, "admin/revenue/page.html", context, title="Revenue")


def chosen(request: HttpRequest, name: str, choices: tuple[int, ...]) -> int:
    """One of the choices; the first for anything else."""
    text = request.GET.get(name, "")
    return int(text) if text in {str(choice) for choice in choices} else choices[0]


@register_page(
    "revenue_month", title="Revenue of a month", permission="revenue.view_subscription", route="revenue/month"
)
def revenue_month(request: HttpRequest) -> HttpResponse:
    """The organizations one number of a month was counted from, with the same total on top."""
    today = settings.today(timezone.now())
    month = month_of(request.GET.get("month", ""), today)
    part = request.GET.get("part", "")
    listed = drilldown.listed(month, part, today)
    rows = Paginator(listed.items, PER_PAGE).get_page(request.GET.get("page"))
    context = {"listed": listed, "rows": rows, "parts": drilldown.PARTS, "titles": drilldown.TITLES}
    return render_page(request, "admin/revenue/month.html", context, title=f"Revenue of {listed.month:%B %Y}")


@register_page("revenue_renewals", title="Renewals", permission="revenue.view_subscription", route="revenue/renewals")
def revenue_renewals(request: HttpRequest) -> HttpResponse:
    """The organizations to renew within some days, by day, with the same sum on top."""
    today = settings.today(timezone.now())
    renewals = answers.renewals(today, chosen(request, "days", facts.WINDOWS))
    rows = Paginator(renewals.items, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "renewals": renewals,
        "rows": rows,
        "items": named(rows.object_list),
        "windows": facts.WINDOWS,
        "currency": settings.read().reporting_currency,
    }
    return render_page(request, "admin/revenue/renewals.html", context, title="Renewals")


def month_of(text: str, today: date) -> date:
    """The first day of the month YYYY-MM; the running one for anything else or later."""
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        month = today.replace(day=1)
    return min(month, today.replace(day=1))
