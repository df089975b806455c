"""HTTP around the ingest: the raw body within its limit, the signature over it, answers in the one shape of errors."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import Error as DatabaseAway
from django.http import HttpRequest
from django.utils import timezone
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.backoffice.api import error_body
from tracker import bodies, credentials, ingest, limits, rejects
from tracker.credentials import Sender
from tracker.incoming import BadEvent

log = logging.getLogger(__name__)

FRESH_SECONDS = 300
RETRY_AFTER = "5"
READ_AT_ONCE = 64 * 1024


class Refused(Exception):
    """The whole request is answered with an error."""

    def __init__(self, status: int, code: str, message: str, field: str = "", headers: dict | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.field = status, code, message, field
        self.headers = headers


@dataclass(frozen=True)
class Signed:
    """A request whose signature is right: who sent it, and the bytes as they came."""

    sender: Sender
    body: bytes


class SignedAuthentication(BaseAuthentication):
    """`x-app-uuid` names the application, `x-signature` is the lowercase hex HMAC-SHA256 of the bytes sent."""

    def authenticate(self, request: Request) -> tuple[None, Signed]:
        headers, now = request.headers, timezone.now()
        body = read_body(request._request, most_bytes(request))
        sender = credentials.find(headers.get("x-app-uuid", ""))
        if sender is None:
            refuse_and_tell(None, Refused(404, "unknown_app_uuid", "Unknown app_uuid"), now)
        message, timestamp = body, headers.get("x-timestamp")
        if timestamp is not None:
            message = timestamp.encode("utf-8", "replace") + b"." + body
        if not credentials.is_signed(sender, message, headers.get("x-signature", ""), now):
            refuse_and_tell(sender, Refused(401, "invalid_signature", "Invalid signature", "x-signature"), now)
        if timestamp is not None and not is_fresh(timestamp, now):
            message = "x-timestamp must be Unix seconds within 5 minutes of now"
            refuse_and_tell(sender, Refused(401, "stale_timestamp", message, "x-timestamp"), now)
        return None, Signed(sender, body)


def most_bytes(request: Request) -> int:
    return request.parser_context["view"].most_bytes


def is_fresh(timestamp: str, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    return abs(int(timestamp) - now.timestamp()) <= FRESH_SECONDS


def read_body(request: HttpRequest, most: int) -> bytes:
    """The raw bytes, no more than the limit of them; a chunked body has no length and is counted while it comes."""
    chunked = "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower()
    if int(request.META.get("CONTENT_LENGTH") or 0) > most:
        raise bodies.too_large(most)
    stream = request.environ["wsgi.input"] if chunked else request
    parts, size = [], 0
    while part := stream.read(min(READ_AT_ONCE, most + 1 - size)):
        parts.append(part)
        size += len(part)
        if size > most:
            raise bodies.too_large(most)
    return b"".join(parts)


class SignedBody(BaseParser):
    """Any Content-Type is read as JSON: what counts is what was signed."""

    media_type = "application/json"

    def parse(self, stream: bytes, media_type: str | None = None, parser_context: dict | None = None) -> Any:
        return bodies.read_json(stream)


class JSON(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: dict | None = None) -> bytes:
        return orjson.dumps(data)


class AnyContent:
    """One parser and one renderer, whatever the headers ask for."""

    def select_parser(self, request: Request, parsers: list) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: list, format_suffix: str | None = None) -> tuple:
        return renderers[0], renderers[0].media_type


class IngestView(APIView):
    """What the ingest endpoints share; `most_bytes` is the limit of a body, compressed or not."""

    authentication_classes = [SignedAuthentication]
    permission_classes: list = []
    throttle_classes: list = []
    parser_classes = [SignedBody]
    renderer_classes = [JSON]
    content_negotiation_class = AnyContent
    format_kwarg = None
    most_bytes = bodies.MOST_BYTES_OF_EVENT
    limited_status = 429

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """The method first: nobody needs a signature to learn that it must be POST."""
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        if request.method not in self.allowed_methods:
            self.http_method_not_allowed(request)
        if request.method == "POST":
            self.perform_authentication(request)

    def options(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(status=204, headers={"Allow": ", ".join(self.allowed_methods)})

    def handle_exception(self, error: Exception) -> Response:
        """Every error in the one shape. Only an error of ours is a 500, and it is logged."""
        self.headers = {}
        if isinstance(error, Refused):
            return answer(error)
        if isinstance(error, bodies.BadBody):
            return answer(self.refuse_body(error))
        if isinstance(error, ingest.RateLimited):
            self.tell_limited()
            wait, words = (
                {"Retry-After": str(int(error.wait_seconds) + 1)},
                "Too many events; send again after the pause.",
            )
            return answer(Refused(self.limited_status, "rate_limited", words, headers=wait))
        if isinstance(error, DatabaseAway):
            log.error("Events were refused: the database did not answer (%s)", type(error).__name__)
            message = "The database is away; send again after the pause."
            return answer(Refused(503, "unavailable", message, headers={"Retry-After": RETRY_AFTER}))
        if isinstance(error, exceptions.MethodNotAllowed):
            message = f"{self.request.method} is not answered here; use POST."
            return answer(
                Refused(405, "method_not_allowed", message, headers={"Allow": ", ".join(self.allowed_methods)})
            )
        return super().handle_exception(error)

    def refuse_body(self, error: bodies.BadBody) -> Refused:
        """The answer to a body that cannot be read; the application's page hears of it."""
        statuses = {bodies.TooLarge: 413, bodies.UnknownEncoding: 415}
        tell(self.sender(), error.code, error.message, "", timezone.now())
        return Refused(statuses.get(type(error), 400), error.code, error.message)

    def sender(self) -> Sender | None:
        """Who sent the request, or says so where its body was too large to check the signature."""
        signed = getattr(self.request, "_auth", None)
        if isinstance(signed, Signed):
            return signed.sender
        return credentials.find(self.request.headers.get("x-app-uuid", ""))

    def tell_limited(self) -> None:
        """The application's page hears of it once a second: a flood must not cost others their database."""
        sender = self.sender()
        if sender and limits.should_tell(sender.application_id):
            tell(sender, "rate_limited", "Over the application's limit of events a second.", "", timezone.now())


def answer(error: Refused) -> Response:
    return Response(error_body(error.code, error.message, error.field), status=error.status, headers=error.headers)


def refuse_and_tell(sender: Sender | None, error: Refused, now: datetime) -> None:
    tell(sender, error.code, error.message, error.field, now)
    raise error


def tell(sender: Sender | None, code: str, message: str, field: str, now: datetime) -> None:
    refusal = rejects.Refusal(code, message, field, rejects.sample(None, None, now))
    rejects.record(sender.application_id if sender else None, [refusal], now)


def bad_event(error: BadEvent | ingest.Rejected) -> Refused:
    return Refused(422 if error.code == "key_reused" else 400, error.code, error.message, error.field)
