"""Exact arithmetic for verdicts: fractions inside, decimals at the edge, rounded once."""

from decimal import Decimal
from fractions import Fraction

Exact = Fraction | Decimal | int


def rounded(value: Exact, places: int = 2) -> Decimal:
    """Round half away from zero to `places` decimals, without passing through a float or a context."""
    exact = Fraction(value)
    steps = (abs(exact) * 10**places * 2 + 1) // 2
    return Decimal(int(steps) if exact >= 0 else -int(steps)).scaleb(-places)


def linear(value: Exact, zero_at: Exact, full_at: Exact) -> Fraction:
    """Return 0..1: where `value` lies on the way from `zero_at` to `full_at` (either may be the larger)."""
    share = (Fraction(value) - Fraction(zero_at)) / (Fraction(full_at) - Fraction(zero_at))
    return min(max(share, Fraction(0)), Fraction(1))
