"""What was refused, by application, hour, code and field: kept seven days with the last samples and the remedy.

Samples tell what kind of value came, never the value: a body may hold personal data.
"""

import logging
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from dataclasses import field as dataclass_field
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import Error, transaction
from django.db.models import Sum

from config import db
from tracker.models import Reject
from tracker.sql import rejects as sql

log = logging.getLogger(__name__)

KEPT = timedelta(days=7)
MOST_SAMPLES = 5
UNKNOWN_KEY = "unknown_key"
REMEDIES = {
    "required": "The sender leaves this field out. Add it to every event.",
    "invalid_field": "The sender fills this field in another form than the documentation asks for. Correct it there.",
    "too_long": "Shorten the value in the sender.",
    "milliseconds": "Divide the time by 1000 in the sender: ts_epoch is in seconds.",
    "unstorable_text": "Strip NUL characters and half surrogate pairs before sending.",
    "number_out_of_range": "Send the number as text or leave it out.",
    "too_deep": "Flatten the event: at most 32 levels.",
    "too_many_properties": "Send at most 256 properties an event.",
    "too_large": "Send less at once: an event may have 32 KiB, a batch 20 MiB and 10 000 events.",
    "not_an_object": "Every event must be a JSON object.",
    "invalid_json": "The body is not JSON in UTF-8. Let a JSON library write it instead of joining text.",
    "invalid_envelope": 'Send a batch as a JSON array, as {"events": […]} or one event a line.',
    "incomplete_body": "The sender hung up before its body was whole, or announced more bytes than it sent. Give it "
    "more time, and let its HTTP library set Content-Length.",
    "invalid_gzip": "Compress the whole body once, or leave Content-Encoding out.",
    "unsupported_encoding": "Use gzip or no Content-Encoding.",
    "invalid_signature": "Sign the exact bytes that are sent with this application's current secret: lowercase hex "
    "HMAC-SHA256. After a rotation the old secret ends with its overlap.",
    "stale_timestamp": "The sender's clock is off by more than 5 minutes, or requests wait too long before they leave.",
    "unknown_app_uuid": "Compare x-app-uuid with the applications listed here; an inactive one is refused too.",
    "key_reused": "The same idempotency key came with another event, user or organization. Make a new key per event.",
    "rate_limited": "The application sends more than its limit. Raise the limit or send batches.",
    "invalid_compression": "Compress the whole body once with gzip, deflate or zstd.",
    "unknown_write_key": "Copy the write key of this application into the client; a revoked or ended one is refused.",
    "origin_not_allowed": "Add the web site to the application's allowed origins.",
    "no_organization": "Stored without an organization. Let the client name it: set the group (company) once after "
    "sign-in, or change where this application looks for it.",
    "junk_id": "The client sends a placeholder instead of an id, often before the user is known. Set the id first.",
    "replaced_text": "Stored; NUL characters and half surrogate pairs became U+FFFD. Strip them before sending.",
    "unreadable_time": "Stored with the time of receipt. Send the time as ISO 8601 with its zone.",
    "method_not_allowed": "Send events with POST.",
    "unavailable": "Send again after the pause that Retry-After names; clients do so by themselves.",
    "unstorable": "The database refused what the checks had let pass. Please report it with the sample.",
    "ignored_field": "Stored without it: the client fills it in another form. Properties are an object, an event's "
    "id is text.",
    UNKNOWN_KEY: "Stored, but this key is not part of the contract and was ignored: move it into properties.",
}


@dataclass
class Refusal:
    """One refused event or request."""

    code: str
    message: str
    field: str = ""
    sample: dict[str, Any] | None = None
    is_stored: bool = False


def sample(body: Any, given: Any, now: datetime, index: int | None = None) -> dict[str, Any]:
    """What may be kept of a refused event: its shape."""
    kept: dict[str, Any] = {"at": now.isoformat(timespec="seconds")}
    if index is not None:
        kept["index"] = index
    if given is not None:
        kept["given"] = describe(given)
    if isinstance(body, dict):
        kept["keys"] = sorted(clean(str(key)[:40]) for key in list(body)[:30])
    return kept


