"""Versions of how health is scored, and the daily readings."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from orgs.models import MONEY, Band, Organization
from signals.querysets import HealthModelQuerySet


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
    mrr = models.DecimalField("MRR", **MONEY, default=0)
    scored_at = models.DateTimeField()

    class Meta:
        ordering = ["-as_of"]
        constraints = [models.UniqueConstraint(fields=["organization", "as_of"], name="one_reading_a_day")]
        indexes = [models.Index(fields=["as_of"], name="readings_of_day")]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.as_of}: {self.score}"


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
