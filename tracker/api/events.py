"""Door of the read API to raw events."""

from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from config.backoffice.api import CursorPages, error_body
from orgs.api.parameters import CohortFilter
from tracker import stream
from tracker.api import schema
from tracker.models import Application, Event
from tracker.stream import StreamFilter

LONGEST = 255
HEX = RegexValidator(r"\A[0-9a-fA-F]{1,64}\Z", "A user hash has at most 64 hexadecimal characters.")


class MomentField(filters.IsoDateTimeFilter.field_class):
    """A moment in UTC: PostgreSQL knows no offset of sixteen hours and more."""

    def clean(self, value: Any) -> datetime | None:
        moment = super().clean(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError as error:
            raise ValidationError("The year lies outside of 1 to 9999.") from error


class MomentFilter(filters.IsoDateTimeFilter):
    field_class = MomentField


class EventFilters(filters.FilterSet):
    """What may be asked for; every filter that is given must hold."""

    application = filters.UUIDFilter(help_text="UUID of the application.")
    environment = filters.CharFilter(max_length=32)
    event = filters.CharFilter(max_length=LONGEST, help_text="Name of the event.")
    organization = filters.CharFilter(max_length=LONGEST, help_text="Any external id of the organization.")
    user = filters.CharFilter(validators=[HEX], help_text="User hash in hex, or how it begins.")
    path = filters.CharFilter(max_length=2048, help_text="How the path begins.")
    session = filters.UUIDFilter(help_text="Session id.")
    plan = filters.CharFilter(max_length=64)
    property = filters.CharFilter(max_length=LONGEST, help_text="Name of a property the event has.")
    value = filters.CharFilter(max_length=LONGEST, help_text="Its value as text; with `property` only.")
    cohort = CohortFilter()
    since = MomentFilter(help_text="Occurred at this moment or later.")
    until = MomentFilter(help_text="Occurred before this moment.")

    class Meta:
        model = Event
        fields: list[str] = []


class EventSerializer(serializers.ModelSerializer):
    application = serializers.UUIDField(source="application.uuid")
    event = serializers.CharField(source="name")
    external_org_id = serializers.CharField(source="key.external_id", default=None, allow_null=True)
    organization = serializers.CharField(
        source="key.organization.external_id", default=None, allow_null=True, help_text="Main id of the organization."
    )
    user_hash = serializers.SerializerMethodField(help_text="64 hexadecimal characters.")

    class Meta:
        model = Event
        fields = [
            "id",
            "received_at",
            "occurred_at",
            "application",
            "environment",
            "event",
            "external_org_id",
            "organization",
            "user_hash",
            "path",
            "session_id",
            "plan",
            "properties",
        ]

    def get_user_hash(self, event: Event) -> str | None:
        return bytes(event.user_hash).hex() if event.user_hash else None


class NewestFirst(CursorPages):
    ordering = "-id"


@extend_schema_view(
    get=extend_schema(
        operation_id="events",
        summary="Raw events, the latest received first",
        tags=["events"],
        responses={
            200: EventSerializer(many=True),
            422: OpenApiResponse(schema.ERROR, "Too rare to be found in 5 seconds; name a shorter time."),
        },
    )
)
class EventsView(ListAPIView):
    scope = "events"
    serializer_class = EventSerializer
    pagination_class = NewestFirst
    filter_backends = [filters.DjangoFilterBackend]
    filterset_class = EventFilters
    queryset = Event.objects.none()  # for the schema; `list` reads the stream

    def list(self, request: Request) -> Response:
        asked = EventFilters(request.query_params, queryset=Event.objects.none())
        if not asked.is_valid():
            raise serializers.ValidationError(asked.errors)
        events = stream.matching(chosen(asked.form.cleaned_data), timezone.now())
        try:
            with stream.in_time():
                page = self.paginate_queryset(events)
        except stream.TooSlow as error:
            return Response(error_body("too_slow", str(error)), status=status.HTTP_422_UNPROCESSABLE_ENTITY)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


def chosen(asked: dict) -> StreamFilter:
    """An application that is not known has no events: no id is 0."""
    given = {name: value for name, value in asked.items() if value not in (None, "")}
    if uuid := given.pop("application", None):
        known = Application.objects.filter(uuid=uuid).values_list("id", flat=True).first()
        given["application"] = known or 0
    if cohort := given.pop("cohort", None):
        given["cohort"] = cohort.pk
    return StreamFilter(**{**given, "user": given.get("user", "").lower()})
