"""The signed ingest API: one event, or many."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from tracker import batches, bodies, ingest
from tracker.api import schema
from tracker.api.transport import IngestView, SignedAuthentication, answer, bad_event, signed_request
from tracker.credentials import Sender
from tracker.decoders import signed

HEADERS = [
    OpenApiParameter("x-app-uuid", str, "header", required=True, description="UUID of the application."),
    OpenApiParameter(
        "x-signature",
        str,
        "header",
        required=True,
        description="Lowercase hex HMAC-SHA256 of the raw body, or of `x-timestamp.body` when x-timestamp is sent.",
    ),
    OpenApiParameter("x-timestamp", int, "header", description="Unix seconds; older than 5 minutes is refused."),
]
KEY_HEADER = OpenApiParameter("Idempotency-Key", str, "header", description="The same thing as `event_id`.")
ERRORS = {
    status: OpenApiResponse(schema.ERROR, words)
    for status, words in {
        400: "The body or a field is wrong; `field` names it.",
        401: "Invalid signature, or a stale x-timestamp.",
        404: "Unknown app_uuid.",
        413: "Too large.",
        415: "Unknown Content-Encoding.",
        429: "Over the application's rate limit; see Retry-After.",
        503: "The database is away; see Retry-After.",
    }.items()
}
REUSED = {422: OpenApiResponse(schema.ERROR, "The key was used for another event.")}


class SignedView(IngestView):
    """The signature first, then the compression."""

    authentication_classes = [SignedAuthentication]

    def open(self, request: HttpRequest, now: datetime) -> tuple[Sender, bytes]:
        sent = signed_request(request, self.most_bytes, now)
        self.known_sender = sent.sender
        encoding = request.META.get("HTTP_CONTENT_ENCODING", "")
        return sent.sender, bodies.inflate(sent.body, encoding, self.most_bytes)


class EventView(SignedView):
    """One event."""

    @extend_schema(
        operation_id="receive_event",
        summary="Send one event",
        tags=["ingest"],
        parameters=[*HEADERS, KEY_HEADER],
        request={"application/json": schema.EVENT},
        responses={201: schema.ACCEPTED, 200: schema.ACCEPTED, **ERRORS, **REUSED},
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        sender, body = self.open(request, now)
        try:
            item = bodies.read_event(body)
        except bodies.Unreadable as error:
            raise bodies.BadBody("invalid_json", str(error)) from error
        decode = reader_for(sender, now, request.META.get("HTTP_IDEMPOTENCY_KEY"))
        receipt = ingest.receive(sender, [item], decode, now)
        for rejected in receipt.rejected:
            raise bad_event(rejected)
        if receipt.duplicates:
            return answer({"status": "duplicate", "id": receipt.event_id})
        return answer({"status": "accepted", "id": receipt.event_id}, 201)


class BatchView(SignedView):
    """Many events; the good ones are stored, the bad ones named."""

    most_bytes = bodies.MOST_BYTES_OF_BATCH

    @extend_schema(
        operation_id="receive_batch",
        summary="Send up to 10 000 events",
        tags=["ingest"],
        parameters=HEADERS,
        request={"application/json": schema.BATCH, "application/x-ndjson": schema.EVENT},
        responses={200: schema.RECEIPT, **ERRORS},
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        sender, body = self.open(request, now)
        receipt = ingest.receive(sender, batches.read_batch(body), reader_for(sender, now), now)
        return answer(
            {
                "accepted": receipt.accepted,
                "duplicates": receipt.duplicates,
                "rejected": [
                    {"index": each.index, "code": each.code, "field": each.field, "message": each.message}
                    for each in receipt.rejected
                ],
            }
        )


def reader_for(sender: Sender, now: datetime, header_key: str | None = None) -> signed.Reader:
    return signed.Reader(
        application_id=sender.application_id, denied=sender.denied, received_at=now, header_key=header_key
    )
