"""Secrets at rest: encrypted with keys that live outside the database (FIELD_ENCRYPTION_KEYS, newest first)."""

from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class SecretUnreadable(Exception):
    """None of the configured keys opens this secret."""


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
