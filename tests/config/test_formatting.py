"""Numbers, money and times as people read them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from config.backoffice import formatting as f

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (0, 0, "0"),
        (999, 0, "999"),
        (1180, 0, "1\u202f180"),
        (Decimal("1234567.895"), 2, "1\u202f234\u202f567.90"),
        (Decimal("-0.4"), 0, "0"),
        (Decimal("-1180.5"), 0, "−1\u202f181"),
        (Decimal("-0.004"), 2, "0.00"),
        (Decimal("0.125"), 2, "0.13"),
        (Decimal("9" * 40 + ".995"), 2, "10" + "\u202f000" * 13 + ".00"),
        (Fraction(2, 3), 2, "0.67"),
        (Fraction(-1, 8), 2, "−0.13"),
        (1e300, 0, f"{10**300:,}".replace(",", "\u202f")),
        (0.5, 0, "1"),
        (None, 2, "–"),
    ],
)
def test_number(value, places, text):
    assert f.number(value, places) == text


@pytest.mark.parametrize(
    ("value", "currency", "exact", "text"),
    [
        (Decimal("9800.4"), "EUR", False, "9\u202f800\u00a0EUR"),
        (Decimal("9800.4"), "EUR", True, "9\u202f800.40\u00a0EUR"),
        (Decimal("9800.4"), "JPY", True, "9\u202f800\u00a0JPY"),
        (Decimal("1.2345"), "KWD", True, "1.235\u00a0KWD"),
        (None, "EUR", False, "–"),
    ],
)
def test_money(value, currency, exact, text):
    assert f.money(value, currency, exact=exact) == text


def test_change_has_a_sign_and_says_when_there_is_nothing_to_compare():
    assert f.change(Decimal("0.042")) == "+4.2\u00a0%"
    assert f.change(Decimal("-0.65"), 0) == "−65\u00a0%"
    assert f.change(Decimal(0), 0) == "0\u00a0%"
    assert f.change(None) == "–"


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(seconds=45), "45 seconds ago"),
        (timedelta(minutes=1), "1\u00a0minute ago"),
        (timedelta(hours=5, minutes=50), "5\u00a0hours ago"),
        (timedelta(days=23), "23\u00a0days ago"),
        (timedelta(days=1, hours=13), "2\u00a0days ago"),
        (timedelta(hours=-2), "in 2\u00a0hours"),
    ],
)
def test_ago(passed, words):
    assert f.ago(NOW - passed, NOW) == words


def test_days_until():
    assert f.days_until(date(2026, 4, 20), NOW.date()) == "in 41\u00a0days"
    assert f.days_until(NOW.date(), NOW.date()) == "today"
    assert f.days_until(date(2026, 3, 9), NOW.date()) == "1\u00a0day ago"
    assert f.days_until(None, NOW.date()) == "–"
