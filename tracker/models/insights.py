"""Questions that staff keep: saved insights, and the dashboards they stand on."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from tracker.querysets import KeptQuerySet, SavedInsightQuerySet


class SavedInsight(models.Model):
    """A named question with the picture it is shown as. `definition` is a document of the query API."""

    class Kind(models.TextChoices):
        TRENDS = "trends", "Trends"
        FUNNEL = "funnel", "Funnel"
        RETENTION = "retention", "Retention"
        LIFECYCLE = "lifecycle", "Lifecycle"

    class Display(models.TextChoices):
        LINE = "line", "Line"
        BAR = "bar", "Bars"
        NUMBER = "number", "Number"
        PIE = "pie", "Pie"
        TABLE = "table", "Table"

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.TRENDS)
    definition = models.JSONField()
    display = models.CharField(max_length=6, choices=Display, default=Display.LINE)
    is_shared = models.BooleanField("shared with everybody", default=True)
    on_organizations = models.BooleanField(
        "on every organization's page", default=False, help_text="There it is filtered to that organization."
    )
    built_in = models.SlugField(
        max_length=60, null=True, blank=True, unique=True, editable=False, help_text="Made at install under this name."
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    objects = SavedInsightQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        verbose_name = "insight"
        constraints = [
            models.CheckConstraint(
                condition=~Q(name=""),
                name="insight_has_a_name",
                violation_error_message="Give the insight a name.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Dashboard(models.Model):
    """Insights side by side, in an order of its own."""

    name = models.CharField(max_length=120)
    description = models.CharField(max_length=300, blank=True)
    is_shared = models.BooleanField("shared with everybody", default=True)
    built_in = models.SlugField(max_length=60, null=True, blank=True, unique=True, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()

    objects = KeptQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(name=""),
                name="dashboard_has_a_name",
                violation_error_message="Give the dashboard a name.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class DashboardTile(models.Model):
    """One insight on one dashboard."""

    dashboard = models.ForeignKey(Dashboard, on_delete=models.CASCADE, related_name="tiles")
    insight = models.ForeignKey(SavedInsight, on_delete=models.CASCADE, related_name="tiles")
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dashboard", "insight"],
                name="an_insight_once_a_dashboard",
                violation_error_message="This insight stands on that dashboard already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.insight} on {self.dashboard}"
