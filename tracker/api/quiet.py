"""Answers to what those clients ask besides sending events, so that they go on in peace: no flags, no settings."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from tracker.api.clients import ClientView

NO_FLAGS = {"flags": {}, "featureFlags": {}, "featureFlagPayloads": {}, "errorsWhileComputingFlags": False}


class FlagsView(ClientView):
    """No feature flags."""

    schema = None

    def get(self, request: Request) -> Response:
        return Response(NO_FLAGS)

    def post(self, request: Request) -> Response:
        return Response(NO_FLAGS)


class DiscardView(ClientView):
    """Recordings and measurements of the clients themselves: taken, not kept."""

    schema = None

    def post(self, request: Request) -> Response:
        return Response({"status": 1, "success": True})


class SurveysView(ClientView):
    schema = None

    def get(self, request: Request) -> Response:
        return Response({"surveys": []})


class RemoteConfigView(ClientView):
    schema = None

    def get(self, request: Request, key: str) -> Response:
        return Response({})


class RemoteConfigScriptView(ClientView):
    schema = None

    def get(self, request: Request, key: str) -> HttpResponse:
        return HttpResponse(b"", content_type="application/javascript")


class SegmentSettingsView(ClientView):
    """Which destinations a browser sends to: this install alone."""

    schema = None

    def get(self, request: Request, key: str) -> Response:
        destination: dict[str, Any] = {
            "apiKey": key,
            "apiHost": f"{request.get_host()}/v1",
            "protocol": "https" if request.is_secure() else "http",
        }
        return Response({"integrations": {"Segment.io": destination}, "plan": {}, "metrics": {"sampleRate": 0}})
