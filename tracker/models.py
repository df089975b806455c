"""What products send: applications and their credentials, raw events, and the daily rows rolled up from them."""

import re
import uuid

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import MD5

from orgs.models import OrganizationKey
from tracker.querysets import ApplicationCredentialQuerySet, EventQuerySet

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


class Event(models.Model):
    """One stored event. The table is partitioned by month of `occurred_at`; rows are appended and never changed."""

    id = models.BigAutoField(primary_key=True)
    application = models.ForeignKey(Application, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    key = models.ForeignKey(
        OrganizationKey,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
        help_text="Empty: the event names no organization.",
    )
    name = models.CharField(max_length=255)
    user_hash = models.BinaryField(max_length=32, null=True)
    path = models.CharField(max_length=2048, null=True)  # noqa: DJ001  null: not said
    session_id = models.UUIDField(null=True)
    environment = models.CharField(max_length=32)
    plan = models.CharField(max_length=64, null=True)  # noqa: DJ001  null: not said
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    properties = models.JSONField(null=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "tracker_event"
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name

    @property
    def user_short(self) -> str:
        """Enough of the hash to recognise a user by; a dash for none."""
        return bytes(self.user_hash).hex()[:12] if self.user_hash else "–"


class EventKey(models.Model):
    """An idempotency key that was used: filled in its event's transaction, pruned after seven days."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="+")
    event_key = models.CharField(max_length=200, db_collation="C")
    event_id = models.BigIntegerField()
    fingerprint = models.BinaryField(max_length=16, help_text="Of event, user and organization: reuse is told apart.")
    received_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["application", "event_key"], name="event_key_is_used_once")]

    def __str__(self) -> str:
        return self.event_key


class Membership(models.Model):
    """An organization that a user's events named; the one named last is the user's last known group."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="+")
    user_hash = models.BinaryField(max_length=32)
    # Like an event's: an organization that disappears this very second must not refuse a good event.
    key = models.ForeignKey(OrganizationKey, on_delete=models.CASCADE, db_constraint=False, related_name="+")
    named_at = models.DateTimeField(help_text="Latest event that named it; never in the future.")

    class Meta:
        default_permissions = ()
        constraints = [
            # No index holds named_at: naming the same organization again then stays a cheap update.
            models.UniqueConstraint(fields=["application", "user_hash", "key"], name="user_is_a_member_once"),
        ]

    def __str__(self) -> str:
        return f"{bytes(self.user_hash).hex()[:12]} {self.key_id}"


class UserLink(models.Model):
    """A client said that two ids are one user. Recorded as hashes; nothing is merged by it."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="+")
    user_hash = models.BinaryField(max_length=32)
    other_hash = models.BinaryField(max_length=32)
    linked_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["application", "user_hash", "other_hash"], name="users_are_linked_once"),
            models.CheckConstraint(condition=~Q(user_hash=models.F("other_hash")), name="link_joins_two_users"),
        ]

    def __str__(self) -> str:
        return f"{bytes(self.user_hash).hex()[:12]} = {bytes(self.other_hash).hex()[:12]}"


class RollupCursor(models.Model):
    """How far the roll-up has counted: every committed event up to this id, none after it. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    last_event_id = models.BigIntegerField(default=0)
    time_zone = models.CharField(max_length=64, default="UTC", help_text="Zone whose days the daily rows are.")
    rolled_up_at = models.DateTimeField(null=True)
    raw_since = models.DateTimeField(null=True, help_text="Earlier raw events were dropped; their days stay.")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.last_event_id)


class Daily(models.Model):
    """What every daily row is about."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="+")
    environment = models.CharField(max_length=32)
    key = models.ForeignKey(OrganizationKey, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()

    class Meta:
        abstract = True
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.key_id} {self.day}"


class UsageDay(Daily):
    """Events, active users and sessions of one organization id on one day."""

    events = models.BigIntegerField(default=0)
    users = models.IntegerField(default=0)
    sessions = models.IntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    rolled_up_at = models.DateTimeField(db_index=True)

    class Meta(Daily.Meta):
        constraints = [
            models.UniqueConstraint(fields=["key", "day", "environment", "application"], name="one_usage_row_a_day"),
        ]
        indexes = [models.Index(fields=["day"], name="usage_of_day")]


class EventNameDay(Daily):
    """Events of one name on one day."""

    name = models.CharField(max_length=255)
    events = models.BigIntegerField(default=0)

    class Meta(Daily.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["key", "day", "name", "environment", "application"], name="one_event_name_row_a_day"
            ),
        ]


class PathDay(Daily):
    """Events on one path on one day."""

    path = models.CharField(max_length=2048)
    events = models.BigIntegerField(default=0)

    class Meta(Daily.Meta):
        constraints = [
            # By hash: a path of 2048 characters does not fit an index entry.
            models.UniqueConstraint("key", "day", MD5("path"), "environment", "application", name="one_path_row_a_day"),
        ]


class SessionDay(Daily):
    """A session that had an event on a day: what makes the count of sessions exact and incremental."""

    session_id = models.UUIDField()

    class Meta(Daily.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["key", "day", "session_id", "environment", "application"],
                name="one_session_row_a_day",
            ),
        ]


class UserMonth(models.Model):
    """Who was active when: one row a user and month, bit n of `days` is day n+1. Distinct users of any window."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="+")
    environment = models.CharField(max_length=32)
    key = models.ForeignKey(OrganizationKey, on_delete=models.CASCADE, related_name="+")
    month = models.DateField(help_text="First day of the month.")
    user_hash = models.BinaryField(max_length=32)
    days = models.IntegerField(help_text="31 bits.")

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["key", "month", "user_hash", "environment", "application"],
                name="one_mask_a_user_and_month",
            ),
            models.CheckConstraint(condition=~Q(days=0), name="mask_has_a_day"),
        ]
        indexes = [models.Index(fields=["month"], name="mask_of_month")]

    def __str__(self) -> str:
        return f"{self.key_id} {self.month}"


class Reject(models.Model):
    """Refused events of one application, reason and hour: how many, and the last samples without personal values."""

    application = models.ForeignKey(Application, null=True, on_delete=models.CASCADE, related_name="rejects")
    hour = models.DateTimeField()
    code = models.CharField(max_length=40)
    field = models.CharField(max_length=60, blank=True)
    message = models.CharField(max_length=300)
    is_stored = models.BooleanField(default=False, help_text="A warning: the event was stored all the same.")
    count = models.BigIntegerField(default=0)
    samples = models.JSONField(default=list)
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["-hour", "-count"]
        verbose_name = "rejected event"
        constraints = [
            models.UniqueConstraint(
                fields=["application", "hour", "code", "field"],
                nulls_distinct=False,
                name="one_reject_row_an_hour",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.field}".strip()
