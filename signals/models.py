"""The verdict: versioned models and rules, daily readings, signals and their history."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from orgs.models import Band, Organization
from signals.querysets import (
    ChurnQuerySet,
    DataIncidentQuerySet,
    FollowUpQuerySet,
    HealthModelQuerySet,
    SignalQuerySet,
)
from tracker.models import Application


class HealthModel(models.Model):
    """One version of the health model. A published version never changes: a trigger refuses it."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"
        RETIRED = "retired", "Retired"

    version = models.PositiveIntegerField(unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    definition = models.JSONField(help_text="Weights, thresholds and caps.")
    segment = models.CharField(max_length=100, blank=True, help_text="Empty: the default model.")
    why = models.CharField(max_length=500, blank=True)
    revision = models.PositiveIntegerField(default=1, help_text="Grows with each change of the draft.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    published_at = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = HealthModelQuerySet.as_manager()

    class Meta:
        ordering = ["-version"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="draft") | (Q(published_at__isnull=False) & ~Q(why="")),
                name="published_model_says_when_and_why",
                violation_error_message="A published model says when and why it was published.",
            ),
            models.UniqueConstraint(
                fields=["segment"],
                condition=Q(state="published"),
                name="one_published_model_a_segment",
                violation_error_message="This segment has a published model already.",
            ),
        ]

    def __str__(self) -> str:
        return f"Model v{self.version}"


class RuleVersion(models.Model):
    """The thresholds of one rule; the latest version is in force. Rows are only added: a trigger refuses the rest."""

    rule = models.CharField(max_length=30)
    version = models.PositiveIntegerField()
    thresholds = models.JSONField(default=dict)
    is_enabled = models.BooleanField("enabled", default=True)
    why = models.CharField(max_length=500, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["rule", "-version"]
        constraints = [models.UniqueConstraint(fields=["rule", "version"], name="one_rule_version")]

    def __str__(self) -> str:
        return f"{self.rule} v{self.version}"


class Reading(models.Model):
    """The health of one organization as of one day, with everything needed to explain it."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="readings")
    as_of = models.DateField()
    score = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    band = models.CharField(max_length=12, choices=Band)
    coverage = models.DecimalField(max_digits=5, decimal_places=4)
    model = models.ForeignKey(HealthModel, on_delete=models.PROTECT, related_name="+")
    is_onboarding = models.BooleanField("onboarding", default=False)
    components = models.JSONField(default=list)
    caps = models.JSONField(default=list)
    evidence = models.JSONField(default=dict)
    mrr = models.DecimalField("MRR", max_digits=20, decimal_places=4, default=0)
    scored_at = models.DateTimeField()

    class Meta:
        ordering = ["-as_of"]
        constraints = [models.UniqueConstraint(fields=["organization", "as_of"], name="one_reading_a_day")]
        indexes = [models.Index(fields=["as_of"], name="readings_of_day")]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.as_of}: {self.score}"


class Signal(models.Model):
    """A rule's finding about one organization, from its opening to its end."""

    class Type(models.TextChoices):
        REVENUE_AT_RISK = "revenue_at_risk", "Revenue at risk"
        USAGE_DROP = "usage_drop", "Usage drop"
        INACTIVE_PAYING = "inactive_paying", "Inactive paying"
        EXPANSION_CANDIDATE = "expansion_candidate", "Expansion candidate"
        RENEWAL_RISK = "renewal_risk", "Renewal risk"
        SCORE_AGAINST_MONEY = "score_against_money", "Score against money"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        SNOOZED = "snoozed", "Snoozed"
        RESOLVED = "resolved", "Resolved"
        DISMISSED = "dismissed", "Dismissed"

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="signals")
    type = models.CharField(max_length=30, choices=Type)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    sentence = models.CharField(max_length=500, help_text="The reason, to be read aloud.")
    evidence = models.JSONField(default=dict)
    mrr = models.DecimalField("MRR", max_digits=20, decimal_places=4, default=0)
    severity = models.DecimalField(max_digits=7, decimal_places=4, default=0)
    growth = models.DecimalField(
        max_digits=20, decimal_places=4, null=True, blank=True, help_text="0.64 for +64 %; of rules about growth only."
    )
    urgency = models.DecimalField(max_digits=5, decimal_places=2, default=1)
    money_at_stake = models.DecimalField(max_digits=20, decimal_places=4, default=0)
    calculation = models.CharField(max_length=200, blank=True, help_text="How the money at stake was reckoned.")
    rule_version = models.PositiveIntegerField(default=1)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="assigned_signals",
    )
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    snoozed_until = models.DateField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True, help_text="Why it was snoozed or dismissed.")
    is_false_alarm = models.BooleanField("false alarm", default=False)
    scans_not_true = models.PositiveSmallIntegerField(default=0, help_text="Scans in a row that found it not true.")
    was_false_since = models.BooleanField(
        default=False, help_text="Its condition was false at least once since it ended."
    )
    last_scan_at = models.DateTimeField(null=True, blank=True)

    objects = SignalQuerySet.as_manager()

    class Meta:
        ordering = ["-money_at_stake", "organization_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "type"],
                condition=Q(state__in=["open", "snoozed"]),
                name="one_live_signal_a_type",
                violation_error_message="This signal is open already.",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-opened_at"], name="signal_by_state"),
            models.Index(fields=["organization", "type", "-opened_at"], name="signal_latest"),
        ]

    def __str__(self) -> str:
        return self.get_type_display()


