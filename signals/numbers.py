"""Exact arithmetic for verdicts: fractions inside, decimals at the edge, rounded once."""

from decimal import Decimal
from fractions import Fraction

Exact = Fraction | Decimal | int
ZERO, ONE = Fraction(0), Fraction(1)


def rounded(value: Exact, places: int = 2) -> Decimal:
    """Round half away from zero to `places` decimals, without passing through a float or a context."""
    over, under = value.as_integer_ratio()
    steps = (2 * abs(over) * 10**places + under) // (2 * under)
    return Decimal(-steps if over < 0 else steps).scaleb(-places)


def linear(value: Exact, zero_at: Exact, full_at: Exact) -> Fraction:
    """Return 0..1: where `value` lies on the way from `zero_at` to `full_at` (either may be the larger)."""
    start = Fraction(zero_at)
    share = (Fraction(value) - start) / (Fraction(full_at) - start)
    if share <= 0:
        return ZERO
    return share if share < 1 else ONE
