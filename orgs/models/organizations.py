"""Organizations, the ids they are known under, and their one snapshot row."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from orgs.querysets import OrganizationKeyQuerySet, OrganizationQuerySet

# Sums in the reporting currency, per month. Wide enough for whatever an import takes: a line has 16 digits before the
# point, a rate may have seven zeros after it, and an organization has any number of lines.
MONEY = {"max_digits": 38, "decimal_places": 4}


class Band(models.TextChoices):
    """Health on lists: a band of the score, or the state that stands in its place."""

    HEALTHY = "healthy", "Healthy"
    WATCH = "watch", "Watch"
    AT_RISK = "at_risk", "At risk"
    NO_ACTIVITY = "no_activity", "No recent activity"
    NOT_SCORED = "not_scored", "Not scored"


class Quadrant(models.TextChoices):
    """Revenue × Health."""

    CHAMPIONS = "champions", "Champions"
    EXPANSION = "expansion", "Expansion"
    REVENUE_AT_RISK = "revenue_at_risk", "Revenue at risk"
    LOW_VALUE = "low_value", "Low value"


class Organization(models.Model):
    """A customer company. It exists as soon as it is imported or seen in an event."""

    external_id = models.CharField(
        max_length=255,
        unique=True,
        db_collation="C",
        help_text="The id under which it was first imported or seen; further ids are aliases.",
        error_messages={"unique": "An organization with this id exists already."},
    )
    display_name = models.CharField(max_length=255, blank=True, help_text="Empty until an import names it.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="owned_organizations",
    )
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="children")
    segment = models.CharField(max_length=100, blank=True)
    renewal_on = models.DateField(null=True, blank=True)
    properties = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    imported_at = models.DateTimeField(
        null=True, blank=True, help_text="When an import first named it; empty: only seen."
    )
    changed_at = models.DateTimeField(help_text="Last change by an import or by hand.")

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        ordering = ["external_id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(external_id=""),
                name="organization_has_an_id",
                violation_error_message="An organization needs an id.",
            ),
        ]
        indexes = [models.Index(fields=["display_name"], name="organization_by_name")]

    def __str__(self) -> str:
        return self.display_name or self.external_id


class OrganizationKey(models.Model):
    """One external id ever seen or imported. Evidence carries the key, never the organization."""

    external_id = models.CharField(max_length=255, unique=True, db_collation="C")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="keys")
    created_at = models.DateTimeField()

    objects = OrganizationKeyQuerySet.as_manager()

    class Meta:
        ordering = ["external_id"]
        verbose_name = "organization id"
        constraints = [
            models.CheckConstraint(condition=~Q(external_id=""), name="key_is_not_empty"),
        ]

    def __str__(self) -> str:
        return self.external_id


class MatchRejection(models.Model):
    """Somebody looked at a proposed pair of ids and said: two customers. By text, so that it outlives the rows."""

    seen_id = models.CharField(max_length=255, db_collation="C")
    known_id = models.CharField(max_length=255, db_collation="C")
    rejected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    rejected_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["seen_id", "known_id"],
                name="one_rejection_a_pair",
                violation_error_message="This pair is rejected already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seen_id} is not {self.known_id}"


class OrganizationTouch(models.Model):
    """Something about this organization changed; whoever computes from it deletes the rows it has read.

    Append-only and without a unique constraint: a touch that commits after a reader's look is a row of its own.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=30)
    touched_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.organization_id} {self.reason}"


LARGEST = F("mrr").desc(nulls_last=True)


class OrganizationSnapshot(models.Model):
    """What lists sort and filter on, one row an organization, written by one module and recomputable from scratch."""

    organization = models.OneToOneField(
        Organization, primary_key=True, on_delete=models.CASCADE, related_name="snapshot"
    )
    mrr = models.DecimalField("MRR", **MONEY, default=0)
    health = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    band = models.CharField(max_length=12, choices=Band, default=Band.NOT_SCORED)
    previous_band = models.CharField(max_length=12, choices=Band, blank=True)
    band_changed_on = models.DateField(null=True, blank=True)
    quadrant = models.CharField(max_length=16, choices=Quadrant, blank=True)
    coverage = models.DecimalField(max_digits=5, decimal_places=4, default=0)
    first_seen_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    events_30d = models.BigIntegerField("events in 30 days", default=0)
    events_previous_30d = models.BigIntegerField("events in the 30 days before", default=0)
    users_28d = models.IntegerField("users in 28 days", default=0)
    weekly_events = models.JSONField(default=list, help_text="Events of the last 8 whole weeks, oldest first.")
    renewal_on = models.DateField(null=True, blank=True)
    products = models.JSONField(default=list, blank=True)
    open_signals = models.JSONField(default=list, blank=True, help_text="Types of open signals, gravest first.")
    open_signal_count = models.IntegerField(default=0)
    money_at_stake = models.DecimalField(**MONEY, default=0)
    priority = models.DecimalField(**MONEY, default=0)
    computed_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes = [
            # In the orders of the list, which they give forwards and backwards: whoever has none is first or last, and
            # of equals, most of them those that have none, the largest MRR.
            models.Index(LARGEST, "organization", name="snapshot_by_mrr"),
            models.Index(F("priority").desc(nulls_last=True), "organization", name="snapshot_by_priority"),
            *(
                models.Index(F(field).asc(nulls_first=True), LARGEST, "organization", name=name)
                for field, name in (
                    ("last_seen_at", "snapshot_by_last_seen"),
                    ("renewal_on", "snapshot_by_renewal"),
                    ("health", "snapshot_by_health"),
                    ("events_30d", "snapshot_by_events"),
                )
            ),
            models.Index(fields=["band"], name="snapshot_by_band"),
            models.Index(fields=["quadrant"], name="snapshot_by_quadrant"),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id}: {self.get_band_display()}"