class SignalTransition(models.Model):
    """Each change of a signal's state: who, when, why."""

    signal = models.ForeignKey(Signal, on_delete=models.CASCADE, related_name="transitions")
    from_state = models.CharField(max_length=10, choices=Signal.State, blank=True)
    to_state = models.CharField(max_length=10, choices=Signal.State)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    reason = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.from_state or 'new'} → {self.to_state}"


class FollowUp(models.Model):
    """Work for a member of staff: something to do for a customer by a day."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="follow_ups")
    signal = models.ForeignKey(Signal, null=True, blank=True, on_delete=models.SET_NULL, related_name="follow_ups")
    title = models.CharField(max_length=200)
    due_on = models.DateField()
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="follow_ups"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "id"]
        verbose_name = "follow-up"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=~Q(title=""),
                name="follow_up_has_a_title",
                violation_error_message="A follow-up needs a title.",
            ),
        ]
        indexes = [
            models.Index(fields=["due_on"], condition=Q(done_at=None), name="follow_up_open_by_day"),
            models.Index(fields=["organization", "-created_at"], name="follow_up_of_organization"),
            models.Index(fields=["-done_at"], condition=Q(done_at__isnull=False), name="follow_up_done"),
        ]

    def __str__(self) -> str:
        return self.title


class Churn(models.Model):
    """A customer stopped paying: when, how much, how healthy it had been, and why as far as staff know."""

    class Reason(models.TextChoices):
        PRICE = "price", "Price"
        COMPETITOR = "competitor", "Went to a competitor"
        MISSING_FEATURE = "missing_feature", "Missing feature"
        QUALITY = "quality", "Bugs or outages"
        SUPPORT = "support", "Support"
        NO_VALUE = "no_value", "Saw no value"
        CHAMPION_LEFT = "champion_left", "Champion left"
        CLOSED = "closed", "Closed or was bought"
        PROJECT_OVER = "project_over", "Project is over"
        UNPAID = "unpaid", "Did not pay"
        OTHER = "other", "Other"

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="churns")
    churned_on = models.DateField(help_text="First day without MRR.")
    mrr = models.DecimalField("MRR lost", max_digits=20, decimal_places=4)
    reasons = ArrayField(models.CharField(max_length=20, choices=Reason), size=3, default=list, blank=True)
    comment = models.CharField(max_length=500, blank=True)
    explained_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    explained_at = models.DateTimeField(null=True, blank=True)
    score_30 = models.DecimalField("score 30 days before", max_digits=5, decimal_places=2, null=True, blank=True)
    score_60 = models.DecimalField("score 60 days before", max_digits=5, decimal_places=2, null=True, blank=True)
    score_90 = models.DecimalField("score 90 days before", max_digits=5, decimal_places=2, null=True, blank=True)
    scores_attached_at = models.DateTimeField(null=True, blank=True)
    is_withdrawn = models.BooleanField(
        "no longer in the books", default=False, help_text="A later import says that they never stopped paying."
    )
    found_at = models.DateTimeField()

    objects = ChurnQuerySet.as_manager()

    class Meta:
        ordering = ["-churned_on", "-mrr", "id"]
        verbose_name = "churned customer"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["organization", "churned_on"], name="one_churn_a_day"),
            models.CheckConstraint(
                condition=Q(reasons__len__lte=3),
                name="at_most_three_reasons",
                violation_error_message="At most three reasons.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.churned_on}"

    @property
    def reason_words(self) -> list[str]:
        return [self.Reason(each).label for each in self.reasons]


class DigestChoice(models.Model):
    """Whose news a member of staff gets in the morning; without a row, those of the own customers."""

    class Scope(models.TextChoices):
        MINE = "mine", "My customers and follow-ups"
        TEAM = "team", "Those of my team"
        OFF = "off", "No e-mail"

    user = models.OneToOneField(settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="+")
    scope = models.CharField(max_length=4, choices=Scope, default=Scope.MINE)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.get_scope_display()


class Digest(models.Model):
    """The news of one person on one day, in [since, until); without an e-mail when nothing changed."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    since = models.DateTimeField()
    until = models.DateTimeField()
    changes = models.PositiveIntegerField(help_text="0: nothing changed, no e-mail was written.")

    class Meta:
        ordering = ["-day", "user_id"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "day"], name="one_digest_a_day")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.day}"


