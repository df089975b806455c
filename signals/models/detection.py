"""What the scan found and what became of it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from orgs.models import MONEY, Organization
from signals.querysets import DataIncidentQuerySet, SignalQuerySet
from tracker.models import Application


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
    mrr = models.DecimalField("MRR", **MONEY, default=0)
    currency = models.CharField(
        max_length=3, blank=True, help_text="Of MRR and money at stake. Empty: the reporting currency of then, unnoted."
    )
    severity = models.DecimalField(max_digits=7, decimal_places=4, default=0)
    growth = models.DecimalField(
        max_digits=20, decimal_places=4, null=True, blank=True, help_text="0.64 for +64 %; of rules about growth only."
    )
    urgency = models.DecimalField(max_digits=5, decimal_places=2, default=1)
    money_at_stake = models.DecimalField(**MONEY, default=0)
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
        default=False, help_text="Its condition was false since it ended, or its rule off: it may return."
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
        return f"{self.get_type_display()} of {self.organization}"


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
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_row_of_scan_cursor")]

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
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    reason = models.CharField(max_length=500, blank=True, help_text="Why it is over.")
    is_false_alarm = models.BooleanField("false alarm", default=False)
    is_waved_off = models.BooleanField(
        default=False, help_text="Somebody ended it, and the events have not been as many as usual since."
    )

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
        return f"Data incident of {self.application} since {self.first_day:%-d %b %Y}"
