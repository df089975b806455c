from datetime import date, datetime
from typing import Any, Self

from django.db import models

from orgs import scopes
from orgs.models import Organization


class AboutOrganizations(models.QuerySet):
    def in_cohort(self, cohort_id: int | None) -> Self:
        """About members of a cohort; None is about everybody."""
        return self if cohort_id is None else self.filter(organization__in=Organization.objects.in_cohort(cohort_id))


class SignalQuerySet(models.QuerySet):
    def open(self) -> Self:
        """Waiting for a person."""
        return self.filter(state="open")

    def live(self) -> Self:
        """Open or snoozed."""
        return self.filter(state__in=["open", "snoozed"])

    def closed(self) -> Self:
        return self.filter(state__in=["resolved", "dismissed"])

    def risks(self) -> Self:
        return self.exclude(type="expansion_candidate")

    def growth(self) -> Self:
        return self.filter(type="expansion_candidate")

    def opened_since(self, moment: datetime) -> Self:
        return self.filter(opened_at__gte=moment)


class FollowUpQuerySet(AboutOrganizations):
    def open(self) -> Self:
        return self.filter(done_at=None)

    def done(self) -> Self:
        return self.exclude(done_at=None)

    def due(self, today: date) -> Self:
        """Open, for today or a day before."""
        return self.open().filter(due_on__lte=today)

    def overdue(self, today: date) -> Self:
        return self.open().filter(due_on__lt=today)

    def done_between(self, since: datetime, until: datetime) -> Self:
        return self.filter(done_at__gte=since, done_at__lt=until)

    def in_scope(self, scope: str, user: Any) -> Self:
        """Whose work it is: of one person, of the own teams, of everybody."""
        people = scopes.people(scope, user)
        return self if people is None else self.filter(assignee__in=people)


class ChurnQuerySet(AboutOrganizations):
    def in_books(self) -> Self:
        """What the subscriptions as they are known now say."""
        return self.filter(is_withdrawn=False)

    def unexplained(self) -> Self:
        return self.in_books().filter(reasons=[])

    def between(self, since: date, until: date) -> Self:
        return self.in_books().filter(churned_on__gte=since, churned_on__lt=until)

    def in_scope(self, scope: str, user: Any) -> Self:
        people = scopes.people(scope, user)
        return self if people is None else self.filter(organization__owner__in=people)


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

    def waved_off(self) -> Self:
        """Ended by somebody while the scan still found it: for as long it opens none anew."""
        return self.filter(is_waved_off=True)
