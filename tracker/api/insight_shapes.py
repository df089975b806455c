"""Doors of the questions with a shape of their own: funnel, retention, lifecycle. `X-Query-Id` names them too."""

from dataclasses import asdict

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tracker.api import insight_schema
from tracker.api.insights import REFUSED, answered, query_id
from tracker.insights import shapes


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
        return answered(lambda: asdict(shapes.funnel(request.data, now, query_id(request))))


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
        return answered(lambda: asdict(shapes.retained(request.data, now, query_id(request))))


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
        return answered(lambda: asdict(shapes.stages(request.data, now, query_id(request))))
