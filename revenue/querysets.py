from datetime import date
from typing import Self

from django.db import models
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Coalesce, Greatest


class SubscriptionQuerySet(models.QuerySet):
    def known_now(self) -> Self:
        """The current version of every line."""
        return self.filter(known_to=None)

    def known_on(self, day: date) -> Self:
        """The versions that stood in the books on that day."""
        return self.filter(Q(known_to=None) | Q(known_to__gt=day), known_from__lte=day)

    def active(self, on: date) -> Self:
        """Counting on a day: started, past its trial, not ended."""
        begins = Greatest("start_on", Coalesce("trial_end_on", "start_on"))
        return self.alias(begins_on=begins).filter(Q(end_on=None) | Q(end_on__gt=on), begins_on__lte=on)

    def scheduled(self, after: date) -> Self:
        """Starts or ends that have no effect yet."""
        return self.filter(Q(start_on__gt=after) | Q(end_on__gt=after))

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
