"""Files on their way in, and the values that stood there before."""

from django.conf import settings
from django.db import models

from orgs.querysets import ImportBatchQuerySet


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
