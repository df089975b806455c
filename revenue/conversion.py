"""Amounts that are no subscriptions, in the reporting currency."""

from collections.abc import Collection
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from revenue import books

PLACES = Decimal("0.00000001")
UNITS = 10**8


def factors(currencies: Collection[str], on: date) -> dict[str, Decimal]:
    """What one unit of each currency is worth in the reporting currency on a day; without a rate it is left out."""
    converter = books.read_converter(currencies)
    return {
        currency: (Decimal(converter.convert(UNITS, currency, on.toordinal())) / UNITS).quantize(PLACES, ROUND_HALF_UP)
        for currency in currencies
        if converter.can(currency)
    }
