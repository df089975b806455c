from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Self

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Coalesce, Greatest


def counting_on(day: date) -> Q:
    """Of lines `with_begin`: started, past their trial, not ended."""
    return Q(Q(end_on=None) | Q(end_on__gt=day), begins_on__lte=day)


class SubscriptionQuerySet(models.QuerySet):
    def known_now(self) -> Self:
        """The current version of every line."""
        return self.filter(known_to=None)

    def known_on(self, day: date) -> Self:
        """The versions that stood in the books on that day."""
        return self.filter(Q(known_to=None) | Q(known_to__gt=day), known_from__lte=day)

    def of_organizations(self, organization_ids: Collection[int] | models.QuerySet) -> Self:
        """The lines of these organizations under all of their ids."""
        return self.filter(key__organization_id__in=organization_ids)

    def with_begin(self) -> Self:
        """`begins_on`: the first day the line counts, its start or the end of its trial."""
        return self.alias(begins_on=Greatest("start_on", Coalesce("trial_end_on", "start_on")))

    def counting(self) -> Self:
        """Lines that count on at least one day."""
        return self.with_begin().filter(Q(end_on=None) | Q(end_on__gt=F("begins_on")))

    def active(self, on: date) -> Self:
        """Counting on a day: started, past its trial, not ended."""
        return self.with_begin().filter(counting_on(on))

    def scheduled(self, after: date) -> Self:
        """Starts or ends that have no effect yet."""
        return self.counting().filter(Q(begins_on__gt=after) | Q(end_on__gt=after))

    def changing(self, since: date, until: date) -> Self:
        """Lines that begin or end to count in [since, until)."""
        return self.counting().filter(
            Q(begins_on__gte=since, begins_on__lt=until) | Q(end_on__gte=since, end_on__lt=until)
        )

    def ending(self, after: date) -> Self:
        """Priced lines whose end no other line takes over.

        Another priced line of the organization takes over when it is of the same product and counts on the first day
        without this one, or when it begins to count on that very day.
        """
        same = self.model.objects.known_now().filter(key__organization_id=OuterRef("key__organization_id"), mrr__gt=0)
        end = OuterRef("end_on")
        takes_over = same.counting().filter(
            Q(product_code=OuterRef("product_code"), begins_on__lte=end) | Q(begins_on=end),
            Q(end_on=None) | Q(end_on__gt=end),
        )
        return self.filter(~Exists(takes_over), mrr__gt=0, end_on__gt=after)

    def ended(self, by: date) -> Self:
        """Without revenue for good since that day or before."""
        return self.filter(end_on__lte=by)

    def with_state(self, on: date) -> Self:
        """Annotates `state_shown`: what a day makes of each row, in words."""
        return self.annotate(
            state_shown=Case(
                When(end_on__lte=on, then=Value("Ended")),
                When(start_on__gt=on, then=Value("Starts later")),
                When(trial_end_on__gt=on, then=Value("Trial")),
                When(end_on__gt=on, then=Value("Active, ends later")),
                default=Value("Active"),
            )
        )


class OrganizationMonthQuerySet(models.QuerySet):
    def of(self, month: date) -> Self:
        """The rows of one month."""
        return self.filter(month=month)

    def paying_at_close(self) -> Self:
        return self.filter(closing__gt=0)

    def paying_at_opening(self) -> Self:
        return self.filter(opening__gt=0)

    def moved(self, kinds: Collection[str] = ()) -> Self:
        """With a movement, of one of some kinds."""
        moved = self.exclude(kind="")
        return moved.filter(kind__in=kinds) if kinds else moved

    def largest_first(self) -> Self:
        """By balance at the close, equal ones by id."""
        return self.order_by("-closing", "organization_id")

    def largest_movement_first(self) -> Self:
        return self.order_by("-amount", "organization_id")

    def smaller_than(self, amount: Decimal, organization_id: int) -> Self:
        """What follows a movement in the order of `largest_movement_first`."""
        return self.filter(Q(amount__lt=amount) | Q(amount=amount, organization_id__gt=organization_id))
