from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q


class ApplicationCredentialQuerySet(models.QuerySet):
    def valid(self, at: datetime) -> Self:
        """Neither revoked nor past the overlap of a rotation."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=at), revoked_at=None)

    def secrets(self) -> Self:
        return self.filter(kind="secret")

    def write_keys(self) -> Self:
        return self.filter(kind="write_key")


class EventQuerySet(models.QuerySet):
    def of_organization(self, organization_id: int) -> Self:
        return self.filter(key__organization_id=organization_id)


class FeatureQuerySet(models.QuerySet):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def counted(self) -> Self:
        """Their daily rows follow their rules."""
        return self.active().filter(counted_version=F("version"))

    def waiting(self) -> Self:
        """Their rules changed since they were counted, or they never were."""
        return self.active().exclude(counted_version=F("version"), counted_version__isnull=False)
