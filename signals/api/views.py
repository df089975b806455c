"""Doors of the read API: organizations with their verdict, and signals."""

from datetime import date
from typing import Any

from django.http import Http404
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.backoffice import settings
from config.backoffice.api import opens
from orgs.api.parameters import CohortFilter
from orgs.models import Band, Organization, OrganizationKey, Quadrant
from revenue import answers
from signals.api.serializers import OrganizationDetailSerializer, OrganizationSerializer, SignalSerializer
from signals.explaining import health_json, latest_reading
from signals.models import Signal
from tracker import usage


class OrganizationFilters(filters.FilterSet):
    band = filters.ChoiceFilter(field_name="snapshot__band", choices=Band.choices)
    quadrant = filters.ChoiceFilter(field_name="snapshot__quadrant", choices=Quadrant.choices)
    owner = filters.CharFilter(field_name="owner__username")
    cohort = CohortFilter(field_name="cohort_memberships__cohort")


class SignalFilters(filters.FilterSet):
    state = filters.ChoiceFilter(choices=Signal.State.choices)
    type = filters.ChoiceFilter(choices=Signal.Type.choices)
    cohort = CohortFilter(field_name="organization__cohort_memberships__cohort")


@extend_schema_view(
    get=extend_schema(operation_id="organizations", summary="Organizations with their snapshot", tags=["organizations"])
)
class OrganizationList(ListAPIView):
    scope = "organizations"
    serializer_class = OrganizationSerializer
    filter_backends = [filters.DjangoFilterBackend]
    filterset_class = OrganizationFilters
    queryset = Organization.objects.with_ids().select_related("owner", "snapshot")


@extend_schema_view(get=extend_schema(operation_id="signals", summary="Signals in all states", tags=["signals"]))
class SignalList(ListAPIView):
    scope = "signals"
    serializer_class = SignalSerializer
    filter_backends = [filters.DjangoFilterBackend]
    filterset_class = SignalFilters
    queryset = Signal.objects.select_related("organization", "assignee")


# Parts of an organization's answer that are null without this scope and permission, as its page leaves them out.
PARTS = {
    "health": ("signals", "signals.view_reading"),
    "signals": ("signals", "signals.view_signal"),
    "subscriptions": ("revenue", "revenue.view_subscription"),
    "usage": ("insights", "tracker.view_event"),
}


class OrganizationDetail(APIView):
    scope = "organizations"

    @extend_schema(
        operation_id="organization",
        summary="One organization: snapshot, health with its explanation, signals, subscriptions, usage by day",
        tags=["organizations"],
        responses=OrganizationDetailSerializer,
    )
    def get(self, request: Request, external_id: str) -> Response:
        """Found under any of its ids. Parts whose scope the token lacks are null: health and signals belong to
        `signals`, subscriptions to `revenue`, usage to `insights`."""
        organization = find(external_id)
        wanted = {name for name, needed in PARTS.items() if opens(request, *needed)}
        for name, answer in answered(organization, wanted).items():
            setattr(organization, name, answer)
        return Response(OrganizationDetailSerializer(organization).data)


def find(external_id: str) -> Organization:
    keys = OrganizationKey.objects.select_related("organization__owner", "organization__snapshot")
    key = None if "\0" in external_id else keys.filter(external_id=external_id).first()
    if key is None:
        raise Http404
    return key.organization


def answered(organization: Organization, wanted: set[str]) -> dict[str, Any]:
    """What the detail shows beside the row itself; parts that are not wanted are null and not asked for."""
    today = settings.today(timezone.now())
    ask = {
        "health": lambda: health_part(organization, today),
        "signals": lambda: organization.signals.select_related("assignee"),
        "subscriptions": lambda: answers.subscriptions_of(organization.pk, today),
        "usage": lambda: usage_part(organization, today),
    }
    return {
        "aliases": list(organization.keys.aliases().values_list("external_id", flat=True)),
        "parts": {name: ask[name]() if name in wanted else None for name in PARTS},
    }


def health_part(organization: Organization, today: date) -> dict[str, Any] | None:
    reading = latest_reading(organization, today)
    return None if reading is None else health_json(reading)


def usage_part(organization: Organization, today: date) -> tuple[usage.DayOfUsage, ...]:
    period = usage.by_day(organization.pk, today)
    return (*period.days, period.today)
