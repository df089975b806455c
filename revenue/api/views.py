"""The read API of revenue: the same answers as the pages."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.backoffice import settings
from config.backoffice.api import CursorPages
from orgs.models import Organization, OrganizationKey
from revenue import answers, books, facts
from revenue.answers.history import Change
from revenue.api import parameters
from revenue.api.serializers import (
    CohortsSerializer,
    MonthsSerializer,
    MovementSerializer,
    SubscriptionSerializer,
    SummarySerializer,
)
from revenue.models import OrganizationMonth, Subscription
from revenue.mrr.as_json import cohort_as_json, month_as_json
from revenue.mrr.calendar import add_months, month_start, months_between
from revenue.mrr.movements import KINDS
from revenue.mrr.report import MonthFigures


def today() -> date:
    return settings.today(timezone.now())


def read(request: Request, kind: type[serializers.Serializer]) -> dict[str, Any]:
    """The query parameters as `kind` reads them; a 400 names the field."""
    given = kind(data=request.query_params)
    given.is_valid(raise_exception=True)
    return given.validated_data


class SummaryView(APIView):
    scope = "revenue"

    @extend_schema(operation_id="revenue_summary", parameters=[parameters.DayParameters], responses=SummarySerializer)
    def get(self, request: Request) -> Response:
        """Current MRR, ARR, paying organizations, ARPA, products and concentration."""
        as_of = read(request, parameters.DayParameters).get("as_of") or today()
        terms = books.read_terms()
        headline = answers.headline(as_of, terms)
        body = {
            **asdict(headline),
            "difference": headline.difference,
            "products": answers.by_product(as_of, terms).items,
            "concentration": answers.concentration(as_of, terms),
        }
        return Response(SummarySerializer(body).data)


class MonthsView(APIView):
    scope = "revenue"

    @extend_schema(operation_id="revenue_months", parameters=[parameters.MonthsParameters], responses=MonthsSerializer)
    def get(self, request: Request) -> Response:
        """Balances, movements, ratios and composition month by month; the default is the last twelve."""
        given = read(request, parameters.MonthsParameters)
        as_of = given.get("as_of") or today()
        since = given.get("since") or add_months(month_start(as_of), -11)
        parameters.check_range(since, as_of)
        months = [month_as_json(figures) for figures in months_of(since, as_of, given.get("known_on"))]
        return Response({"as_of": as_of, "currency": settings.read().reporting_currency, "months": months})


def months_of(since: date, as_of: date, known_on: date | None) -> Sequence[MonthFigures]:
    """The stored figures where they hold for that day and reach back so far, else computed from the lines."""
    if known_on is None and as_of == today():
        known = facts.get(as_of, timezone.now())
        count = months_between(since, as_of) + 1
        found = facts.last_months(as_of, count) if known.is_current else []
        if len(found) == count:
            return found
    return answers.months(since, as_of, known_on=known_on).months


class MovementsView(APIView):
    scope = "revenue"

    @extend_schema(
        operation_id="revenue_movements",
        parameters=[parameters.MovementsParameters],
        responses=inline_serializer(
            "MovementPage",
            {
                "next": serializers.CharField(allow_null=True, help_text="The cursor of the next page."),
                "count": serializers.IntegerField(),
                "results": MovementSerializer(many=True),
            },
        ),
    )
    def get(self, request: Request) -> Response:
        """One movement per organization in a month, largest first. `cursor`: the `next` of the page before."""
        given = read(request, parameters.MovementsParameters)
        as_of = given.get("as_of") or today()
        month = given.get("month") or month_start(as_of)
        parameters.check_range(month, as_of)
        kinds, size = [given["kind"]] if "kind" in given else [], given["page_size"]
        count, page = moved(month, as_of, kinds, given.get("cursor"), size + 1)
        results = movements_as_json(page[:size], month)
        return Response(
            {
                "next": parameters.cursor_of(page[size - 1]) if len(page) > size else None,
                "count": count,
                "results": results,
            }
        )


def moved(
    month: date, as_of: date, kinds: list[str], after: tuple[Decimal, int] | None, size: int
) -> tuple[int, list[Change]]:
    """How many movements a month has, and the next `size` after an amount and an organization: stored ones where they
    hold for that day, else computed from the lines."""
    if as_of == today() and facts.get(as_of, timezone.now()).is_current:
        found = OrganizationMonth.objects.of(month).moved(kinds)
        page = (found if after is None else found.smaller_than(*after)).largest_movement_first()[:size]
        return found.count(), list(facts.changes(page, as_of))
    every = [each for each in answers.changes_of_month(as_of, month).items if each.kind in (kinds or KINDS)]
    rest = [each for each in every if after is None or (-each.amount, each.organization_id) > (-after[0], after[1])]
    return len(every), rest[:size]


def movements_as_json(changes: list[Change], month: date) -> list[dict[str, Any]]:
    """Movements under the organization's external id."""
    ids = Organization.objects.filter(id__in=[change.organization_id for change in changes])
    external_ids = dict(ids.values_list("id", "external_id"))
    rows = [
        {**asdict(change), "organization": external_ids[change.organization_id], "month": f"{month:%Y-%m}"}
        for change in changes
    ]
    return MovementSerializer(rows, many=True).data


class CohortsView(APIView):
    scope = "revenue"

    @extend_schema(operation_id="revenue_cohorts", responses=CohortsSerializer)
    def get(self, request: Request) -> Response:
        """Cohorts by first paying month, oldest first; column k is the close of the k-th month after."""
        known = facts.get(today(), timezone.now())
        cohorts = [cohort_as_json(cohort) for cohort in facts.last_cohorts()]
        return Response({"as_of": known.as_of, "currency": known.currency, "cohorts": cohorts})


class SubscriptionsView(generics.ListAPIView):
    scope = "revenue"
    serializer_class = SubscriptionSerializer
    pagination_class = CursorPages
    queryset = Subscription.objects.none()

    @extend_schema(operation_id="subscriptions", parameters=[parameters.SubscriptionsParameters])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Subscription lines as they are known now, or as they were known on a day."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        given = read(self.request, parameters.SubscriptionsParameters)
        found = books.lines(given.get("known_on")).select_related("key__organization")
        if "organization" in given:
            keys = OrganizationKey.objects.filter(external_id=given["organization"])
            found = found.of_organizations(keys.values("organization_id"))
        if "cohort" in given:
            found = found.of_organizations(Organization.objects.in_cohort(given["cohort"].pk).values("pk"))
        if "product_code" in given:
            found = found.filter(product_code=given["product_code"])
        sets = {"active": found.active, "scheduled": found.scheduled}
        return sets[given["state"]](today()) if "state" in given else found
