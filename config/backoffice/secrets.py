"""Secrets at rest: encrypted with keys that live outside the database (FIELD_ENCRYPTION_KEYS, newest first)."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import models, transaction

from config.backoffice import audit
from config.backoffice.models import InstallSettings

HOW_TO_MAKE_ONE = "Make one with: openssl rand -base64 32 | tr '+/' '-_'"


class SecretUnreadable(Exception):
    """None of the configured keys opens this secret."""


@register(Tags.security)
def check_keys(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Keys that are none are told when an install is checked or migrated, not at its first secret."""
    keys = settings.FIELD_ENCRYPTION_KEYS
    if not keys:
        return [Error("FIELD_ENCRYPTION_KEYS is empty.", hint=HOW_TO_MAKE_ONE, id="backoffice.E001")]
    return [
        Error(f"FIELD_ENCRYPTION_KEYS: number {number} is no Fernet key.", hint=HOW_TO_MAKE_ONE, id="backoffice.E001")
        for number, key in enumerate(keys, start=1)
        if not is_key(key)
    ]


def is_key(text: str) -> bool:
    try:
        Fernet(text)
    except ValueError:
        return False
    return True


@cache
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def seal(plain: bytes) -> bytes:
    """Encrypt for storage."""
    return _box(tuple(settings.FIELD_ENCRYPTION_KEYS)).encrypt(plain)


def unseal(sealed: bytes) -> bytes:
    """Decrypt what `seal` made, with any of the configured keys."""
    try:
        return _box(tuple(settings.FIELD_ENCRYPTION_KEYS)).decrypt(bytes(sealed))
    except InvalidToken as error:
        raise SecretUnreadable("No key in FIELD_ENCRYPTION_KEYS opens this secret.") from error


sealed_columns: list[tuple[type[models.Model], str]] = []


def register_sealed(model: type[models.Model], field: str) -> None:
    """A column that holds what `seal` made; `reseal` looks after it."""
    sealed_columns.append((model, field))


@dataclass(frozen=True)
class Resealed:
    """Numbers of secrets: sealed anew, sealed with the newest key before, opened by no key."""

    anew: int = 0
    before: int = 0
    unreadable: int = 0


def reseal(now: datetime) -> Resealed:
    """Seal every secret with the newest key, in one transaction, so that older keys can go; a line in the trail."""
    newest = _box(tuple(settings.FIELD_ENCRYPTION_KEYS[:1]))
    done = {"anew": 0, "before": 0, "unreadable": 0}
    with transaction.atomic():
        for model, field in sealed_columns:
            for row in model.objects.select_for_update().only(field):
                done[_reseal_row(row, field, newest)] += 1
        if done["anew"]:
            audit.record(None, "secrets.resealed", InstallSettings(id=1), now=now, detail=done)
    return Resealed(**done)


def _reseal_row(row: models.Model, field: str, newest: MultiFernet) -> str:
    sealed = bytes(getattr(row, field))
    try:
        newest.decrypt(sealed)
        return "before"
    except InvalidToken:
        pass
    try:
        setattr(row, field, newest.encrypt(unseal(sealed)))
    except SecretUnreadable:
        return "unreadable"
    row.save(update_fields=[field])
    return "anew"
