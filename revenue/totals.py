"""The total of any set of subscriptions, as lists show it on top."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, Q, Sum

from revenue import books
from revenue.mrr.money import from_units, to_units
from revenue.querysets import SubscriptionQuerySet, counting_on


@dataclass(frozen=True)
class Total:
    """Rows of a set, and the MRR of the active ones in the reporting currency; those without any rate are counted
    apart."""

    rows: int
    mrr: Decimal
    currency: str
    active_rows: int
    unconverted_rows: int


def of(subscriptions: SubscriptionQuerySet, day: date) -> Total:
    """One look at the set; each row in another currency is read, converted and rounded by itself (R26)."""
    terms = books.read_terms()
    reporting, converter = terms.currency, terms.converter()
    is_active = counting_on(day)
    sums = (
        subscriptions.order_by()
        .with_begin()
        .aggregate(
            rows=Count("pk"),
            active=Count("pk", filter=is_active),
            at_home=Sum("mrr", filter=is_active & Q(currency=reporting)),
        )
    )
    units, unconverted = to_units(sums["at_home"] or Decimal(0)), 0
    abroad = subscriptions.active(day).order_by().exclude(currency=reporting)
    for currency, mrr in abroad.values_list("currency", "mrr"):
        if converter.can(currency):
            units += converter.convert(to_units(mrr), currency, day.toordinal())
        else:
            unconverted += 1
    return Total(sums["rows"], from_units(units), reporting, sums["active"], unconverted)