def describe(value: Any) -> str:
    """The kind and size of a value."""
    if isinstance(value, str):
        return f"text of {len(value)} characters"
    if isinstance(value, list | dict):
        return f"{'a list' if isinstance(value, list) else 'an object'} of {len(value)}"
    names = {bool: "true or false", int: "a whole number", float: "a decimal number", type(None): "null"}
    return names.get(type(value), type(value).__name__)


def clean(value: str) -> str:
    """Text that the database takes."""
    return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


@dataclass
class Group:
    """Refusals of one application, code and field; the newest samples first."""

    code: str
    field: str
    is_stored: bool
    message: str = ""
    count: int = 0
    samples: list[dict[str, Any]] = dataclass_field(default_factory=list)

    def add(self, refusal: Refusal, count: int) -> None:
        self.message = clean(refusal.message[:300])
        self.count += count
        if refusal.sample:
            self.samples = [refusal.sample, *self.samples[: MOST_SAMPLES - 1]]


def group_of(refusal: Refusal) -> Group:
    return Group(refusal.code[:40], clean(refusal.field[:60]), refusal.is_stored)


def record(application_id: int | None, groups: Iterable[Group], now: datetime) -> None:
    """Count refusals, one statement. The sender has been told anyway: a failure here is only logged."""
    refused = [asdict(each) for each in groups]
    hour = now.replace(minute=0, second=0, microsecond=0)
    values = {"application_id": application_id, "hour": hour, "now": now, "refused": orjson.dumps(refused).decode()}
    try:
        with transaction.atomic():
            db.run(sql.COUNT_REJECTS, values)
    except Error:
        log.exception("%s refused events could not be counted", sum(each["count"] for each in refused))


def prune(now: datetime) -> int:
    """Forget what is older than seven days; how many rows."""
    return Reject.objects.filter(hour__lt=now - KEPT).delete()[0]


def count_since(moment: datetime, applications: Collection[int] | None = None) -> int:
    """Refused events of all applications, or of some, in the hours from then on."""
    found = Reject.objects.filter(hour__gte=moment, is_stored=False)
    if applications is not None:
        found = found.filter(application__in=applications)
    return found.aggregate(total=Sum("count"))["total"] or 0


# --- What pages show ---------------------------------------------------------------------------------------
EXPORTED = ("application", "code", "field", "message", "is_stored", "count", "last_at", "remedy")


@dataclass(frozen=True)
class RejectLine:
    """One reason of one application, summed over seven days."""

    application: str
    code: str
    field: str
    message: str
    is_stored: bool
    count: int
    last_at: datetime
    samples: list[dict[str, Any]]
    remedy: str


def summed(now: datetime, *, application_id: int | None = None) -> list[RejectLine]:
    """Refusals of the last seven days by application, code and field, most first, with the newest samples."""
    rows = Reject.objects.filter(hour__gte=now - KEPT).select_related("application").order_by("-hour")
    if application_id is not None:
        rows = rows.filter(application_id=application_id)
    lines: dict[tuple, list[Reject]] = {}
    for row in rows:
        lines.setdefault((row.application_id, row.code, row.field), []).append(row)
    return sorted(map(_line, lines.values()), key=lambda line: -line.count)


def _line(rows: list[Reject]) -> RejectLine:
    newest = rows[0]
    return RejectLine(
        application=str(newest.application) if newest.application else "Unknown application",
        code=newest.code,
        field=newest.field,
        message=newest.message,
        is_stored=newest.is_stored,
        count=sum(row.count for row in rows),
        last_at=newest.last_at,
        samples=[sample for row in rows for sample in row.samples][:MOST_SAMPLES],
        remedy=REMEDIES.get(newest.code, ""),
    )
