"""Furniture that is data: the ledger of jobs, the audit trail, install settings, API tokens."""

from datetime import UTC, datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from config.backoffice.querysets import JobRunQuerySet, OutgoingQuerySet


class Job(models.Model):
    """The schedule of one periodic job; the code that runs is registered under the same name."""

    name = models.SlugField(max_length=50, primary_key=True)
    every_seconds = models.PositiveIntegerField(
        "runs every (seconds)",
        validators=[MinValueValidator(15), MaxValueValidator(31 * 86_400)],
        help_text="Slots are counted from midnight UTC: 3600 is every full hour, 86400 every midnight.",
    )
    is_enabled = models.BooleanField("enabled", default=True, help_text="A job that is off is never late.")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(every_seconds__gte=15),
                name="job_runs_every_15_seconds_at_most",
                violation_error_message="A job runs every 15 seconds at most.",
            )
        ]

    def __str__(self) -> str:
        return self.name.replace("_", " ").capitalize()


class JobRun(models.Model):
    """One run of one job for one slot. At most one row a slot, at most one running a job."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"

    job = models.CharField(max_length=50)
    slot = models.CharField(max_length=100, help_text="The due time of a scheduled run, or what a run was asked for.")
    due_at = models.DateTimeField()
    arguments = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    queued_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    progress = models.JSONField(default=dict, blank=True)
    summary = models.CharField(max_length=500, blank=True)
    error = models.TextField(blank=True)
    worker = models.CharField(max_length=200, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = JobRunQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["job", "slot"],
                name="one_run_a_slot",
                violation_error_message="This run is already planned.",
            ),
            models.UniqueConstraint(
                fields=["job"],
                condition=Q(state="running"),
                name="one_running_a_job",
                violation_error_message="This job is running already.",
            ),
        ]
        indexes = [
            models.Index(fields=["job", "-id"], name="jobrun_latest"),
            models.Index(fields=["job", "-finished_at"], condition=Q(state="succeeded"), name="jobrun_succeeded"),
            models.Index(fields=["finished_at"], name="jobrun_finished"),
            models.Index(fields=["state"], condition=Q(state__in=["queued", "running"]), name="jobrun_active"),
        ]

    def __str__(self) -> str:
        return f"{self.job} · {self.slot}"

    @property
    def took(self) -> str:
        """How long it ran, for people; empty until it is done."""
        if not (self.started_at and self.finished_at):
            return ""
        seconds = (self.finished_at - self.started_at).total_seconds()
        return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


class AuditEntry(models.Model):
    """Who did what to which thing, when. Written in the transaction of the act, never changed."""

    at = models.DateTimeField(db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    actor_label = models.CharField(
        max_length=254, blank=True, help_text="Kept when the user is gone; empty: the system."
    )
    action = models.CharField(max_length=60, db_index=True)
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=64, blank=True)
    subject_label = models.CharField(max_length=300, blank=True)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["subject_type", "subject_id", "-at"], name="audit_of_subject")]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_label}".strip()


class InstallSettings(models.Model):
    """Settings of this install: one row. Readers compare `version` in their own job; nobody is called."""

    class EndConvention(models.TextChoices):
        EXCLUSIVE = "exclusive", "Exclusive: end_at is the first day without revenue"
        INCLUSIVE = "inclusive", "Inclusive: end_at is the last day with revenue"

    class FxMode(models.TextChoices):
        PERIOD_END = "period_end", "Balances at the rate of their close"
        CONSTANT = "constant", "One rate date for everything"

    class WeekStart(models.TextChoices):
        MONDAY = "monday", "Monday"
        SUNDAY = "sunday", "Sunday"

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    time_zone = models.CharField(max_length=64, default="UTC", help_text="Days on every page are days of this zone.")
    reporting_currency = models.CharField(
        max_length=3,
        default="EUR",
        validators=[RegexValidator(r"^[A-Z]{3}$", "Three capital letters, for example EUR.")],
    )
    end_convention = models.CharField(max_length=10, choices=EndConvention, default=EndConvention.EXCLUSIVE)
    gap_grace_days = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(366)],
        help_text="A closed gap of at most so many days counts as paid.",
    )
    fx_mode = models.CharField("exchange rates", max_length=12, choices=FxMode, default=FxMode.PERIOD_END)
    fx_constant_date = models.DateField("rate date of the constant mode", null=True, blank=True)
    week_start = models.CharField(max_length=6, choices=WeekStart, default=WeekStart.MONDAY)
    version = models.PositiveIntegerField(default=1, editable=False)
    changed_at = models.DateTimeField(default=datetime(2000, 1, 1, tzinfo=UTC), editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "install settings"
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="one_row_of_install_settings"),
            models.CheckConstraint(
                condition=~Q(fx_mode="constant") | Q(fx_constant_date__isnull=False),
                name="constant_rates_need_a_date",
                violation_error_message="Constant exchange rates need a rate date.",
            ),
        ]

    def __str__(self) -> str:
        return "Install settings"


class ApiToken(models.Model):
    """A bearer token of the read API. Only its SHA-256 is stored."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, help_text="First characters, to recognise it by.")
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=30), default=list)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class Role(models.Model):
    """A group that came with the product, and every permission the product ever gave it: none is given twice."""

    name = models.CharField(max_length=150, primary_key=True)
    group = models.OneToOneField("auth.Group", null=True, on_delete=models.SET_NULL, related_name="+")
    offered = ArrayField(models.CharField(max_length=200), default=list, help_text="app.codename")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class SavedView(models.Model):
    """A list as somebody likes to see it: filters and order under a name, for themselves or for everybody."""

    page = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, blank=True, help_text="The address after the question mark.")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    is_shared = models.BooleanField("shared", default=False)
    saved_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["page", "owner", "name"],
                name="one_view_a_name",
                violation_error_message="You have a view of this name already.",
            ),
            models.CheckConstraint(
                condition=~Q(name=""), name="view_has_a_name", violation_error_message="A view needs a name."
            ),
        ]

    def __str__(self) -> str:
        return self.name


