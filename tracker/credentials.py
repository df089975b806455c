"""Which application a request comes from, answered from memory: a good request costs no query for its credentials.

What stands here is at most `KEPT_SECONDS` old in every process: a revoked secret or a deactivated application is
refused that soon.
"""

import hashlib
import hmac
import logging
import re
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from config.backoffice import secrets
from tracker.models import Application, ApplicationCredential

log = logging.getLogger(__name__)

KEPT_SECONDS = 20
MOST_UNKNOWN = 1000
LONGEST_ORIGIN = 200
USED_EVERY = timedelta(minutes=1)
UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
SIGNATURE = re.compile(r"[0-9a-f]{64}")


@dataclass
class Secret:
    """One opened signing secret."""

    credential_id: int
    value: bytes
    expires_at: datetime | None
    used_at: datetime | None


@dataclass(frozen=True)
class Sender:
    """An active application as the ingest sees it."""

    application_id: int
    name: str
    denied: frozenset[str]
    events_per_second: int | None
    secrets: list[Secret] = field(repr=False)
    organization_from: tuple[str, ...] = ()
    user_property: str = ""
    keeps_user_properties: bool = False
    allowed_origins: frozenset[str] = frozenset()


@dataclass
class WriteKey:
    """A valid write key and whose it is."""

    sender: Sender
    credential_id: int
    expires_at: datetime | None
    used_at: datetime | None


_senders: dict[str, tuple[float, Sender | None]] = {}
_write_keys: dict[bytes, tuple[float, WriteKey | None]] = {}
_origins: dict[str, tuple[float, bool]] = {}


def forget() -> None:
    """Drop what this process remembers, after an act changed it here."""
    _senders.clear()
    _write_keys.clear()
    _origins.clear()


def find(app_uuid: str) -> Sender | None:
    """The active application with this UUID, None for an unknown, malformed or inactive one."""
    if not UUID_TEXT.fullmatch(app_uuid):
        return None
    app_uuid = app_uuid.lower()
    loaded_at, sender = _senders.get(app_uuid, (0.0, None))
    if not loaded_at or time.monotonic() - loaded_at > KEPT_SECONDS:
        sender = _load(app_uuid)
        if sender is None and len(_senders) > MOST_UNKNOWN:
            forget()  # somebody is guessing; what is valid is loaded again
        _senders[app_uuid] = (time.monotonic(), sender)
    return sender


def _load(app_uuid: str) -> Sender | None:
    application = Application.objects.filter(uuid=app_uuid, is_active=True).first()
    if application is None:
        return None
    valid = application.credentials.secrets().valid(timezone.now())
    return _sender(application, [secret for secret in map(_open, valid) if secret])


def _sender(application: Application, opened: list[Secret]) -> Sender:
    return Sender(
        application_id=application.id,
        name=application.name,
        denied=frozenset(application.denied_properties),
        events_per_second=application.events_per_second,
        secrets=opened,
        organization_from=tuple(application.organization_from),
        user_property=application.user_property,
        keeps_user_properties=application.keeps_user_properties,
        allowed_origins=frozenset(application.allowed_origins),
    )


def _open(credential: ApplicationCredential) -> Secret | None:
    try:
        value = secrets.unseal(credential.sealed)
    except secrets.SecretUnreadable:
        log.error("No key in FIELD_ENCRYPTION_KEYS opens credential %s: its requests are refused", credential.id)
        return None
    if not value:
        return None
    return Secret(credential.id, value, credential.expires_at, credential.last_used_at)


def read_signature(text: str) -> bytes | None:
    """The bytes of a signature in lowercase hex, None for anything else."""
    return bytes.fromhex(text) if SIGNATURE.fullmatch(text) else None


def is_signed(sender: Sender, message: bytes, signature: bytes, now: datetime) -> bool:
    """Whether one of the sender's secrets made this HMAC-SHA256."""
    for secret in sender.secrets:
        if secret.expires_at is not None and secret.expires_at <= now:
            continue
        if hmac.compare_digest(hmac.digest(secret.value, message, "sha256"), signature):
            _note_use(secret, now)
            return True
    return False


def find_by_write_key(key: str, now: datetime) -> Sender | None:
    """The active application of a valid write key."""
    digest = hashlib.sha256(key.encode("utf-8", "replace")).digest()
    loaded_at, found = _write_keys.get(digest, (0.0, None))
    if not loaded_at or time.monotonic() - loaded_at > KEPT_SECONDS:
        found = _load_write_key(digest, now)
        if found is None and len(_write_keys) > MOST_UNKNOWN:
            _write_keys.clear()
        _write_keys[digest] = (time.monotonic(), found)
    if found is None or (found.expires_at is not None and found.expires_at <= now):
        return None
    _note_use(found, now)
    return found.sender


def _load_write_key(digest: bytes, now: datetime) -> WriteKey | None:
    valid = ApplicationCredential.objects.write_keys().valid(now).select_related("application")
    credential = valid.filter(digest=digest, application__is_active=True).first()
    if credential is None:
        return None
    sender = _sender(credential.application, [])
    return WriteKey(sender, credential.id, credential.expires_at, credential.last_used_at)


def allows_origin(origin: str) -> bool:
    """Whether any active application takes events from this web site: a preflight does not say which one it is for."""
    loaded_at, is_allowed = _origins.get(origin, (0.0, False))
    if not loaded_at or time.monotonic() - loaded_at > KEPT_SECONDS:
        if len(_origins) > MOST_UNKNOWN:
            _origins.clear()
        wanted = Q(allowed_origins=[]) | Q(allowed_origins__contains=[origin])
        is_allowed = len(origin) <= LONGEST_ORIGIN and Application.objects.filter(wanted, is_active=True).exists()
        _origins[origin] = (time.monotonic(), is_allowed)
    return is_allowed


def _note_use(secret: Secret | WriteKey, now: datetime) -> None:
    """Last used, at most once a minute."""
    if secret.used_at is None or now - secret.used_at > USED_EVERY:
        secret.used_at = now
        ApplicationCredential.objects.filter(id=secret.credential_id).update(last_used_at=now)
