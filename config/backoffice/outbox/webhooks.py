"""Webhooks: who is told what, signed so that the receiver knows it was us.

The signature follows the Standard Webhooks specification 1.0: headers `webhook-id`, `webhook-timestamp` and
`webhook-signature` (v1, base64 of HMAC-SHA256 over `id.timestamp.body`), secrets written as `whsec_<base64>`.
"""

import base64
import hashlib
import hmac
import json
import logging
import secrets
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Min

from config.backoffice import audit
from config.backoffice.models import Outgoing, WebhookDelivery, WebhookEndpoint
from config.backoffice.outbox import addresses, posting, trying
from config.backoffice.outbox.addresses import Forbidden
from config.backoffice.outbox.posting import Answer, NotSent
from config.backoffice.refused import Refused
from config.backoffice.secrets import SecretUnreadable, register_sealed, seal, unseal

log = logging.getLogger(__name__)

PING = "ping"
PREFIX = "whsec_"
KEEP = timedelta(days=30)
# What one endpoint may take of a round: rows, and time until its last try begins.
ROUND = 100
SHARE = timedelta(seconds=10)
EXPECTED = (Forbidden, NotSent, SecretUnreadable)
LONGEST_TEXT = 1_000
_events: dict[str, str] = {}
register_sealed(WebhookEndpoint, "secret")


def register_event(name: str, title: str) -> None:
    """An event that endpoints may ask for."""
    _events[name] = title


def events() -> dict[str, str]:
    return dict(_events)


def save(endpoint: WebhookEndpoint, *, actor: Any, now: datetime) -> str:
    """Make or change an endpoint; the secret of a new one, else "". Refused for an address that may not be called."""
    try:
        parts = addresses.read(endpoint.url)
    except Forbidden as error:
        raise Refused(str(error)) from error
    if unknown := set(endpoint.events) - set(_events):
        raise Refused(f"“{min(unknown)}” is no event; choose from the list.")
    with transaction.atomic():
        text = ""
        if endpoint.pk is None:
            text = new_secret(endpoint)
            endpoint.created_by, endpoint.created_at = actor, now
        is_new = endpoint.pk is None
        endpoint.save()
        detail = {"host": parts.hostname, "events": endpoint.events, "enabled": endpoint.is_enabled}
        audit.record(actor, "webhook.made" if is_new else "webhook.changed", endpoint, detail=detail, now=now)
    return text


def rotate(endpoint: WebhookEndpoint, *, actor: Any, now: datetime) -> str:
    """A new secret, shown once; what is sent from now on is signed with it."""
    with transaction.atomic():
        text = new_secret(endpoint)
        endpoint.save(update_fields=["secret"])
        audit.record(actor, "webhook.secret_changed", endpoint, now=now)
    return text


def new_secret(endpoint: WebhookEndpoint) -> str:
    raw = secrets.token_bytes(32)
    endpoint.secret = seal(raw)
    return PREFIX + base64.b64encode(raw).decode()


def remove(endpoint: WebhookEndpoint, *, actor: Any, now: datetime) -> None:
    """With everything that waits for it."""
    with transaction.atomic():
        audit.record(actor, "webhook.removed", endpoint, now=now)
        endpoint.delete()


def is_anybody_listening() -> bool:
    return WebhookEndpoint.objects.filter(is_enabled=True).exists()


def announce(told: Iterable[tuple[str, dict[str, Any]]], now: datetime) -> int:
    """Write down events (name, data) for whoever asked for them, as part of the caller's transaction; how many rows."""
    endpoints = list(WebhookEndpoint.objects.filter(is_enabled=True))
    if not endpoints:
        return 0
    rows = [
        delivery(endpoint, name, data, now) for name, data in told for endpoint in endpoints if name in endpoint.events
    ]
    WebhookDelivery.objects.bulk_create(rows, batch_size=500)
    return len(rows)


def delivery(endpoint: WebhookEndpoint, event: str, data: dict[str, Any], now: datetime) -> WebhookDelivery:
    """One event for one endpoint, not yet written."""
    body = json.dumps({"type": event, "timestamp": now.isoformat(), "data": data}, default=str, ensure_ascii=False)
    return WebhookDelivery(
        endpoint=endpoint, message_id=uuid.uuid4(), event=event, body=body, created_at=now, next_try_at=now
    )


