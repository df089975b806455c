"""What was refused."""

from django.db import models

from tracker.models.applications import Application


class Reject(models.Model):
    """Refused events of one application, reason and hour: how many, and the last samples without personal values."""

    application = models.ForeignKey(Application, null=True, on_delete=models.CASCADE, related_name="rejects")
    hour = models.DateTimeField()
    code = models.CharField(max_length=40)
    field = models.CharField(max_length=60, blank=True)
    message = models.CharField(max_length=300)
    is_stored = models.BooleanField(default=False, help_text="A warning: the event was stored all the same.")
    count = models.BigIntegerField(default=0)
    samples = models.JSONField(default=list)
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["-hour", "-count"]
        verbose_name = "rejected event"
        constraints = [
            models.UniqueConstraint(
                fields=["application", "hour", "code", "field"],
                nulls_distinct=False,
                name="one_reject_row_an_hour",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.field}".strip()
