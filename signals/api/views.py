"""Doors of the read API: organizations with their verdict, and signals."""

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
    cohort = filters.NumberFilter(field_name="cohort_memberships__cohort", help_text="Id of a cohort.")


class SignalFilters(filters.FilterSet):
    state = filters.ChoiceFilter(choices=Signal.State.choices)
    type = filters.ChoiceFilter(choices=Signal.Type.choices)
    cohort = filters.NumberFilter(
        field_name="organization__cohort_memberships__cohort", help_text="Id of a cohort: signals of its members."
    )


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


class OrganizationDetail(APIView):
    scope = "organizations"

    @extend_schema(
        operation_id="organization",
        summary="One organization: snapshot, health with its explanation, signals, subscriptions, usage by day",
        tags=["organizations"],
        responses=OrganizationDetailSerializer,
    )
    def get(self, request: Request, external_id: str) -> Response:
        """Found under any of its ids."""
        organization = find(external_id)
        for name, answer in answered(organization).items():
            setattr(organization, name, answer)
        return Response(OrganizationDetailSerializer(organization).data)


def find(external_id: str) -> Organization:
    keys = OrganizationKey.objects.select_related("organization__owner", "organization__snapshot")
    key = None if "\0" in external_id else keys.filter(external_id=external_id).first()
    if key is None:
        raise Http404
    return key.organization


def answered(organization: Organization) -> dict[str, Any]:
    """What the detail shows beside the row itself."""
    today = settings.today(timezone.now())
    reading = latest_reading(organization, today)
    period = usage.by_day(organization.pk, today)
    aliases = organization.keys.aliases().values_list("external_id", flat=True)
    return {
        "aliases": list(aliases),
        "health": None if reading is None else health_json(reading),
        "subscriptions": answers.subscriptions_of(organization.pk, today),
        "usage": (*period.days, period.today),
    }
