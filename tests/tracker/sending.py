"""A product that sends events, as tests need it."""

import hashlib
import hmac
import json
from typing import Any

from django.test import Client
from django.utils import timezone

from tests.factories import staff  # noqa: F401  used by page tests
from tracker.applications import create_application

USER = "a1b2c3d4" * 8


def body(**values: Any) -> dict:
    """A valid event."""
    return {"event": "page_view", "user_hash": USER, "customer_org_id": "org_456", **values}


class Product:
    """An application with its secret that signs what it sends."""

    def __init__(self, name: str = "Shop", **settings: Any) -> None:
        fresh = create_application(name, actor=None, now=timezone.now(), **settings)
        self.application = fresh.application
        self.secret = fresh.secret.encode()
        self.write_key = fresh.write_key
        self.client = Client(raise_request_exception=True)

    def sign(self, raw: bytes) -> str:
        return hmac.new(self.secret, raw, hashlib.sha256).hexdigest()

    def send(self, raw: Any, path: str = "/v1/events", **headers: Any):
        """POST bytes as they are, anything else as JSON; header names with underscores."""
        raw = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
        sent = {"x-app-uuid": str(self.application.uuid), "x-signature": self.sign(raw)}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value is not None}
        return self.client.post(path, raw, content_type="application/json", headers=sent)

    def send_batch(self, raw: Any, **headers: Any):
        return self.send(raw, "/v1/events/batch", **headers)
