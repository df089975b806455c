"""Named sets of organizations."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from orgs.models.organizations import Organization
from orgs.querysets import CohortQuerySet


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
