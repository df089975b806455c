"""HTTP around the ingest: the raw body within its limit, the signature over it, answers in the one shape of errors."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

import orjson
from django.db import Error as DatabaseAway
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.views import APIView

from config.backoffice.api import error_body
from tracker import bodies, credentials, ingest, rejects, tally
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


def signed_request(request: HttpRequest, most: int, now: datetime) -> Signed:
    """`x-app-uuid` names the application, `x-signature` is the lowercase hex HMAC-SHA256 of the bytes sent.

    What the headers alone refuse is refused before anybody waits for a body.
    """
    headers = request.META
    sender = credentials.find(headers.get("HTTP_X_APP_UUID", ""))
    if sender is None:
        refuse_and_tell(None, Refused(404, "unknown_app_uuid", "Unknown app_uuid"), now)
    signature, timestamp = (
        credentials.read_signature(headers.get("HTTP_X_SIGNATURE", "")),
        headers.get("HTTP_X_TIMESTAMP"),
    )
    message = body = read_body(request, most) if signature else b""
    if timestamp is not None:
        message = timestamp.encode("utf-8", "replace") + b"." + body
    if signature is None or not credentials.is_signed(sender, message, signature, now):
        refuse_and_tell(sender, Refused(401, "invalid_signature", "Invalid signature", "x-signature"), now)
    if timestamp is not None and not is_fresh(timestamp, now):
        words = "x-timestamp must be Unix seconds within 5 minutes of now"
        refuse_and_tell(sender, Refused(401, "stale_timestamp", words, "x-timestamp"), now)
    return Signed(sender, body)


class SignedAuthentication(BaseAuthentication):
    """What the OpenAPI description calls `signature`; the views look at it themselves, see `signed_request`."""


def is_fresh(timestamp: str, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    return abs(int(timestamp) - now.timestamp()) <= FRESH_SECONDS


def read_body(request: HttpRequest, most: int) -> bytes:
    """The raw bytes, no more than the limit of them; a chunked body has no length and is counted while it comes."""
    chunked = "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower()
    announced = int(request.META.get("CONTENT_LENGTH") or 0)
    if announced > most:
        raise bodies.too_large(most)
    stream = request.environ["wsgi.input"] if chunked else request
    parts, size = [], 0
    while part := stream.read(min(READ_AT_ONCE, most + 1 - size)):
        parts.append(part)
        size += len(part)
        if size > most:
            raise bodies.too_large(most)
    if size < announced:
        raise bodies.Incomplete
    return b"".join(parts)


class IngestView(APIView):
    """What the ingest endpoints share; `most_bytes` is the limit of a body, compressed or not.

    The library describes these views in the OpenAPI file and does not run them: its request, negotiation,
    authentication and response cost more than a fifth of the CPU of one event (docs/speed.md).
    """

    authentication_classes: list = []
    permission_classes: list = []
    most_bytes = bodies.MOST_BYTES_OF_EVENT
    limited_status = 429
    known_sender: Sender | None = None
    answered: tuple[str, ...] = ()

    def __init_subclass__(cls) -> None:
        """The methods are looked up once: the library does so at every request."""
        super().__init_subclass__()
        acts = {each: "get" if each == "head" else each for each in cls.http_method_names}
        cls.answered = tuple(each.upper() for each, act in acts.items() if hasattr(cls, act))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The method first: nobody needs a signature to learn that it must be POST."""
        if request.method not in self.answered:
            return self.finish(request, refusal(self.not_allowed(request)))
        act = getattr(self, request.method.lower())
        try:
            response = act(request, *args, **kwargs)
        except EXPECTED as error:
            response = refusal(self.refused(error))
        return self.finish(request, response)

    def finish(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """The last word on every answer."""
        return response

    def not_allowed(self, request: HttpRequest) -> Refused:
        use = " or ".join(each for each in self.answered if each not in ("HEAD", "OPTIONS"))
        message, headers = f"{request.method} is not answered here; use {use}.", {"Allow": ", ".join(self.answered)}
        return Refused(405, "method_not_allowed", message, headers=headers)

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> NoReturn:
        raise self.not_allowed(request)

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponse(status=204, headers={"Allow": ", ".join(self.answered)})

    def refused(self, error: Exception) -> Refused:
        """Every expected error in the one shape; anything else is an error of ours, a 500 that is logged."""
        if isinstance(error, Refused):
            return error
        if isinstance(error, bodies.BadBody):
            return self.refuse_body(error)
        if isinstance(error, ingest.RateLimited):
            self.tell_limited()
            wait = {"Retry-After": str(int(error.wait_seconds) + 1)}
            message = "Too many events; send again after the pause."
            return Refused(self.limited_status, "rate_limited", message, headers=wait)
        log.error("Events were refused: the database did not answer (%s)", type(error).__name__)
        message = "The database is away; send again after the pause."
        return Refused(503, "unavailable", message, headers={"Retry-After": RETRY_AFTER})

    def refuse_body(self, error: bodies.BadBody) -> Refused:
        """The answer to a body that cannot be read; the application's page hears of it."""
        statuses = {bodies.TooLarge: 413, bodies.UnknownEncoding: 415}
        tell(self.sender(), error.code, error.message, "", timezone.now())
        return Refused(statuses.get(type(error), 400), error.code, error.message)

    def sender(self) -> Sender | None:
        """Who sent the request, or says so where its body was too large to check the signature."""
        return self.known_sender or credentials.find(self.request.headers.get("x-app-uuid", ""))

    def tell_limited(self) -> None:
        """The application's page hears of it."""
        if sender := self.sender():
            tell(sender, "rate_limited", "Over the application's limit of events a second.", "", timezone.now())


EXPECTED = (Refused, bodies.BadBody, ingest.RateLimited, DatabaseAway)


def answer(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    """JSON."""
    return HttpResponse(orjson.dumps(data), content_type="application/json", status=status, headers=headers)


def refusal(error: Refused) -> HttpResponse:
    response = answer(error_body(error.code, error.message, error.field), error.status, error.headers)
    if error.code == bodies.Incomplete.code:
        # Senders hang up every day, and nobody reads this answer: no warning in the log.
        response._has_been_logged = True
    return response


def refuse_and_tell(sender: Sender | None, error: Refused, now: datetime) -> None:
    tell(sender, error.code, error.message, error.field, now)
    raise error


def tell(sender: Sender | None, code: str, message: str, field: str, now: datetime) -> None:
    refusal = rejects.Refusal(code, message, field, rejects.sample(None, None, now))
    tally.add(sender.application_id if sender else None, [refusal], now)


def bad_event(error: BadEvent | ingest.Rejected) -> Refused:
    return Refused(422 if error.code == "key_reused" else 400, error.code, error.message, error.field)