class ScanCursor(models.Model):
    """When organizations were last scored and scanned. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    scored_at = models.DateTimeField(null=True)
    scored_all_on = models.DateField(null=True)
    scanned_at = models.DateTimeField(null=True)
    settings_version = models.PositiveIntegerField(default=0, help_text="Of the install settings last scored under.")
    models_in_force = models.TextField(default="", help_text="Health models last scored under, by segment.")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.scanned_at)


class DataIncident(models.Model):
    """An application's events broke down for the median organization: the data has changed, not the customers."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="data_incidents")
    first_day = models.DateField(help_text="The first day with too few events.")
    sentence = models.CharField(max_length=500)
    evidence = models.JSONField(default=dict)
    rule_version = models.PositiveIntegerField(default=1)
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="Last scan that found it still true.")
    resolved_at = models.DateTimeField(null=True, blank=True)

    objects = DataIncidentQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["application"],
                condition=Q(resolved_at=None),
                name="one_open_incident_an_application",
                violation_error_message="This application has an open data incident already.",
            ),
        ]

    def __str__(self) -> str:
        return f"Data incident of {self.application} since {self.first_day:%d %b %Y}"


class Study(models.Model):
    """A question to one's own numbers, answered by a job: what a draft would change, or what the past says."""

    class Kind(models.TextChoices):
        WHAT_IF = "what_if", "What a model would change"
        DRY_RUN = "dry_run", "What thresholds would change"
        BACKTEST = "backtest", "Backtest"

    kind = models.CharField(max_length=10, choices=Kind)
    model = models.ForeignKey(HealthModel, null=True, blank=True, on_delete=models.CASCADE, related_name="studies")
    arguments = models.JSONField(default=dict, blank=True)
    result = models.JSONField(null=True, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "studies"
        indexes = [models.Index(fields=["kind", "-id"], name="study_by_kind")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"
