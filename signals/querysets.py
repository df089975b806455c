from datetime import datetime
from typing import Self

from django.db import models


class SignalQuerySet(models.QuerySet):
    def open(self) -> Self:
        """Waiting for a person."""
        return self.filter(state="open")

    def live(self) -> Self:
        """Open or snoozed."""
        return self.filter(state__in=["open", "snoozed"])

    def risks(self) -> Self:
        return self.exclude(type="expansion_candidate")

    def growth(self) -> Self:
        return self.filter(type="expansion_candidate")

    def opened_since(self, moment: datetime) -> Self:
        return self.filter(opened_at__gte=moment)


class HealthModelQuerySet(models.QuerySet):
    def in_force(self) -> Self:
        """Published and not followed by another: one a segment."""
        return self.filter(state="published")

    def drafts(self) -> Self:
        return self.filter(state="draft")


class DataIncidentQuerySet(models.QuerySet):
    def open(self) -> Self:
        """Going on."""
        return self.filter(resolved_at=None)
