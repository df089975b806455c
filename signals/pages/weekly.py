"""The weekly review: one page to go through together, on screen or on paper."""

from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_date

from config.backoffice import settings
from config.backoffice.pages import register_page, render_page
from orgs import scopes
from orgs.cohorts.choosing import CohortChoice
from revenue.answers.history import EARLIEST_YEAR
from revenue.charts import TITLES
from signals import weekly

# Before it no books begin, and days run out.
EARLIEST = date(EARLIEST_YEAR, 1, 1)


@register_page(
    "weekly",
    title="Weekly review",
    group="Customers",
    order=50,
    icon="event_note",
    permission="signals.view_signal",
)
def weekly_page(request: HttpRequest) -> HttpResponse:
    today = settings.today(timezone.now())
    until = max(EARLIEST, min(asked(request) or today, today))
    scope, cohorts = scopes.chosen(request), CohortChoice.of(request.GET)
    week = weekly.week(until, scope=scope, user=request.user, cohort=cohorts.chosen)
    context = {
        "week": week,
        "last_day": until - timedelta(days=1),
        "renewals_until": until + timedelta(days=weekly.RENEWAL_DAYS),
        "kinds": [(TITLES[kind], amount) for kind, amount in week.movements.by_kind.items()],
        "before": week.since,
        "after": until + timedelta(days=weekly.DAYS) if until < today else None,
        "scope": scope,
        "scopes": scopes.TITLES,
        "cohorts": cohorts,
    }
    return render_page(request, "admin/signals/weekly.html", context, title="Weekly review")


def asked(request: HttpRequest) -> date | None:
    try:
        return parse_date(request.GET.get("until", ""))
    except ValueError:
        return None
