"""The page of AI cost."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from config import db
from config.backoffice import formatting, settings
from config.backoffice.exports import download
from config.backoffice.pages import register_page, render_page
from orgs.cohorts.choosing import CohortChoice
from signals import ai_cost
from signals.ai_cost import Counts, Report
from tracker.ai import By

SECONDS = 20
PAGE_SIZE = 50
SPANS = {"7": 7, "30": 30, "90": 90}
PARTS = {
    By.ORGANIZATION: "Organizations",
    By.FEATURE: "Features",
    By.MODEL: "Models",
    By.PROVIDER: "Providers",
    By.PLAN: "Plans",
}
TOO_SLOW = "These days hold too many AI events to be counted in 20 seconds. Choose fewer days."
MOST_UNPRICED = 5


@register_page(
    "ai_cost",
    title="AI cost",
    group="Evidence",
    order=70,
    icon="smart_toy",
    permission="signals.view_signal",
    route="ai-cost",
)
def ai_cost_page(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    until = settings.today(now)
    span = request.GET.get("days") if request.GET.get("days") in SPANS else "30"
    by = By(request.GET["by"]) if request.GET.get("by") in set(PARTS) else By.ORGANIZATION
    percent = next((each for each in ai_cost.RISK_SHARES if str(each) == request.GET.get("share")), 25)
    only_risk = by == By.ORGANIZATION and request.GET.get("risk") == "1"
    cohorts = CohortChoice.of(request.GET)
    try:
        with db.in_time(SECONDS):
            found = ai_cost.report(until, SPANS[span], cohorts.chosen)
            parts = [] if by == By.ORGANIZATION else ai_cost.lines(by, found.since, found.until, cohorts.chosen)
    except db.TooSlow:
        return render_page(request, "admin/signals/ai_cost.html", {"slow": TOO_SLOW}, title="AI cost")
    customers = found.at_risk(percent) if only_risk else found.customers
    if "export" in request.GET:
        return export(request, by, customers, parts)
    context = {
        "report": found,
        "at_risk": found.at_risk(percent),
        "percent": percent,
        "shares": ai_cost.RISK_SHARES,
        "only_risk": only_risk,
        "cohorts": cohorts,
        "by": by,
        "parts": [(part, word) for part, word in PARTS.items()],
        "spans": SPANS,
        "span": span,
        "page": Paginator(customers if by == By.ORGANIZATION else parts, PAGE_SIZE).get_page(request.GET.get("page")),
        "chart": chart(found),
        "unpriced": missing_prices(found),
        "can_price": request.user.has_perm("tracker.add_price"),
        **card_words(found, percent),
    }
    return render_page(request, "admin/signals/ai_cost.html", context, title="AI cost")


def export(request: HttpRequest, by: By, customers: list, parts: list) -> HttpResponse:
    now, file_format = timezone.now(), request.GET["export"]
    if by == By.ORGANIZATION:
        header, rows = ai_cost.EXPORTED_CUSTOMERS, ai_cost.export_customers(customers)
    else:
        header, rows = ai_cost.EXPORTED, ai_cost.export_lines(parts)
    return download(request, f"ai-cost-by-{by}", header, rows, file_format=file_format, now=now)


def card_words(found: Report, percent: int) -> dict[str, str]:
    """The numbers of the cards that are no whole amounts, and the lines under them."""
    days = (found.until - found.since).days
    before = f"vs the {formatting.plural(days, 'day')} before"
    change = f"{formatting.change(found.change)} {before}" if found.change is not None else "nothing before"
    total = found.total
    outputs = total.accepted + total.edited + total.rejected
    accepted = formatting.percent(Decimal(total.accepted) / outputs) if outputs else formatting.DASH
    return {
        "cost_sub": change,
        "share_shown": formatting.percent(found.share_of_mrr, 1),
        "per_call_shown": fine_money(total.per_call, found.currency),
        "per_accepted_shown": fine_money(total.per_accepted, found.currency),
        "error_shown": formatting.percent(total.error_rate, 1),
        "error_sub": f"{formatting.plural(total.failed, 'call')} failed",
        "accepted_sub": f"{accepted} of outputs taken as they came",
        "percent_shown": f"{percent}\u00a0%",
        "risk_sub": f"{percent}\u00a0% of MRR and more",
    }


def fine_money(value: Decimal | None, currency: str) -> str:
    """Cost of one call: cents are too coarse for it."""
    if value is None:
        return formatting.DASH
    return f"{formatting.number(value, 4 if value < 1 else 2)}{formatting.HARD}{currency}"


def chart(found: Report) -> dict[str, Any]:
    """Cost a day, and that of the as many days before."""
    days = [found.since + timedelta(days=count) for count in range((found.until - found.since).days)]
    shift = timedelta(days=len(days))

    def cost(counts: dict[date, Counts], day: date) -> float:
        return float(round(counts.get(day, Counts()).cost, 4))

    return {
        "labels": [f"{day:%-d %b}" for day in days],
        "unit": found.currency,
        "series": [
            {
                "label": "Cost",
                "data": [cost(found.days, day) for day in days],
                "kind": "bar",
                "colour": "money",
            },
            {
                "label": f"{len(days)} days before",
                "data": [cost(found.days_before, day - shift) for day in days],
                "kind": "line",
                "colour": "previous",
            },
        ],
        "incomplete_last": False,
    }


def missing_prices(found: Report) -> list[dict[str, Any]]:
    """Models whose calls have no cost, each with the address of a form that begins with its names."""
    add = reverse("admin:tracker_price_add")
    return [
        {
            "name": " · ".join(filter(None, pair)) or "calls without provider and model",
            "calls": calls,
            "href": f"{add}?{urlencode({'provider': pair[0][:100], 'model': pair[1][:150]})}" if all(pair) else "",
        }
        for pair, calls in list(found.unpriced.items())[:MOST_UNPRICED]
    ]
