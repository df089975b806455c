"""What the product's own views are compared with."""

import hashlib
import hmac
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.generics import CreateAPIView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.backoffice.api import error_body
from orgs.models import OrganizationKey
from tracker import bodies, commits, ingest, store
from tracker.api.transport import Signed, signed_request
from tracker.api.views import EventView, reader_for
from tracker.credentials import find
from tracker.models import Application, Event


class OneInsertView(EventView):
    """The product's view, storing each request for itself: `receive` asks `commits` for a shared one."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        commits.append = store.append  # this server is not asked for anything else from here on
        return super().dispatch(request, *args, **kwargs)


class SignedEvent(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[None, Signed]:
        return None, signed_request(request._request, bodies.MOST_BYTES_OF_EVENT, timezone.now())


class OrjsonRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> bytes:
        return orjson.dumps(data)


class LibraryView(APIView):
    """The product's view run by REST framework: its request, authentication, negotiation and response."""

    authentication_classes = [SignedEvent]
    permission_classes: list = []
    renderer_classes = [OrjsonRenderer]

    def post(self, request: Request) -> Response:
        sender, now = request.auth.sender, timezone.now()
        receipt = ingest.receive(sender, [bodies.read_event(request.auth.body)], reader_for(sender, now), now)
        for rejected in receipt.rejected:
            return Response(error_body(rejected.code, rejected.message, rejected.field), status=400)
        return Response({"status": "accepted", "id": receipt.event_id}, status=201)


class EventSerializer(serializers.ModelSerializer):
    """What the library's tutorial would write: a field each, the organization looked up by its id."""

    event = serializers.CharField(source="name", max_length=255)
    customer_org_id = serializers.SlugRelatedField(
        source="key", slug_field="external_id", queryset=OrganizationKey.objects.all()
    )
    user_hash = serializers.RegexField(r"^[0-9a-fA-F]{64}$")

    class Meta:
        model = Event
        fields = ["event", "user_hash", "customer_org_id", "path", "session_id", "plan", "properties"]

    def validate_user_hash(self, value: str) -> bytes:
        return bytes.fromhex(value)

    def to_representation(self, event: Event) -> dict[str, Any]:
        return {"status": "accepted", "id": event.id}


class SerializerView(CreateAPIView):
    """A stock view of that library: parser, serializer, one INSERT. It neither deduplicates nor shares a commit."""

    serializer_class = EventSerializer
    authentication_classes: list = []
    permission_classes: list = []

    def perform_create(self, serializer: EventSerializer) -> None:
        headers, now = self.request.headers, timezone.now()
        secret = find(headers.get("x-app-uuid", "")).secrets[0].value
        signature = hmac.new(secret, self.request._request.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(signature, headers.get("x-signature", "")):
            raise AuthenticationFailed
        application = Application.objects.get(uuid=headers["x-app-uuid"])
        serializer.save(application=application, environment="production", occurred_at=now, received_at=now)
