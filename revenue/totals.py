"""The total of any set of subscriptions, as lists show it on top."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Sum

from revenue import books
from revenue.mrr.money import from_units, to_units
from revenue.querysets import SubscriptionQuerySet


@dataclass(frozen=True)
class Total:
    """MRR of the active rows of a set, in the reporting currency; rows without any rate are counted apart."""

    mrr: Decimal
    currency: str
    active_rows: int
    unconverted_rows: int


def of(subscriptions: SubscriptionQuerySet, day: date) -> Total:
    """Each row is converted and rounded by itself (R26); one currency is summed by the database."""
    terms = books.read_terms()
    reporting, converter = terms.currency, terms.converter()
    active = subscriptions.active(day).order_by()
    at_home = active.filter(currency=reporting).aggregate(total=Sum("mrr"))["total"] or Decimal(0)
    units, unconverted = to_units(at_home), 0
    for currency, mrr in active.exclude(currency=reporting).values_list("currency", "mrr"):
        if converter.can(currency):
            units += converter.convert(to_units(mrr), currency, day.toordinal())
        else:
            unconverted += 1
    return Total(from_units(units), reporting, active.count(), unconverted)
