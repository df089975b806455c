"""Exact money: integers of 0.0001 inside the engine ("units"), `Decimal` at its edges (R1, R26, R27).

Integers make every sum, product and rounding exact whatever decimal context the caller has set.
"""

from decimal import ROUND_HALF_UP, Context, Decimal

PLACES = 4
SCALE = 10**PLACES
RATIO_PLACES = 6
LARGEST = Decimal("9999999999999999.9999")  # numeric(20, 4)
MONTHS_PER_YEAR = 12

# R1: one interval is this many months, as numerator and denominator.
INTERVAL_MONTHS = {
    "month": (1, 1),
    "quarter": (3, 1),
    "half-year": (6, 1),
    "year": (12, 1),
    "week": (12, 52),
    "day": (12, 365),
}
_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)


def half_away(numerator: int, denominator: int) -> int:
    """`numerator / denominator` (> 0) rounded to an integer, halves away from zero (R26)."""
    if numerator < 0:
        return -((-2 * numerator + denominator) // (2 * denominator))
    return (2 * numerator + denominator) // (2 * denominator)


def to_units(value: Decimal) -> int:
    """Units of 0.0001, half away from zero."""
    return int(value.scaleb(PLACES, _EXACT).to_integral_value(ROUND_HALF_UP))


def from_units(units: int) -> Decimal:
    """A `Decimal` with exactly four places."""
    return Decimal(units).scaleb(-PLACES, _EXACT)


def ratio(numerator: int, denominator: int) -> Decimal | None:
    """A quotient with six places; None when there is nothing to divide by (R27)."""
    if denominator == 0:
        return None
    sign = 1 if denominator > 0 else -1
    parts = half_away(sign * numerator * 10**RATIO_PLACES, sign * denominator)
    return Decimal(parts).scaleb(-RATIO_PLACES, _EXACT)


def normalise(amount: Decimal, interval: str, interval_count: int = 1) -> Decimal:
    """Monthly value of `amount` billed every `interval_count` intervals, four places (R1).

    Raises KeyError for an unknown interval and ValueError for a count below 1.
    """
    months, per = INTERVAL_MONTHS[interval]
    if interval_count < 1:
        raise ValueError("interval_count must be at least 1")
    numerator, denominator = amount.as_integer_ratio()
    return from_units(half_away(numerator * SCALE * per, denominator * months * interval_count))
