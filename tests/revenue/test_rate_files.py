from datetime import date
from decimal import Decimal

import pytest

from revenue.fx import Rate
from revenue.rate_files import RateProblem, read_rates


def test_long_table():
    rates, problems = read_rates(
        ["Date", " currency", "per_eur", "note"], [["2024-01-31", "usd ", "1.0837"], ["", "", ""]]
    )
    assert rates == [Rate(date(2024, 1, 31), "USD", Decimal("1.0837"))]
    assert problems == []


@pytest.mark.parametrize("day", ["2024-01-31", "31 January 2024"])
def test_the_ecbs_own_table(day):
    header = ["Date", " USD", " CYP", " JPY", ""]
    rates, problems = read_rates(header, [[day, "1.0837", "N/A", " 159.93", ""]])
    assert rates == [
        Rate(date(2024, 1, 31), "USD", Decimal("1.0837")),
        Rate(date(2024, 1, 31), "JPY", Decimal("159.93")),
    ]
    assert problems == []


@pytest.mark.parametrize(
    ("cells", "column", "value"),
    [
        (["2024-02-30", "USD", "1"], "date", "2024-02-30"),
        (["31.01.2024", "USD", "1"], "date", "31.01.2024"),
        (["2024-01-31", "US", "1"], "currency", "US"),
        (["2024-01-31", "USD", "0"], "per_eur", "0"),
        (["2024-01-31", "USD", "NaN"], "per_eur", "NaN"),
        (["2024-01-31", "USD", "1,08"], "per_eur", "1,08"),
        (["2024-01-31", "EUR", "1.1"], "per_eur", "1.1"),
        (["2024-01-31", "USD"], "per_eur", ""),
    ],
)
def test_refusals_name_line_column_and_value(cells, column, value):
    rates, (problem,) = read_rates(["date", "currency", "per_eur"], [cells])
    assert rates == []
    assert (problem.line, problem.column, problem.value) == (2, column, value)


def test_a_day_given_twice_is_refused_only_when_it_differs():
    rows = [["2024-01-31", "USD", "1.1"], ["2024-01-31", "USD", "1.10"], ["2024-01-31", "USD", "1.2"]]
    rates, problems = read_rates(["date", "currency", "per_eur"], rows)
    assert [rate.per_eur for rate in rates] == [Decimal("1.1")]
    assert problems == [RateProblem(4, "per_eur", "1.2", "USD has another rate on 2024-01-31 above.")]


def test_another_header_is_refused():
    with pytest.raises(ValueError, match="date,currency,per_eur"):
        read_rates(["day", "code", "rate"], [])
