"""Endpoints of clients that exist already: PostHog's, Segment's and RudderStack's, as they are.

They are routed by their write key, never by the address alone, and answered exactly as those clients understand: 200
with JSON, errors with `code`, `message` and `detail`, never a redirect.
"""

import base64
import binascii
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema

from tracker import bodies, credentials, ingest, wrappings
from tracker.api import schema
from tracker.api.transport import RETRY_AFTER, IngestView, Refused, answer, read_body, refuse_and_tell
from tracker.credentials import Sender
from tracker.decoders import posthog, segment

PREFLIGHT_SECONDS = "86400"
EXPOSED = "Retry-After, PostHog-Request-Id"
ERRORS = {400: schema.ERROR, 401: schema.ERROR, 403: schema.ERROR, 413: schema.ERROR, 503: schema.ERROR}


class ClientView(IngestView):
    """What they share: no signature, any body, browsers of other web sites."""

    most_bytes = bodies.MOST_BYTES_OF_BATCH
    is_origin_allowed = True

    def sender(self) -> Sender | None:
        return self.known_sender

    def read(self, request: HttpRequest) -> Any:
        """The body as JSON, whatever its headers say about it. Its key may stand in it: anybody can have it read."""
        raw = wrappings.unwrap(read_body(request, self.most_bytes), self.most_bytes)
        try:
            return bodies.read_event(raw)
        except bodies.Unreadable as error:
            raise bodies.BadBody("invalid_envelope", str(error)) from error

    def find_sender(self, key: str) -> Sender:
        """Whose write key this is; the web site that a browser sends from has to be one of theirs."""
        now = timezone.now()
        sender = credentials.find_by_write_key(key, now)
        if sender is None:
            refuse_and_tell(None, Refused(401, "unknown_write_key", "Unknown write key"), now)
        origin = self.request.headers.get("Origin")
        if origin and sender.allowed_origins and origin not in sender.allowed_origins:
            self.is_origin_allowed = False
            message = "This web site is not among the application's allowed origins."
            refuse_and_tell(sender, Refused(403, "origin_not_allowed", message, "Origin"), now)
        self.known_sender = sender
        return sender

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A preflight has neither key nor body: it may go on when any application takes events from there."""
        response = super().options(request, *args, **kwargs)
        origin = request.headers.get("Origin")
        self.is_origin_allowed = bool(origin) and credentials.allows_origin(origin)
        if self.is_origin_allowed:
            response["Access-Control-Allow-Methods"] = ", ".join(self.answered)
            response["Access-Control-Allow-Headers"] = request.headers.get("Access-Control-Request-Headers", "*")
            response["Access-Control-Max-Age"] = PREFLIGHT_SECONDS
        return response

    def finish(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response = super().finish(request, response)
        origin = request.headers.get("Origin")
        response["Vary"] = "Origin"
        if origin and self.is_origin_allowed:
            # Beacons come with cookies; nothing here reads them.
            response["Access-Control-Allow-Origin"] = origin
            response["Access-Control-Allow-Credentials"] = "true"
            response["Access-Control-Expose-Headers"] = EXPOSED
        return response


# --- PostHog -----------------------------------------------------------------------------------------------
class PosthogView(ClientView):
    """The format of all its clients; browsers drop events on any 4xx, so even a rate limit is a 503."""

    limited_status = 503

    @extend_schema(
        operation_id="receive_posthog_events",
        summary="Events of PostHog's clients",
        tags=["ingest"],
        auth=[],
        request={"application/json": schema.POSTHOG},
        responses={200: schema.POSTHOG_STATUS, **ERRORS},
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        sent, now = posthog.open_envelope(self.read(request)), timezone.now()
        if len(sent.items) > bodies.MOST_EVENTS_OF_BATCH:
            self.find_sender(sent.first_key())  # whose page hears of it
            checked_count(sent.items)
        for sender, events in self.find_senders(sent.by_key()):
            decode = partial(posthog.decode, sender=sender, received_at=now, sent_at=sent.sent_at)
            check_complete(ingest.receive(sender, events, decode, now, key_suffices=True))
        return answer({"status": 1})

    def find_senders(self, by_key: dict[str, list[Any]]) -> list[tuple[Sender, list[Any]]]:
        """Whose events these are. An unknown key costs the others nothing; it is the answer when there is no other."""
        found, refused = [], []
        for key, events in by_key.items():
            try:
                found.append((self.find_sender(key), events))
            except Refused as error:
                refused.append(error)
        if not found:
            raise refused[0]
        return found


class PosthogResultsView(ClientView):
    """The newer format: the key in a header, and a result for each event."""

    limited_status = 503

    @extend_schema(
        operation_id="receive_posthog_events_v1",
        summary="Events of PostHog's clients, newer format",
        tags=["ingest"],
        auth=[],
        request={"application/json": schema.POSTHOG},
        responses={200: schema.POSTHOG_RESULTS, **ERRORS},
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        sender, now = self.find_sender(bearer(request)), timezone.now()
        items = checked_count(posthog.open_envelope(self.read(request)).items)
        if not items:
            raise bodies.BadBody("invalid_envelope", "The batch is empty.")
        decode = partial(
            posthog.decode,
            sender=sender,
            received_at=now,
            sent_at=request.headers.get("PostHog-Request-Timestamp"),
            library=request.headers.get("PostHog-Sdk-Info", ""),
        )
        receipt = ingest.receive(sender, items, decode, now, key_suffices=True)
        return answer({"results": results_of(items, receipt)})

    def finish(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response = super().finish(request, response)
        if "PostHog-Request-Id" in request.headers:
            response["PostHog-Request-Id"] = request.headers["PostHog-Request-Id"]
        return response


def bearer(request: HttpRequest) -> str:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def results_of(items: list[Any], receipt: ingest.Receipt) -> dict[str, dict[str, str]]:
    """A result for each uuid; an event without one is known by its place."""
    rejected = {each.index: each for each in receipt.rejected}
    results = {}
    for index, item in enumerate(items):
        uuid = item.get("uuid") if isinstance(item, dict) else None
        name = str(index if uuid is None else uuid)
        if index in rejected:
            verdict = "retry" if rejected[index].code == ingest.UNAVAILABLE else "drop"
            results.setdefault(storable(name), {"result": verdict, "details": rejected[index].message})
        elif index in receipt.warned:
            results[storable(name)] = {"result": "warning", "details": receipt.warned[index]}
        else:
            results[storable(name)] = {"result": "ok"}
    return results


def storable(name: str) -> str:
    """Half surrogate pairs cannot be answered in UTF-8."""
    return name.encode("utf-8", "replace").decode()


# --- Segment and RudderStack -------------------------------------------------------------------------------
class SegmentView(ClientView):
    """`kind` is what the address says: a batch, or one call of that type."""

    kind = "batch"

    @extend_schema(
        operation_id="receive_segment_batch",
        summary="Calls of Segment's and RudderStack's clients",
        tags=["ingest"],
        auth=[],
        request={"application/json": schema.SEGMENT},
        responses={200: schema.SEGMENT_SUCCESS, **ERRORS, 429: schema.ERROR},
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        key, now = basic_user(request), timezone.now()
        if key:
            self.find_sender(key)
        sent = segment.open_envelope(self.read(request), self.kind)
        sender = self.known_sender or self.find_sender(sent.key)
        decode = partial(segment.decode, sender=sender, received_at=now, sent_at=sent.sent_at)
        check_complete(ingest.receive(sender, checked_count(sent.items), decode, now, key_suffices=True))
        return answer({"success": True})


def basic_user(request: HttpRequest) -> str:
    """The user name of Basic authentication; some clients leave the colon out."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded.strip().encode("ascii", "replace")).decode("utf-8", "replace").partition(":")[0]
    except binascii.Error:
        return ""


def check_complete(receipt: ingest.Receipt) -> None:
    """These clients hear nothing of a single event: when one has to come again all of them do, known by their keys."""
    if receipt.is_incomplete:
        message = "Some events could not be stored; send again after the pause."
        raise Refused(503, "unavailable", message, headers={"Retry-After": RETRY_AFTER})


def checked_count(items: list[Any]) -> list[Any]:
    if len(items) > bodies.MOST_EVENTS_OF_BATCH:
        most = bodies.MOST_EVENTS_OF_BATCH
        raise bodies.TooLarge(f"The batch is too large: {len(items)} events; at most {most} are allowed.")
    return items
