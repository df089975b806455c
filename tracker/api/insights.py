"""Door of the insights query: a description in, numbers out."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.backoffice import settings
from config.backoffice.api import error_body
from tracker.api import insight_schema, schema
from tracker.insights import as_json, reading, running, trends
from tracker.insights.description import Description
from tracker.insights.reading import BadDescription

REFUSED = {
    400: OpenApiResponse(schema.ERROR, description="`field` names the part that makes no sense."),
    422: OpenApiResponse(schema.ERROR, description="Stopped after 30 seconds; says what to narrow."),
}


class QueryView(APIView):
    """`POST`: ask. The optional header `X-Query-Id` names the question, so that it can be watched and cancelled."""

    scope = "insights"

    @extend_schema(
        operation_id="insights_query",
        summary="Answer a question about usage: series, formula, breakdown, range",
        tags=["insights"],
        request={"application/json": insight_schema.DESCRIPTION},
        responses={200: OpenApiResponse(insight_schema.TREND), **REFUSED},
    )
    def post(self, request: Request) -> Response:
        now = timezone.now()
        return answered(lambda: as_json.trend(trends.answer(read(request.data, now), now, query_id=query_id(request))))


class RunningView(APIView):
    """A question that is being answered: `GET` how far it is, `DELETE` cancels it."""

    scope = "insights"

    @extend_schema(
        operation_id="insights_running", tags=["insights"], responses=OpenApiResponse(insight_schema.PROGRESS)
    )
    def get(self, request: Request, query_id: str) -> Response:
        """How far a running question is."""
        found = running.progress(query_id)
        if found is None:
            raise exceptions.NotFound("No question of this id is running.")
        return Response({"done": found.done, "statements": found.statements, "seconds": round(found.seconds, 1)})

    @extend_schema(operation_id="insights_cancel", tags=["insights"], responses={204: None})
    def delete(self, request: Request, query_id: str) -> Response:
        """Cancel a running question."""
        if not running.cancel(query_id):
            raise exceptions.NotFound("No question of this id is running.")
        return Response(status=status.HTTP_204_NO_CONTENT)


def read(document: Any, now: datetime) -> Description:
    return reading.read(document, settings.today(now))


def answered(ask: Callable[[], dict]) -> Response:
    """The answer, or in words why there is none."""
    try:
        return Response(ask())
    except BadDescription as error:
        return refused("invalid_description", error.message, error.path, status.HTTP_400_BAD_REQUEST)
    except running.TooSlow as error:
        return refused("too_slow", str(error), "", status.HTTP_422_UNPROCESSABLE_ENTITY)
    except running.Cancelled as error:
        return refused("cancelled", str(error), "", status.HTTP_409_CONFLICT)


def query_id(request: Request) -> str:
    return request.headers.get("X-Query-Id", "")


def refused(code: str, message: str, field: str, status_code: int) -> Response:
    return Response(error_body(code, message, field), status=status_code)
