"""Exchange rates against the euro and conversion into the reporting currency (R23-R26)."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

BASE = "EUR"
STALE_AFTER_DAYS = 7
PERIOD_END = "period_end"
CONSTANT = "constant"

Factor = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_eur` units of `currency` for 1 EUR, published on `day`."""

    day: date
    currency: str
    per_eur: Decimal


@dataclass(frozen=True, slots=True)
class RateWarning:
    """Why a currency's figures deserve a second look (R24).

    `reason` is "before_table" (days before `rate_on` used the earliest rate) or "stale" (the rate of
    `rate_on` was more than a week old on `day`).
    """

    currency: str
    reason: str
    day: date
    rate_on: date


def clean_currency(text: str, reporting_currency: str) -> str:
    """Trimmed, upper-cased; empty means the reporting currency (R23)."""
    return text.strip().upper() or reporting_currency


class RateTable:
    """All known rates; `per_eur(currency, day)` is the latest on or before the day, else the earliest."""

    def __init__(self, rates: Iterable[Rate]) -> None:
        """Raises ValueError for a rate that is not above zero or a day given twice with two values."""
        published: dict[str, dict[int, Fraction]] = {BASE: {1: Fraction(1)}}
        for rate in rates:
            if not rate.per_eur.is_finite() or rate.per_eur <= 0:
                raise ValueError(f"{rate.currency} on {rate.day}: {rate.per_eur} is not a rate above zero")
            if rate.currency == BASE:
                continue  # the base is 1 by definition
            by_day = published.setdefault(rate.currency, {})
            value = Fraction(rate.per_eur)
            if by_day.setdefault(rate.day.toordinal(), value) != value:
                raise ValueError(f"{rate.currency} on {rate.day}: two different rates")
        self._days = {currency: sorted(by_day) for currency, by_day in published.items()}
        self._values = {currency: [published[currency][day] for day in days] for currency, days in self._days.items()}

    def __contains__(self, currency: str) -> bool:
        return currency in self._days

    def per_eur(self, currency: str, day: int) -> Fraction:
        """Units of `currency` per euro on `day` (an ordinal). Raises KeyError without any rate."""
        at = bisect_right(self._days[currency], day) - 1
        return self._values[currency][max(at, 0)]

    def bounds(self, currency: str) -> tuple[Fraction, Fraction]:
        """Lowest and highest rate ever published."""
        values = self._values[currency]
        return min(values), max(values)

    def change_days(self, currency: str, since: int, until: int) -> list[int]:
        """Ordinals in (since, until) on which another rate begins to hold."""
        days = self._days[currency]
        return days[max(1, bisect_right(days, since)) : bisect_right(days, until - 1)]

    def warnings(self, currency: str, first: date, last: date) -> list[RateWarning]:
        """What is doubtful about conversions from `first` to `last`, both included (R24)."""
        if currency == BASE or currency not in self:
            return []
        days = self._days[currency]
        found = []
        if first.toordinal() < days[0]:
            found.append(RateWarning(currency, "before_table", first, date.fromordinal(days[0])))
        used = days[max(bisect_right(days, last.toordinal()) - 1, 0)]
        if last.toordinal() - used > STALE_AFTER_DAYS:
            found.append(RateWarning(currency, "stale", last, date.fromordinal(used)))
        return found


class Converter:
    """Turns native units of 0.0001 into units of the reporting currency, rounded row by row (R25, R26)."""

    def __init__(
        self,
        table: RateTable,
        reporting_currency: str,
        mode: str = PERIOD_END,
        constant_date: date | None = None,
    ) -> None:
        """Raises ValueError for an unknown mode or the constant mode without its date."""
        if mode not in (PERIOD_END, CONSTANT):
            raise ValueError(f"unknown fx_mode {mode!r}")
        if mode == CONSTANT and constant_date is None:
            raise ValueError("fx_mode constant needs fx_constant_date")
        self.reporting_currency = reporting_currency
        self._table = table
        self._constant = constant_date.toordinal() if mode == CONSTANT and constant_date else None
        self._factors: dict[tuple[str, int], Factor] = {}
        self._bounds: dict[str, tuple[Fraction, Fraction]] = {}

    def can(self, currency: str) -> bool:
        """False when the currency or the reporting currency has no rate at all (R23)."""
        return currency == self.reporting_currency or (
            currency in self._table and self.reporting_currency in self._table
        )

    def convert(self, units: int, currency: str, day: int) -> int:
        """`units` of `currency` at the rate of `day` (an ordinal), half away from zero."""
        key = (currency, day)
        factor = self._factors.get(key)
        if factor is None:
            factor = self._factors[key] = self._factor(currency, day)
        numerator, denominator = factor
        # `half_away` by hand: this line runs a million times in a large book.
        if units < 0:
            return -((-2 * units * numerator + denominator) // (2 * denominator))
        return (2 * units * numerator + denominator) // (2 * denominator)

    def fixed(self, units: int, currency: str) -> int | None:
        """The converted value when it is the same on every day, else None."""
        if currency == self.reporting_currency:
            return units
        if self._constant is not None:
            return self.convert(units, currency, self._constant)
        lowest, highest = self.factor_bounds(currency)
        return self.convert(units, currency, 1) if lowest == highest else None

    def factor_bounds(self, currency: str) -> tuple[Fraction, Fraction]:
        """No day's factor lies outside of these two."""
        if currency not in self._bounds:
            lowest, highest = self._table.bounds(currency)
            low, high = self._table.bounds(self.reporting_currency)
            self._bounds[currency] = (low / highest, high / lowest)
        return self._bounds[currency]

    def change_days(self, currency: str, since: int, until: int) -> set[int]:
        """Ordinals in (since, until) on which the factor may change."""
        days = self._table.change_days(currency, since, until)
        return {*days, *self._table.change_days(self.reporting_currency, since, until)}

    def _factor(self, currency: str, day: int) -> Factor:
        at = self._constant if self._constant is not None else day
        factor = self._table.per_eur(self.reporting_currency, at) / self._table.per_eur(currency, at)
        return factor.numerator, factor.denominator
