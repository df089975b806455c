"""Doors of the questions with a shape of their own: funnel, retention, lifecycle. `X-Query-Id` names them too."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tracker.api import insight_schema, schema
from tracker.api.insights import answered, query_id, read
from tracker.insights import funnels, lifecycle, reading, retention, spans
from tracker.insights.description import Description
from tracker.insights.reading import BadDescription

REFUSED = {
    400: OpenApiResponse(schema.ERROR, description="`field` names the part that makes no sense."),
    422: OpenApiResponse(schema.ERROR, description="Stopped after 30 seconds; says what to narrow."),
}


def split(document: Any, *own: str) -> tuple[dict, dict]:
    """The part that every question has, and the part of this one."""
    if not isinstance(document, dict):
        raise BadDescription("", "An object is expected here.")
    return {key: value for key, value in document.items() if key not in own}, document


def described(document: dict, now: datetime, steps: Any = None) -> Description:
    return read({**document, "series": steps if steps is not None else [{"event": None}]}, now)


class FunnelView(APIView):
    scope = "insights"

    @extend_schema(
        operation_id="insights_funnel",
        tags=["insights"],
        request={"application/json": insight_schema.FUNNEL},
        responses={200: OpenApiResponse(insight_schema.STEPS), **REFUSED},
    )
    def post(self, request: Request) -> Response:
        """How many organizations or users did one thing after the other."""
        now = timezone.now()

        def ask() -> dict:
            shared, given = split(request.data, "steps", "by", "window_days")
            description = described(shared, now, given.get("steps") or [])
            days = reading.whole(given.get("window_days"), "window_days", funnels.WINDOW.days)
            found = funnels.answer(
                description.series,
                spans.of(description),
                now,
                by=given.get("by", "organization"),
                window=timedelta(days=days),
                query_id=query_id(request),
            )
            return asdict(found)

        return answered(ask)


class RetentionView(APIView):
    scope = "insights"

    @extend_schema(
        operation_id="insights_retention",
        tags=["insights"],
        request={"application/json": insight_schema.RETENTION},
        responses={200: OpenApiResponse(insight_schema.COHORTS), **REFUSED},
    )
    def post(self, request: Request) -> Response:
        """Of the organizations that began in a week or month, how many came back."""
        now = timezone.now()

        def ask() -> dict:
            shared, given = split(request.data, "start", "back")
            names = {key: reading.event_name(given.get(key), key) for key in ("start", "back")}
            span = spans.of(described(shared, now))
            return asdict(retention.answer(span, now, **names, query_id=query_id(request)))

        return answered(ask)


class LifecycleView(APIView):
    scope = "insights"

    @extend_schema(
        operation_id="insights_lifecycle",
        tags=["insights"],
        request={"application/json": insight_schema.SPAN},
        responses={200: OpenApiResponse(insight_schema.STAGES), **REFUSED},
    )
    def post(self, request: Request) -> Response:
        """Who is new, stayed, came back or fell silent, bucket by bucket."""
        now = timezone.now()

        def ask() -> dict:
            shared, _ = split(request.data)
            return asdict(lifecycle.answer(spans.of(described(shared, now)), now, query_id=query_id(request)))

        return answered(ask)
