from decimal import Decimal
from fractions import Fraction

import pytest

from signals.numbers import linear, rounded


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (Fraction(1, 200), 2, "0.01"),
        (Fraction(-1, 200), 2, "-0.01"),
        (Decimal("2.675"), 2, "2.68"),
        (Decimal("2.6749999"), 2, "2.67"),
        (Fraction(2, 3), 4, "0.6667"),
        (7, 2, "7.00"),
        (Fraction(-1, 1000), 2, "0.00"),
    ],
)
def test_rounds_half_away_from_zero(value, places, text):
    assert str(rounded(value, places)) == text


@pytest.mark.parametrize(
    ("value", "expected"),
    [(30, 0), (31, 0), (1, 1), (0, 1), (Fraction(31, 2), Fraction(1, 2))],
)
def test_linear_falls_when_zero_is_the_larger_end(value, expected):
    assert linear(value, 30, 1) == expected
