from datetime import datetime
from typing import Any, Self

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


class KeptQuerySet(models.QuerySet):
    """Insights and dashboards of staff: shared ones and one's own."""

    def visible_to(self, user: Any) -> Self:
        return self.filter(Q(is_shared=True) | Q(owner=user))

    def changeable_by(self, user: Any) -> Self:
        """One's own; who may do everything changes all shared ones, those made at install and orphans among them."""
        if user.is_superuser:
            return self.visible_to(user)
        return self.filter(owner=user)


class SavedInsightQuerySet(KeptQuerySet):
    def on_organizations(self) -> Self:
        """Shown on every organization's page; a private one would show up for others."""
        return self.filter(on_organizations=True, is_shared=True)


class FeatureQuerySet(models.QuerySet):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def counted(self) -> Self:
        """Their daily rows follow their rules."""
        return self.active().filter(counted_version=F("version"))

    def waiting(self) -> Self:
        """Their rules changed since they were counted, or they never were."""
        return self.active().exclude(counted_version=F("version"), counted_version__isnull=False)
