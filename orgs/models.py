"""Who everything is about: organizations, the ids they are known under, and their one snapshot row."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from orgs.querysets import CohortQuerySet, ImportBatchQuerySet, OrganizationKeyQuerySet, OrganizationQuerySet


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


class OrganizationSnapshot(models.Model):
    """What lists sort and filter on, one row an organization, written by one module and recomputable from scratch."""

    organization = models.OneToOneField(
        Organization, primary_key=True, on_delete=models.CASCADE, related_name="snapshot"
    )
    mrr = models.DecimalField("MRR", max_digits=20, decimal_places=4, default=0)
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
    users_30d = models.IntegerField("users in 28 days", default=0)
    weekly_events = models.JSONField(default=list, help_text="Events of the last 8 whole weeks, oldest first.")
    renewal_on = models.DateField(null=True, blank=True)
    products = models.JSONField(default=list, blank=True)
    open_signals = models.JSONField(default=list, blank=True, help_text="Types of open signals, gravest first.")
    open_signal_count = models.IntegerField(default=0)
    money_at_stake = models.DecimalField(max_digits=20, decimal_places=4, default=0)
    priority = models.DecimalField(max_digits=20, decimal_places=4, default=0)
    computed_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["-mrr", "organization"], name="snapshot_by_mrr"),
            models.Index(fields=["-priority", "organization"], name="snapshot_by_priority"),
            models.Index(fields=["band"], name="snapshot_by_band"),
            models.Index(fields=["quadrant"], name="snapshot_by_quadrant"),
            models.Index(fields=["-last_seen_at"], name="snapshot_by_last_seen"),
            models.Index(fields=["renewal_on"], name="snapshot_by_renewal"),
            models.Index(fields=["health"], name="snapshot_by_health"),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id}: {self.get_band_display()}"


class Cohort(models.Model):
    """A named set of organizations: those that rules match, or those that a file named."""

    class Kind(models.TextChoices):
        RULES = "rules", "Rules"
        STATIC = "static", "List from a file"

    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.RULES)
    definition = models.JSONField(default=dict, help_text="Groups of rules; empty for a list from a file.")
    version = models.PositiveIntegerField(default=1, help_text="Grows with every change of the definition.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    computed_at = models.DateTimeField(null=True, blank=True, help_text="As of when the members are the right ones.")
    problem = models.CharField(max_length=300, blank=True, help_text="Why the last computation was given up.")

    objects = CohortQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                name="one_cohort_a_name",
                violation_error_message="A cohort of this name exists already. Choose another name.",
            ),
            models.CheckConstraint(
                condition=~Q(name=""), name="cohort_has_a_name", violation_error_message="Give the cohort a name."
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CohortMember(models.Model):
    """An organization that is in a cohort, and since when without a break."""

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="members")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="cohort_memberships")
    since = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["cohort", "organization"], name="member_once_a_cohort")]

    def __str__(self) -> str:
        return f"{self.organization_id} in {self.cohort_id}"


class Team(models.Model):
    """Members of staff who look after customers together; a person may be in several."""

    name = models.CharField(
        max_length=80, unique=True, error_messages={"unique": "A team of this name exists already."}
    )
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="teams", blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Note(models.Model):
    """What a member of staff wrote down about a customer."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    text = models.TextField(max_length=5000)
    is_pinned = models.BooleanField("pinned", default=False)
    written_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-is_pinned", "-written_at", "-id"]
        default_permissions = ()
        indexes = [models.Index(fields=["organization", "-written_at"], name="note_of_organization")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(text=""), name="note_says_something", violation_error_message="A note needs a text."
            ),
        ]

    def __str__(self) -> str:
        return self.text if len(self.text) <= 80 else f"{self.text[:79]}…"


class Sentiment(models.Model):
    """How the people who know a customer feel about it, on a day; one of them is the current one."""

    class Value(models.IntegerChoices):
        VERY_BAD = 1, "About to leave"
        BAD = 2, "Unhappy"
        MIXED = 3, "Mixed"
        GOOD = 4, "Happy"
        VERY_GOOD = 5, "A fan"

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="sentiments")
    value = models.PositiveSmallIntegerField(choices=Value)
    why = models.CharField(max_length=300, blank=True)
    rated_on = models.DateField()
    rated_at = models.DateTimeField()
    rated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    is_current = models.BooleanField("current", default=True)

    class Meta:
        ordering = ["-rated_at", "-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["organization"],
                condition=Q(is_current=True),
                name="one_current_sentiment",
                violation_error_message="This customer has a current sentiment already.",
            ),
            models.CheckConstraint(
                condition=Q(value__gte=1, value__lte=5),
                name="sentiment_from_1_to_5",
                violation_error_message="A sentiment goes from 1 to 5.",
            ),
        ]
        indexes = [models.Index(fields=["organization", "-rated_at"], name="sentiment_of_organization")]

    def __str__(self) -> str:
        return f"{self.value}/5"


class ImportBatch(models.Model):
    """One uploaded file on its way: previewed, confirmed or not, and what it did."""

    class Kind(models.TextChoices):
        ORGANIZATIONS = "organizations", "Customer organizations"
        SUBSCRIPTIONS = "subscriptions", "Revenue subscriptions"
        RATES = "rates", "Exchange rates"
        COHORTS = "cohorts", "Cohort of organizations"

    class State(models.TextChoices):
        PREVIEWED = "previewed", "Previewed"
        CONFIRMED = "confirmed", "Imported"
        REFUSED = "refused", "Refused"
        UNDONE = "undone", "Undone"

    kind = models.CharField(max_length=20, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.PREVIEWED)
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    options = models.JSONField(default=dict)
    fingerprint = models.CharField(
        max_length=64, blank=True, help_text="Of the preview that was shown; a confirm must match."
    )
    counts = models.JSONField(default=dict, help_text="new, changed, unchanged, refused.")
    report = models.JSONField(default=dict, help_text="What the preview or the confirm said.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    duration_ms = models.PositiveIntegerField(null=True, blank=True)

    objects = ImportBatchQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "import"
        permissions = [("run_import", "Can import organizations and subscriptions")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.file_name}"


class ImportFile(models.Model):
    """The bytes of an upload: in the database, so that any process can read them; deleted within a day."""

    batch = models.OneToOneField(ImportBatch, primary_key=True, on_delete=models.CASCADE, related_name="file")
    content = models.BinaryField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.batch.file_name


class ImportProfile(models.Model):
    """How the columns of somebody's files are named, kept under a name for the next file of that kind."""

    kind = models.CharField(max_length=20, choices=ImportBatch.Kind)
    name = models.CharField(max_length=60)
    mapping = models.JSONField(help_text="The file's column to ours.")
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    saved_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "name"],
                name="one_profile_a_name",
                violation_error_message="A profile of this name exists already.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class LedgerEntry(models.Model):
    """What one import changed in one row: its values before and after, so that the import can be undone."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="entries")
    model = models.CharField(max_length=60)
    row_id = models.BigIntegerField()
    before = models.JSONField(null=True, help_text="Null: the import created the row.")
    after = models.JSONField()

    class Meta:
        default_permissions = ()
        ordering = ["id"]
        indexes = [models.Index(fields=["model", "row_id"], name="ledger_of_row")]

    def __str__(self) -> str:
        return f"{self.model} {self.row_id}"
