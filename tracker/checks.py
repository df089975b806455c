"""A test event from the application's page, on the way that a product's events take: signed, over the HTTP handlers."""

import hashlib
import hmac
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import orjson
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIRequest

from orgs.models import OrganizationKey
from tracker import credentials
from tracker.models import Application
from tracker.rejects import REMEDIES

PATH = "/v1/events"
NAME = "test_event"
# No figure counts what is not production.
ENVIRONMENT = "test"
USER = hashlib.sha256(b"test").hexdigest()
# Of the first organization there is, so that a test does not leave one behind that nobody knows.
ORGANIZATION = "test_organization"


@dataclass(frozen=True)
class Checked:
    """What a product would have got, in a sentence for people."""

    is_stored: bool
    sentence: str


def send_test_event(application: Application, host: str) -> Checked:
    """Send one event of the environment "test" to the host's own address, signed with the newest valid secret."""
    credentials.forget()  # what the page shows counts, not what this process remembers
    sender = credentials.find(str(application.uuid))
    secret = sender.secrets[0].value if sender and sender.secrets else b""
    body = orjson.dumps(event())
    signature = hmac.new(secret, body, hashlib.sha256).hexdigest()
    headers = {"HTTP_HOST": host, "HTTP_X_APP_UUID": str(application.uuid), "HTTP_X_SIGNATURE": signature}
    status, answer = post(body, headers)
    if status == 201:
        told = f"Stored as event {answer['id']}: POST {PATH} took a signed event and answered 201."
        return Checked(True, f"{told} It stands in the event stream, environment “{ENVIRONMENT}”.")
    remedy = REMEDIES.get(answer.get("code", ""), "")
    told = f"POST {PATH} answered {status}: {answer.get('message', 'no reason given')}."
    return Checked(False, f"{told} {remedy}".strip())


def event() -> dict[str, str]:
    first = OrganizationKey.objects.order_by("id").values_list("external_id", flat=True).first()
    return {
        "event": NAME,
        "user_hash": USER,
        "customer_org_id": first or ORGANIZATION,
        "environment": ENVIRONMENT,
    }


def post(body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """Status and JSON of the answer, through every middleware: the whole way but for the socket."""
    handler = BaseHandler()
    handler.load_middleware()
    request = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": PATH,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
    }
    response = handler.get_response(WSGIRequest({**request, **headers}))
    try:
        return response.status_code, orjson.loads(response.content or b"{}")
    except orjson.JSONDecodeError:
        return response.status_code, {}
