"""Features of the product: which events are a use of one, and who used it when."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from tracker.models.daily import Daily, UserMask
from tracker.querysets import FeatureQuerySet

LONGEST_WINDOW = 365


class Feature(models.Model):
    """Something the product can do. An event that meets one of its rules is a use of it.

    Every edit makes a new version. The daily rows are those of `counted_version`; while that is another one, or none,
    the feature waits to be counted anew from the raw events.
    """

    name = models.CharField(max_length=100, unique=True)
    description = models.CharField(max_length=300, blank=True)
    minimum_uses = models.PositiveIntegerField(
        default=1, validators=[MinValueValidator(1)], help_text="Adopted: at least so many uses …"
    )
    minimum_users = models.PositiveIntegerField(
        default=1, validators=[MinValueValidator(1)], help_text="… by at least so many users …"
    )
    window_days = models.PositiveIntegerField(
        default=28,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_WINDOW)],
        help_text="… within so many days.",
    )
    is_active = models.BooleanField("active", default=True, help_text="Counted, and part of health.")
    version = models.PositiveIntegerField(default=1, editable=False)
    counted_version = models.PositiveIntegerField(null=True, editable=False)
    counted_since = models.DateField(null=True, editable=False, help_text="Raw events of earlier days were gone.")
    created_at = models.DateTimeField(editable=False)
    changed_at = models.DateTimeField(editable=False)

    objects = FeatureQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(minimum_uses__gte=1, minimum_users__gte=1), name="feature_asks_for_some_use"
            ),
            models.CheckConstraint(
                condition=Q(window_days__gte=1, window_days__lte=LONGEST_WINDOW), name="feature_window_in_bounds"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class FeatureRule(models.Model):
    """One way to use a feature: an event that meets every condition of the row; an empty one asks for nothing."""

    feature = models.ForeignKey(Feature, on_delete=models.CASCADE, related_name="rules")
    event = models.CharField("event name", max_length=255, blank=True)
    path_prefix = models.CharField("path starts with", max_length=500, blank=True)
    property_name = models.CharField("property", max_length=200, blank=True)
    property_value = models.CharField("is", max_length=500, blank=True)

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=~Q(event="", path_prefix="", property_name=""),
                name="feature_rule_says_something",
                violation_error_message="Name an event, a path or a property: an empty rule would match everything.",
            ),
            models.CheckConstraint(
                condition=Q(property_name="", property_value="") | ~(Q(property_name="") | Q(property_value="")),
                name="feature_rule_property_has_value",
                violation_error_message="A property needs its name and the value it must have.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.feature_id}: {self.event or self.path_prefix or self.property_name}"


class FeatureDay(Daily):
    """Uses of a feature on one day, and by how many users."""

    feature = models.ForeignKey(Feature, on_delete=models.CASCADE, related_name="+", db_index=False)
    events = models.BigIntegerField(default=0)
    users = models.IntegerField(default=0)

    class Meta(Daily.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["key", "day", "feature", "environment", "application"], name="one_feature_row_a_day"
            ),
        ]
        indexes = [models.Index(fields=["feature", "day"], name="feature_by_day")]


class FeatureMonth(UserMask):
    """Who used a feature when: one row a user and month, as `UserMonth`."""

    feature = models.ForeignKey(Feature, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta(UserMask.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["key", "month", "feature", "user_hash", "environment", "application"],
                name="one_feature_mask_a_month",
            ),
            models.CheckConstraint(condition=~Q(days=0), name="feature_mask_has_a_day"),
        ]
        indexes = [models.Index(fields=["feature", "month"], name="feature_by_month")]
