"""Products that send events, and their credentials."""

import re
import uuid

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models

from tracker.querysets import ApplicationCredentialQuerySet

DENIED_PROPERTIES = ("prompt", "messages", "completion", "output", "response_text")


def denied_by_default() -> list[str]:
    return list(DENIED_PROPERTIES)


WAY_TO_ORGANIZATION = re.compile(r"groups(:.+)?|property:.+|last_group|distinct_id")
ORIGIN = re.compile(r"https?://[^/\s*]+")


def ways_are_known(ways: list[str]) -> None:
    for way in ways:
        if not WAY_TO_ORGANIZATION.fullmatch(way):
            message = f"“{way}” is not known here. Use groups, groups:TYPE, property:NAME, last_group or distinct_id."
            raise ValidationError(message)


def origins_are_plain(origins: list[str]) -> None:
    for origin in origins:
        if not ORIGIN.fullmatch(origin):
            message = f"“{origin}” is not an origin. Write it like https://app.example.com, without a path."
            raise ValidationError(message)


def groups_then_last_group() -> list[str]:
    return ["groups", "last_group"]


class Application(models.Model):
    """A product that sends events."""

    uuid = models.UUIDField("application UUID", unique=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    is_active = models.BooleanField("active", default=True, help_text="An inactive application's events are refused.")
    organization_from = ArrayField(
        models.CharField(max_length=120),
        default=groups_then_last_group,
        validators=[ways_are_known],
        help_text="Where third-party clients' events name the organization, first that yields a value: groups, "
        "groups:TYPE, property:NAME, last_group (of the user) or distinct_id (it is the organization itself).",
    )
    user_property = models.CharField(max_length=120, blank=True, help_text="Property that names the user; hashed.")
    keeps_user_properties = models.BooleanField(
        default=False, help_text="Keep what third-party clients tell about a user; off: users stay pseudonymous."
    )
    allowed_origins = ArrayField(
        models.CharField(max_length=200),
        default=list,
        validators=[origins_are_plain],
        blank=True,
        help_text="Web sites whose browsers may send with the write key, like https://app.example.com. Empty: any.",
    )
    denied_properties = ArrayField(
        models.CharField(max_length=120),
        default=denied_by_default,
        help_text="Dropped before an event is stored.",
    )
    events_per_second = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Empty: no limit. Over it, requests get 429 for a moment; counted in each web process.",
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ApplicationCredential(models.Model):
    """A signing secret (HMAC, encrypted at rest) or a write key of an application; several are valid at a time."""

    class Kind(models.TextChoices):
        SECRET = "secret", "Signing secret"
        WRITE_KEY = "write_key", "Write key"

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="credentials")
    kind = models.CharField(max_length=10, choices=Kind)
    sealed = models.BinaryField(editable=False)
    digest = models.BinaryField(max_length=32, editable=False, help_text="SHA-256, to find a write key by.")
    hint = models.CharField(max_length=12, help_text="Last characters, to recognise it by.")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = ApplicationCredentialQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["digest"], name="credential_is_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} …{self.hint}"
