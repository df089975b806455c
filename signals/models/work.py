"""What people do about it: follow-ups, departures, the mail in the morning."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from orgs.models import MONEY, Organization
from signals.models.detection import Signal
from signals.querysets import ChurnQuerySet, FollowUpQuerySet


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
    mrr = models.DecimalField("MRR lost", **MONEY)
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
    told = models.JSONField(default=dict, help_text="Ids of the rows that it told, by the title of their section.")
    bands = models.JSONField(default=dict, help_text="Of the latest digest: customers by the band they had.")

    class Meta:
        ordering = ["-day", "user_id"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "day"], name="one_digest_a_day")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.day}"
