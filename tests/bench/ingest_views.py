"""What the product's own views are compared with."""

import hashlib
import hmac
from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.generics import CreateAPIView

from orgs.models import OrganizationKey
from tracker import store
from tracker.api.views import EventView
from tracker.credentials import find
from tracker.models import Application, Event


class OneInsertView(EventView):
    """The product's view, storing each request for itself."""

    append = staticmethod(store.append)


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
