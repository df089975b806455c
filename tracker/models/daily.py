"""The daily rows that are rolled up from raw events, and how far that got."""

from typing import Any

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import MD5

from orgs.models import OrganizationKey
from tracker.models.applications import Application

# A path has at most 2048 characters; an id of one becomes `:id`, so /1 becomes twice as long.
LONGEST_PAGE = 4096


class RollupCursor(models.Model):
    """How far the roll-up has counted: every committed event up to this id, none after it. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    last_event_id = models.BigIntegerField(default=0)
    time_zone = models.CharField(max_length=64, default="UTC", help_text="Zone whose days the daily rows are.")
    rolled_up_at = models.DateTimeField(null=True)
    raw_since = models.DateTimeField(null=True, help_text="Earlier raw events were dropped; their days stay.")
    zone_since = models.DateField(null=True, help_text="Earlier days keep the bounds of the zone that was set before.")

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_row_of_rollup_cursor")]

    def __str__(self) -> str:
        return str(self.last_event_id)


class Daily(models.Model):
    """What every daily row is about. Its key leads the unique index; one of its own would cost each roll-up a fifth."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="+", db_index=False)
    environment = models.CharField(max_length=32)
    key = models.ForeignKey(OrganizationKey, on_delete=models.CASCADE, related_name="+", db_index=False)
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
        indexes = [models.Index(fields=["name", "day"], name="event_name_by_day")]


class PathDay(Daily):
    """Events on one path on one day."""

    path = models.CharField(max_length=2048)
    events = models.BigIntegerField(default=0)

    class Meta(Daily.Meta):
        constraints = [
            # By hash: a path of 2048 characters does not fit an index entry.
            models.UniqueConstraint("key", "day", MD5("path"), "environment", "application", name="one_path_row_a_day"),
        ]
        # Rows lie in the order of their days: a summary of each stretch costs the roll-up nothing.
        indexes = [BrinIndex(fields=["day"], name="path_of_day", autosummarize=True)]


class Bits(models.Field):
    """A string of bits of one length."""

    def __init__(self, *, length: int, **options: Any) -> None:
        self.length = length
        super().__init__(**options)

    def db_type(self, connection: Any) -> str:
        return f"bit({self.length})"

    def deconstruct(self) -> tuple[str, str, list, dict]:
        name, path, args, options = super().deconstruct()
        return name, path, args, {**options, "length": self.length}


class PageDay(models.Model):
    """Events on one page on one day, and which organization ids had one: bit n of block b is the key b * 512 + n.

    A page is a path whose ids are folded; the rules of an application come on top of it when it is read. As few rows
    as there are pages, days and blocks of keys, and organizations are told apart by joining bits. A row says nothing
    of one key alone: keys with events are never deleted.
    """

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="+", db_index=False)
    environment = models.CharField(max_length=32)
    day = models.DateField()
    page = models.CharField(max_length=LONGEST_PAGE)
    block = models.BigIntegerField()
    events = models.BigIntegerField()
    keys = Bits(length=512)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                "day", MD5("page"), "block", "environment", "application", name="one_page_row_a_day_and_block"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.page} {self.day}"


class PathMonth(models.Model):
    """The days of one month on which a path had an event, as bits, and the page that it folds to."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="+", db_index=False)
    environment = models.CharField(max_length=32)
    month = models.DateField(help_text="First day of the month.")
    path = models.CharField(max_length=2048)
    page = models.CharField(max_length=LONGEST_PAGE)
    days = models.IntegerField(help_text="31 bits.")

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                "month", MD5("path"), "environment", "application", name="one_mask_a_path_and_month"
            ),
            models.CheckConstraint(condition=~Q(days=0), name="path_mask_has_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.path} {self.month}"


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
        indexes = [BrinIndex(fields=["day"], name="session_of_day", autosummarize=True)]


class UserMask(models.Model):
    """A user's days in one month: bit n of `days` is day n+1. Gives distinct users of any window."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="+", db_index=False)
    environment = models.CharField(max_length=32)
    key = models.ForeignKey(OrganizationKey, on_delete=models.CASCADE, related_name="+", db_index=False)
    month = models.DateField(help_text="First day of the month.")
    user_hash = models.BinaryField(max_length=32)
    days = models.IntegerField(help_text="31 bits.")

    class Meta:
        abstract = True
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.key_id} {self.month}"


class UserMonth(UserMask):
    """Who was active when: one row a user and month."""

    class Meta(UserMask.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["key", "month", "user_hash", "environment", "application"],
                name="one_mask_a_user_and_month",
            ),
            models.CheckConstraint(condition=~Q(days=0), name="mask_has_a_day"),
        ]
        indexes = [models.Index(fields=["month"], name="mask_of_month")]


class PlanSeen(models.Model):
    """The plan that the latest production event of an organization id named; a plan dated ahead is none."""

    key = models.OneToOneField(OrganizationKey, primary_key=True, on_delete=models.CASCADE, related_name="+")
    plan = models.CharField(max_length=64)
    seen_at = models.DateTimeField()
    event_id = models.BigIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.key_id} {self.plan}"