def ping(endpoint: WebhookEndpoint, *, actor: Any, now: datetime) -> WebhookDelivery:
    """Something to see it arrive. Refused while the webhook is off: it would wait until somebody switches it on."""
    if not endpoint.is_enabled:
        raise Refused("This webhook is switched off, nothing is sent to it. Switch it on, then send a test event.")
    row = delivery(endpoint, PING, {"webhook": endpoint.name, "sent_by": str(actor)}, now)
    row.save()
    return row


def redeliver(delivery_id: int, *, actor: Any, now: datetime) -> None:
    """Send once more, as it was, under the same message id. Refused while it waits anyway, or nothing may be sent."""
    with transaction.atomic():
        if WebhookDelivery.objects.filter(pk=delivery_id, endpoint__is_enabled=False).exists():
            raise Refused("Its webhook is switched off, nothing is sent to it. Switch it on, then send again.")
        ended = WebhookDelivery.objects.filter(pk=delivery_id).exclude(state=Outgoing.State.PENDING)
        if not ended.update(state=Outgoing.State.PENDING, attempts=0, next_try_at=now, sent_at=None):
            raise Refused("This delivery waits to be sent already.")
        audit.record(actor, "webhook.redelivered", WebhookDelivery.objects.get(pk=delivery_id), now=now)


def send_due(now: datetime, clock: Any) -> tuple[int, int]:
    """Send what waits, endpoint after endpoint; how many arrived and how many did not. `clock()` is the time of a try.

    Every endpoint has a share of the round, and those whose tries fail come last: nobody waits long for a slow one.
    """
    WebhookDelivery.objects.filter(created_at__lt=now - KEEP).delete()
    arrived, failed = 0, 0
    for endpoint_id in waiting(now):
        came, fell = send_to(endpoint_id, now, clock)
        arrived, failed = arrived + came, failed + fell
    return arrived, failed


def waiting(now: datetime) -> list[int]:
    """Endpoints with something to send: first those without a failed try, of these whoever waits longest."""
    pending = WebhookDelivery.objects.filter(state=Outgoing.State.PENDING, endpoint__is_enabled=True)
    found = pending.order_by().values("endpoint").annotate(tries=Max("attempts"), since=Min("next_try_at"))
    return list(found.filter(since__lte=now).order_by("tries", "since", "endpoint").values_list("endpoint", flat=True))


def send_to(endpoint_id: int, now: datetime, clock: Any) -> tuple[int, int]:
    """Send to one endpoint, oldest first, until a try fails or its share of the round is used up."""
    ends_at = clock() + SHARE
    arrived = 0
    due = WebhookDelivery.objects.due(now).filter(endpoint=endpoint_id)
    for row in due.order_by("next_try_at", "id")[:ROUND]:
        at = clock()
        if at >= ends_at:
            break
        if not trying.claim(row, at):
            continue
        if not send(row, clock):
            return arrived, 1
        arrived += 1
    return arrived, 0


def send(row: WebhookDelivery, clock: Any) -> bool:
    """One try of a claimed row; whether it arrived. Whatever goes wrong is this row's failure, not the round's."""
    started = clock()
    try:
        answer = post(row, started)
    except Exception as error:
        if not isinstance(error, EXPECTED):
            log.exception("Webhook delivery %s could not be sent", row.pk)
        nothing = {"last_try_at": started, "response_status": None, "response_body": "", "duration_ms": None}
        trying.failed(row, str(error) or type(error).__name__, clock(), **nothing)
        return False
    told = {
        "last_try_at": started,
        "response_status": answer.status,
        "response_body": answer.text[:LONGEST_TEXT],
        "duration_ms": answer.duration_ms,
    }
    if answer.is_yes:
        trying.sent(row, clock(), **told)
        return True
    redirected = " Redirects are not followed; enter the final address." if 300 <= answer.status < 400 else ""
    trying.failed(row, f"The receiver answered {answer.status}.{redirected}", clock(), **told)
    return False


def post(row: WebhookDelivery, now: datetime) -> Answer:
    body = row.body.encode()
    key = unseal(row.endpoint.secret)
    return posting.post(
        row.endpoint.url, body, headers(str(row.message_id), now, body, key), settings.WEBHOOK_ALLOWED_NETWORKS
    )


def headers(message_id: str, now: datetime, body: bytes, key: bytes) -> dict[str, str]:
    """What the receiver checks: who, when, and that nobody changed it."""
    at = str(int(now.timestamp()))
    signed = hmac.new(key, f"{message_id}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "customer-backoffice-webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
        "Connection": "close",
    }
