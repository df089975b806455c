"""Rules that fold the ids in paths, so that many addresses are one page."""

from django.db import models

from tracker.models.applications import Application


class PathRule(models.Model):
    """Paths of one application that are one page: `/blog/:slug` takes every segment in place of `:slug`."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="path_rules")
    pattern = models.CharField(
        max_length=500, help_text="Like /blog/:slug; :name stands for any one segment, a last * for any rest."
    )
    position = models.PositiveIntegerField(default=0, help_text="The first rule that fits is used.")

    class Meta:
        ordering = ["position", "id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["application", "pattern"],
                name="one_path_rule_a_pattern",
                violation_error_message="This application has this rule already.",
            ),
        ]

    def __str__(self) -> str:
        return self.pattern