class WebhookEndpoint(models.Model):
    """Somebody else's address that is told about events; the secret signs what is sent."""

    name = models.CharField(max_length=80, unique=True)
    url = models.CharField("address", max_length=500, help_text="https://…; addresses inside of a network are refused.")
    secret = models.BinaryField(editable=False)
    events = ArrayField(models.CharField(max_length=40), default=list)
    is_enabled = models.BooleanField("enabled", default=True, help_text="What happens while it is off is not sent.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name = "webhook"

    def __str__(self) -> str:
        return self.name


class Outgoing(models.Model):
    """Something on its way out. Written in the transaction of what it tells; tried until it arrives or is given up."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        SENT = "sent", "Sent"
        FAILED = "failed", "Given up"

    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(help_text="While it is being sent: when somebody else may take it up.")
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)

    objects = OutgoingQuerySet.as_manager()

    class Meta:
        abstract = True


class WebhookDelivery(Outgoing):
    """One event on its way to one endpoint, and what the endpoint answered last."""

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries")
    message_id = models.UUIDField(help_text="The same for every try: receivers drop what they have seen.")
    event = models.CharField(max_length=40)
    body = models.TextField()
    last_try_at = models.DateTimeField(null=True, blank=True)
    response_status = models.PositiveSmallIntegerField("answer", null=True, blank=True)
    response_body = models.CharField("text of the answer", max_length=1000, blank=True)
    duration_ms = models.PositiveIntegerField("took (ms)", null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "webhook deliveries"
        indexes = [
            models.Index(fields=["next_try_at"], condition=Q(state="pending"), name="webhook_waiting"),
            models.Index(fields=["created_at"], name="webhook_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.endpoint}"


class Mail(Outgoing):
    """One e-mail on its way; `key` names what it is for, so that it is written once."""

    key = models.CharField(max_length=100, unique=True)
    to = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "e-mail"
        default_permissions = ("view",)
        indexes = [models.Index(fields=["next_try_at"], condition=Q(state="pending"), name="mail_waiting")]

    def __str__(self) -> str:
        return f"{self.subject} to {self.to}"
