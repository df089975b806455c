"""Answers to what those clients ask besides sending events, so that they go on in peace: no flags, no settings."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from tracker.api.clients import ClientView
from tracker.api.transport import answer

NO_FLAGS = {"flags": {}, "featureFlags": {}, "featureFlagPayloads": {}, "errorsWhileComputingFlags": False}


class FlagsView(ClientView):
    """No feature flags."""

    schema = None

    def get(self, request: HttpRequest) -> HttpResponse:
        return answer(NO_FLAGS)

    def post(self, request: HttpRequest) -> HttpResponse:
        return answer(NO_FLAGS)


class DiscardView(ClientView):
    """Recordings and measurements of the clients themselves: taken, not kept."""

    schema = None

    def post(self, request: HttpRequest) -> HttpResponse:
        return answer({"status": 1, "success": True})


class SurveysView(ClientView):
    schema = None

    def get(self, request: HttpRequest) -> HttpResponse:
        return answer({"surveys": []})


class RemoteConfigView(ClientView):
    schema = None

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        return answer({})


class RemoteConfigScriptView(ClientView):
    schema = None

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        return HttpResponse(b"", content_type="application/javascript")


class SegmentSettingsView(ClientView):
    """Which destinations a browser sends to: this install alone."""

    schema = None

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        destination: dict[str, Any] = {
            "apiKey": key,
            "apiHost": f"{request.get_host()}/v1",
            "protocol": "https" if request.is_secure() else "http",
        }
        return answer({"integrations": {"Segment.io": destination}, "plan": {}, "metrics": {"sampleRate": 0}})
