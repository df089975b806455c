"""Today: the home page."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from config.backoffice import formatting
from config.backoffice.pages import register_page, render_page
from orgs import scopes
from signals.pages.beside import choices
from signals.today import Today, today


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
