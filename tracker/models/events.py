"""Raw events, the keys that keep each of them single, and what clients say about who is who."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from orgs.models import OrganizationKey
from tracker.models.applications import Application
from tracker.querysets import EventQuerySet


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
    """An idempotency key that was used: filled in its event's transaction, pruned after seven days.

    A row is written for every event that has a key, so it is small: the key is known by 16 bytes of a digest over the
    application and the key (`tracker.store.digest`), and one index holds them.
    """

    event_id = models.BigIntegerField()
    received_at = models.DateTimeField()
    digest = models.UUIDField(primary_key=True)
    fingerprint = models.UUIDField(help_text="Of event, user and organization: reuse is told apart.")

    class Meta:
        default_permissions = ()
        # Rows lie in the order of their receipt, so a summary of each stretch of the table is enough to prune by.
        indexes = [BrinIndex(fields=["received_at"], name="event_key_by_receipt")]

    def __str__(self) -> str:
        return str(self.digest)


class Membership(models.Model):
    """An organization that a user's events named; the one named last is the user's last known group."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="+", db_index=False)
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

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="+", db_index=False)
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
