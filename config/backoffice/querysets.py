from datetime import datetime
from typing import Self

from django.db import models


class JobRunQuerySet(models.QuerySet):
    def active(self) -> Self:
        """Queued or running."""
        return self.filter(state__in=["queued", "running"])

    def queued(self) -> Self:
        return self.filter(state="queued")

    def running(self) -> Self:
        return self.filter(state="running")

    def succeeded(self) -> Self:
        return self.filter(state="succeeded")

    def silent_since(self, moment: datetime) -> Self:
        """Running, but without a sign of life since then: the worker is gone."""
        return self.running().filter(heartbeat_at__lt=moment)


class OutgoingQuerySet(models.QuerySet):
    def due(self, now: datetime) -> Self:
        """Waiting, and its time has come."""
        return self.filter(state="pending", next_try_at__lte=now)
