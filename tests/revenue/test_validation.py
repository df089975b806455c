from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from revenue.mrr.validation import Problem, Reading, validate_row

AS_OF = date(2024, 6, 30)
GOOD = {
    "external_org_id": "acme",
    "product_code": "pro",
    "mrr": "100",
    "currency": "EUR",
    "start_at": "2024-01-01",
}


def check(reading=None, **cells):
    return validate_row({**GOOD, **cells}, 7, reading or Reading(AS_OF))


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"external_org_id": "  "}, "external_org_id", "no external_org_id"),
        ({"external_org_id": None}, "external_org_id", "no external_org_id"),
        ({"mrr": "abc"}, "mrr", "mrr is not a number"),
        ({"mrr": ""}, "mrr", "mrr is not a number"),
        ({"mrr": "NaN"}, "mrr", "mrr is not a number"),
        ({"mrr": "-Infinity"}, "mrr", "mrr is not a number"),
        ({"mrr": "1_000"}, "mrr", "mrr is not a number"),
        ({"mrr": "٣"}, "mrr", "mrr is not a number"),
        ({"mrr": "1,5"}, "mrr", "mrr is not a number"),
        ({"mrr": "1e17"}, "mrr", "mrr is too large"),
        ({"mrr": "", "amount": "9999999999999999", "interval": "day"}, "amount", "amount is too large"),
        ({"mrr": "", "amount": "x"}, "amount", "amount is not a number"),
        ({"amount": "1", "interval": "fortnight"}, "interval", "unknown interval"),
        ({"amount": "1", "interval_count": "0"}, "interval_count", "bad interval_count"),
        ({"amount": "1", "interval_count": "1.5"}, "interval_count", "bad interval_count"),
        ({"start_at": ""}, "start_at", "no start_at"),
        ({"start_at": "2024-02-30"}, "start_at", "bad date"),
        ({"start_at": "20240101"}, "start_at", "bad date"),
        ({"start_at": "2024-01-01x"}, "start_at", "bad date"),
        ({"start_at": "0001-01-01T00:00:00+14:00"}, "start_at", "bad date"),
        ({"end_at": "soon"}, "end_at", "bad date"),
        ({"trial_end_at": "2024-13-01"}, "trial_end_at", "bad date"),
        ({"end_at": "2023-12-31"}, "end_at", "end_at before start_at"),
    ],
)
def test_refusals_name_line_column_and_value(cells, column, code):
    checked = check(**cells)
    assert checked.row is None
    (refusal,) = checked.refusals
    assert (refusal.line, refusal.column, refusal.code) == (7, column, code)
    assert refusal.value == (cells.get(column) or "")
    assert refusal.message


def test_all_refusals_of_a_row_come_at_once():
    checked = check(external_org_id="", mrr="x", start_at="")
    assert [problem.code for problem in checked.refusals] == [
        "no external_org_id",
        "mrr is not a number",
        "no start_at",
    ]


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"mrr": "-5"}, "negative mrr"),
        ({"end_at": "2024-01-01"}, "never active"),
        ({"start_at": "2024-07-01"}, "starts in the future"),
        ({"amount": "1200.13", "interval": "year"}, "mrr differs from amount"),
    ],
)
def test_accepted_with_a_warning(cells, code):
    checked = check(**cells)
    assert checked.row is not None
    assert [problem.code for problem in checked.warnings] == [code]


def test_a_difference_of_a_cent_is_no_warning():
    assert check(amount="1200.12", interval="year").warnings == ()


@pytest.mark.parametrize(
    ("zone", "text", "day"),
    [
        ("America/New_York", "2024-02-01T03:30:00Z", date(2024, 1, 31)),
        ("Europe/Berlin", "2024-03-31T22:30:00Z", date(2024, 4, 1)),
        ("Europe/Berlin", "2024-02-29T22:30:00+00:00", date(2024, 2, 29)),
        ("America/New_York", "2024-02-01", date(2024, 2, 1)),
        ("America/New_York", "2024-02-01 00:30:00", date(2024, 2, 1)),
    ],
)
def test_timestamps_become_days_of_the_zone(zone, text, day):
    assert check(Reading(AS_OF, ZoneInfo(zone)), start_at=text).row.start_on == day


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2024-03-31", date(2024, 4, 1)),
        ("2024-01-01", date(2024, 1, 2)),
        ("9999-12-31", date.max),
        ("", None),
    ],
)
def test_inclusive_ends_are_stored_exclusive(text, stored):
    assert check(Reading(AS_OF, end_convention="inclusive"), end_at=text).row.end_on == stored


def test_inclusive_end_before_start_is_refused_although_the_stored_days_would_touch():
    checked = check(Reading(AS_OF, end_convention="inclusive"), end_at="2023-12-31")
    assert [problem.code for problem in checked.refusals] == ["end_at before start_at"]


def test_empty_currency_is_the_reporting_one_and_counted():
    checked = check(Reading(AS_OF, reporting_currency="CHF"), currency=" ")
    assert (checked.row.currency, checked.currency_was_empty) == ("CHF", True)
    assert check(currency=" usd ").row.currency == "USD"


def test_identity_is_the_subscription_or_organization_product_and_start():
    assert check(subscription_id=" s-1 ").row.line == "s-1"
    assert check().row.line == ("acme", "pro", date(2024, 1, 1))


def test_amount_alone_is_kept_for_normalising():
    row = check(mrr="", amount="300", interval="Quarterly", interval_count="2").row
    assert (row.mrr, row.amount, row.interval, row.interval_count) == (None, Decimal(300), "quarter", 2)


def test_a_problem_is_plain_data():
    assert check(mrr="x").refusals == (
        Problem(7, "mrr", "x", "mrr is not a number", "Give a plain number such as 1234.50."),
    )
