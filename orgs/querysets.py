from datetime import date
from typing import Any, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from orgs import scopes


class OrganizationQuerySet(models.QuerySet):
    def with_ids(self) -> Self:
        """Known under at least one id. Whose only id became an alias of another keeps its row, without any."""
        return self.filter(Exists(self.model.keys.rel.related_model.objects.filter(organization=OuterRef("pk"))))

    def imported(self) -> Self:
        """Named by an import."""
        return self.exclude(imported_at=None)

    def seen(self) -> Self:
        """With at least one event ever."""
        return self.exclude(snapshot__last_seen_at=None)

    def never_seen(self) -> Self:
        return self.filter(snapshot__last_seen_at=None)

    def active(self) -> Self:
        """What the list shows by default: everybody with a sign of life, usage or revenue."""
        return self.filter(Q(snapshot__last_seen_at__isnull=False) | Q(snapshot__mrr__gt=0))

    def imported_never_seen(self) -> Self:
        return self.imported().never_seen()

    def seen_never_imported(self) -> Self:
        return self.seen().filter(imported_at=None).with_ids()

    def paying(self) -> Self:
        """With MRR today."""
        return self.filter(snapshot__mrr__gt=0)

    def in_band(self, band: str) -> Self:
        return self.filter(snapshot__band=band)

    def in_scope(self, scope: str, user: Any) -> Self:
        """Whose customers these are: of one person, of the own teams, of everybody."""
        people = scopes.people(scope, user)
        return self if people is None else self.filter(owner__in=people)

    def band_changed_since(self, day: date) -> Self:
        """In another band since then; who never had another one is not meant."""
        return self.filter(snapshot__band_changed_on__gte=day).exclude(snapshot__previous_band="")

    def felt(self, since: date, *values: int) -> Self:
        """With a current sentiment of one of these values that is not older than `since`."""
        return self.filter(Exists(self._sentiments().filter(rated_on__gte=since, value__in=values)))

    def felt_before(self, day: date) -> Self:
        """With a sentiment that has gone stale."""
        return self.filter(Exists(self._sentiments().filter(rated_on__lt=day)))

    def never_felt(self) -> Self:
        return self.filter(~Exists(self._sentiments()))

    def _sentiments(self) -> models.QuerySet:
        sentiments = self.model.sentiments.rel.related_model.objects
        return sentiments.filter(organization=OuterRef("pk"), is_current=True)

    def felt_better_than_health(self, since: date) -> Self:
        """People are happy with it, its health is low."""
        return self.felt(since, 4, 5).filter(snapshot__band__in=["at_risk", "no_activity"])

    def felt_worse_than_health(self, since: date) -> Self:
        """People worry about it, its health is good."""
        return self.felt(since, 1, 2).filter(snapshot__band="healthy")

    def with_product(self, code: str) -> Self:
        return self.filter(snapshot__products__contains=[code])

    def renewing(self, since: date, until: date) -> Self:
        """Paying, with a renewal or contract end in [since, until)."""
        return self.paying().filter(snapshot__renewal_on__gte=since, snapshot__renewal_on__lt=until)

    def in_cohort(self, cohort_id: int | None) -> Self:
        """Members as they were last computed, each under at least one id; None is everybody."""
        return self if cohort_id is None else self.filter(cohort_memberships__cohort=cohort_id).with_ids()

    def matching(self, text: str) -> Self:
        """Whose name or any of whose ids contains the text."""
        keys = self.model.keys.rel.related_model.objects.filter(
            organization=OuterRef("pk"), external_id__icontains=text
        )
        return self.filter(Q(display_name__icontains=text) | Exists(keys))


class ImportBatchQuerySet(models.QuerySet):
    def visible_to(self, user: Any) -> Self:
        """What was imported is everybody's; a preview holds a file that nobody decided on: its user's alone."""
        if user.is_superuser:
            return self
        return self.filter(~Q(confirmed_at=None) | Q(created_by=user))


class OrganizationKeyQuerySet(models.QuerySet):
    def aliases(self) -> Self:
        """Ids that were joined to an organization with another id."""
        return self.exclude(external_id=F("organization__external_id"))

    def of_imported(self) -> Self:
        return self.exclude(organization__imported_at=None)


class CohortQuerySet(models.QuerySet):
    def by_rules(self) -> Self:
        """Whose members are computed."""
        return self.filter(kind="rules")
