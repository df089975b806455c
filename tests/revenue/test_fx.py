from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from revenue.fx import CONSTANT, Converter, Rate, RateTable, RateWarning, clean_currency

TABLE = [
    Rate(date(2024, 1, 31), "USD", Decimal("1.00")),
    Rate(date(2024, 2, 29), "USD", Decimal("1.25")),
    Rate(date(2024, 2, 29), "JPY", Decimal("160")),
]


def on(*parts):
    return date(*parts).toordinal()


@pytest.mark.parametrize(
    ("day", "per_eur"),
    [
        (on(2023, 6, 1), Fraction(1)),  # before the table: the earliest
        (on(2024, 2, 28), Fraction(1)),
        (on(2024, 2, 29), Fraction(5, 4)),
        (on(2030, 1, 1), Fraction(5, 4)),
    ],
)
def test_latest_rate_on_or_before_the_day(day, per_eur):
    assert RateTable(TABLE).per_eur("USD", day) == per_eur
    assert RateTable(TABLE).per_eur("EUR", day) == 1


def test_crossing_two_currencies_goes_over_the_euro():
    converter = Converter(RateTable(TABLE), "USD")
    assert converter.convert(1_600_000, "JPY", on(2024, 3, 1)) == 12_500  # 160 JPY = 1 EUR = 1.25 USD
    assert converter.convert(10_000, "EUR", on(2024, 3, 1)) == 12_500
    assert converter.convert(10_000, "EUR", on(2024, 2, 1)) == 10_000


@pytest.mark.parametrize(("units", "converted"), [(2, 1), (-2, -1), (1, 0), (-1, 0), (6, 2), (-6, -2), (0, 0)])
def test_rounding_is_half_away_from_zero(units, converted):
    table = RateTable([Rate(date(2024, 1, 1), "XTS", Decimal(4))])
    assert Converter(table, "EUR").convert(units, "XTS", on(2024, 1, 1)) == converted


def test_a_currency_without_any_rate_cannot_be_converted():
    assert not Converter(RateTable(TABLE), "EUR").can("NGN")
    assert not Converter(RateTable(TABLE), "NGN").can("EUR")
    assert Converter(RateTable([]), "NGN").can("NGN")


def test_constant_mode_uses_one_day():
    converter = Converter(RateTable(TABLE), "EUR", CONSTANT, date(2024, 2, 29))
    assert converter.fixed(12_500, "USD") == 10_000
    assert Converter(RateTable(TABLE), "EUR").fixed(12_500, "USD") is None
    assert Converter(RateTable(TABLE), "EUR").fixed(1_600_000, "JPY") == 10_000  # one rate, nothing moves


@pytest.mark.parametrize("per_eur", ["0", "-1", "NaN", "Infinity"])
def test_a_rate_must_be_above_zero(per_eur):
    with pytest.raises(ValueError, match="USD on 2024-01-01"):
        RateTable([Rate(date(2024, 1, 1), "USD", Decimal(per_eur))])


def test_two_values_for_one_day_are_refused():
    first, second = (Rate(date(2024, 1, 1), "USD", Decimal(value)) for value in ("1.1", "1.2"))
    with pytest.raises(ValueError, match="two different rates"):
        RateTable([first, second])
    assert RateTable([first, first]).per_eur("USD", on(2024, 1, 1)) == Fraction(11, 10)


@pytest.mark.parametrize(("mode", "constant"), [("spot", None), (CONSTANT, None)])
def test_settings_that_do_not_fit_are_refused(mode, constant):
    with pytest.raises(ValueError, match="fx_"):
        Converter(RateTable([]), "EUR", mode, constant)


def test_warnings_name_the_day_and_the_rate_used():
    warnings = RateTable(TABLE).warnings("USD", date(2024, 1, 1), date(2024, 3, 8))
    assert warnings == [
        RateWarning("USD", "before_table", date(2024, 1, 1), date(2024, 1, 31)),
        RateWarning("USD", "stale", date(2024, 3, 8), date(2024, 2, 29)),
    ]
    assert RateTable(TABLE).warnings("USD", date(2024, 1, 31), date(2024, 3, 7)) == []


@pytest.mark.parametrize(("text", "code"), [(" usd ", "USD"), ("", "EUR"), ("  ", "EUR")])
def test_currency_codes_are_cleaned(text, code):
    assert clean_currency(text, "EUR") == code
