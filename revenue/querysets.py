from datetime import date
from typing import Self

from django.db import models
from django.db.models import Q
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
