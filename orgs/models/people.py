"""What staff know about a customer: teams, notes, sentiment."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from orgs.models.organizations import Organization


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
