"""The page of the feature matrix: organizations by features, used or not, with filters, pages and export."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from config.backoffice import settings
from config.backoffice.chips import chips
from config.backoffice.exports import download
from config.backoffice.pages import register_page, render_page
from orgs.cohorts.choosing import CohortChoice
from orgs.models import Organization
from tracker import feature_matrix
from tracker.adoption import Adoption
from tracker.feature_matrix import USES, Matrix, MatrixFilter, MatrixRow
from tracker.models import Feature

PAGE_SIZE = 50
TITLE = "Features by organization"
OWNERS = {"me": "My customers", "team": "My team's customers", "nobody": "Without an owner"}


@register_page(
    "feature_matrix",
    title=TITLE,
    permission="tracker.view_feature",
    route="features/organizations",
)
def feature_matrix_page(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    chosen = MatrixFilter.of(request.GET)
    found = feature_matrix.matrix(chosen, settings.today(now), user=request.user)
    if "export" in request.GET:
        header, rows = feature_matrix.header(found), feature_matrix.export(found)
        return download(request, "features", header, rows, file_format=request.GET["export"], now=now)
    cohorts = CohortChoice.of(request.GET)
    page = Paginator(found.organization_ids, PAGE_SIZE).get_page(request.GET.get("page"))
    shown = found.rows(feature_matrix.loaded(page.object_list))
    context = {
        "found": found,
        "chosen": chosen,
        "chips": filters(request, chosen, cohorts, found),
        "columns": [(each, column_words(each)) for each in found.columns],
        "rows": [(row, cells(row, found)) for row in shown],
        "page": page,
        "owners": OWNERS,
        "cohorts": cohorts,
        "uses": USES,
        "currency": settings.read().reporting_currency,
    }
    return render_page(request, "admin/tracker/feature_matrix.html", context, title=TITLE)


def filters(request: HttpRequest, chosen: MatrixFilter, cohorts: CohortChoice, found: Matrix) -> list[dict[str, str]]:
    """The filters in force, each with the address without it."""
    features = {each.pk: each.name for each in found.features}
    name = features.get(chosen.feature or 0, "an unknown feature")
    words = {
        "q": chosen.q and f"“{chosen.q}”",
        "owner": OWNERS.get(chosen.owner, ""),
        "cohort": cohorts.word,
        "feature": f"{name}: {USES[chosen.use]}" if chosen.feature else "",
    }
    return chips(request, words, parts={"feature": "use"})


def column_words(column: Adoption) -> str:
    feature = column.feature
    return (
        f"{column.using} of {column.of} used it, {column.adopting} adopted it: at least {feature.minimum_uses} uses by "
        f"{feature.minimum_users} users in {feature.window_days} days"
    )


def cells(row: MatrixRow, found: Matrix) -> list[dict[str, Any]]:
    """The cells of one line; each use opens the insight that counts it."""
    return [
        {"use": use, "feature": feature, "href": use and counted(row.organization, feature, found)}
        for feature, use in zip(found.features, row.uses, strict=True)
    ]


def counted(organization: Organization, feature: Feature, found: Matrix) -> str:
    """The insight of one feature in its window, by day, for one organization."""
    asked = {
        "series-0-kind": "feature",
        "series-0-name": feature.pk,
        "series-0-math": "total",
        "range": "custom",
        "from": found.as_of - timedelta(days=feature.window_days),
        "to": found.as_of - timedelta(days=1),
        "interval": "day",
        "display": "bar",
        "environment": "production",
        "organization": organization.external_id,
    }
    return f"{reverse('admin:insight')}?{urlencode(asked)}"
