from decimal import Decimal
from fractions import Fraction

import pytest

from signals import wording


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (1180, 0, "1\u202f180"),
        (-65, 0, "\u221265"),
        (1234567, 0, "1\u202f234\u202f567"),
        (Decimal("1180.5"), 2, "1\u202f180.50"),
        (Decimal("0.5"), 0, "1"),
        (Decimal("-0.5"), 0, "\u22121"),
        (Decimal("-0.4"), 0, "0"),
        (None, 0, "\u2013"),
    ],
)
def test_number(value, places, text):
    assert wording.number(value, places) == text


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        (412, 1180, "\u221265\u00a0%"),
        (164, 100, "+64\u00a0%"),
        (998, 1000, "0\u00a0%"),
        (5, 5, "0\u00a0%"),
        (0, 10, "\u2212100\u00a0%"),
        (5, 0, "\u2013"),
    ],
)
def test_change(now, before, text):
    assert wording.change(now, before) == text


def test_change_with_a_decimal():
    assert wording.change(Decimal("104.2"), Decimal(100), 1) == "+4.2\u00a0%"


def test_percent_and_money():
    assert wording.percent(Fraction(2, 3)) == "67\u00a0%"
    assert wording.percent(None) == "\u2013"
    assert wording.money(Decimal("9800.40"), "EUR") == "9\u202f800\u00a0EUR"
    assert wording.money(Decimal("9800.40"), "EUR", exact=True) == "9\u202f800.40\u00a0EUR"


@pytest.mark.parametrize(("days", "text"), [(0, "today"), (1, "yesterday"), (2, "2 days ago")])
def test_days_ago(days, text):
    assert wording.days_ago(days) == text


@pytest.mark.parametrize(("days", "text"), [(0, "today"), (1, "tomorrow"), (41, "in 41 days")])
def test_days_ahead(days, text):
    assert wording.days_ahead(days) == text


@pytest.mark.parametrize(
    ("value", "text"), [("25.00", "25"), ("0.50", "0.5"), ("1E+2", "100"), ("20.69", "20.69"), ("0.00", "0")]
)
def test_plain(value, text):
    assert wording.plain(Decimal(value)) == text


def test_a_score_is_never_rounded_into_the_next_band():
    assert wording.score(Decimal("69.99")) == "69"
    assert wording.score(Decimal("70.00")) == "70"
