import ast
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import revenue
from revenue.fx import Rate, RateTable, RateWarning
from revenue.mrr.book import Book, Row, Settings, Unconverted, scheduled
from revenue.mrr.cohorts import members
from revenue.mrr.movements import IdentityError, Tally, day_ledger, movements
from revenue.mrr.report import compute

JAN, FEB, MAR = (date(2024, month, 1) for month in (1, 2, 3))
RATES = [Rate(date(2024, 1, 31), "USD", Decimal(1)), Rate(date(2024, 2, 29), "USD", Decimal(2))]


def row(mrr, start, end=None, organization="a", currency="EUR", **more):
    key = (organization, mrr, start)
    return Row(organization, key, "p", currency, start, end, mrr=Decimal(mrr), **more)


def run(rows, as_of=date(2024, 3, 31), rates=(), first=JAN, **settings):
    return compute(rows, RateTable(rates), Settings(**settings), as_of=as_of, first_month=first)


def test_a_rate_that_lifts_a_customer_above_its_discount_keeps_heads_and_money_adding_up():
    rows = [row("80", JAN), row("-100", JAN, currency="USD")]
    february = run(rows, rates=RATES).months[1]
    assert (february.paying_start, february.paying_end, february.organizations["new"]) == (0, 1, 1)
    assert february.bridge.new == 0  # nothing was sold: at the opening rates it still pays nothing
    assert february.bridge.fx_impact == february.bridge.end == 30
    assert february.activity["fx_impact"] == 30


def test_a_rate_that_sinks_a_customer_below_its_discount_is_churn():
    rows = [row("-80", JAN), row("100", JAN, currency="USD")]
    february = run(rows, rates=RATES).months[1]
    assert (february.bridge.churn, february.bridge.fx_impact, february.bridge.end) == (20, 0, 0)
    assert (february.paying_start, february.organizations["churn"], february.paying_end) == (1, 1, 0)


def test_every_change_of_the_rate_may_decide_who_pays():
    quoted = [("2023-12-01", 1), ("2024-01-10", 2), ("2024-01-20", 1), ("2024-02-10", 2)]
    rates = [Rate(date.fromisoformat(day), "USD", Decimal(per_eur)) for day, per_eur in quoted]
    rows = [row("80", JAN), row("-100", JAN, currency="USD")]
    answer = run(rows, rates=rates)
    assert [(month.paying_end, month.in_and_out) for month in answer.months] == [(0, 1), (1, 0), (1, 0)]
    assert [month.organizations["reactivation"] for month in answer.months] == [0, 1, 0]
    assert [(cohort.month, cohort.first_day_mrr) for cohort in answer.cohorts] == [(JAN, 30)]


def test_a_price_that_rounds_to_nothing_is_not_paid():
    rates = [Rate(JAN, "USD", Decimal(3)), Rate(FEB, "USD", Decimal(2))]
    answer = run([row("0.0001", JAN, currency="USD")], rates=rates)
    assert [month.paying_end for month in answer.months] == [0, 1, 1]
    assert [cohort.month for cohort in answer.cohorts] == [FEB]


def test_in_and_out_counts_organizations_that_paid_between_two_closes_only():
    rows = [
        row("10", date(2024, 2, 3), date(2024, 2, 9)),
        row("10", date(2024, 2, 12), date(2024, 2, 14)),
        row("5", JAN, date(2024, 2, 10), organization="b"),
        row("0", date(2024, 2, 3), date(2024, 2, 9), organization="c"),
    ]
    assert [month.in_and_out for month in run(rows).months] == [0, 1, 0]


def test_a_gap_closed_only_by_a_future_start_stays_open():
    rows = [row("10", JAN, date(2024, 3, 30)), row("10", date(2024, 4, 2))]
    assert run(rows, gap_grace_days=10).months[-1].bridge.churn == 10
    assert run(rows, as_of=date(2024, 4, 2), gap_grace_days=10).months[2].bridge.churn == 0


def test_a_filled_gap_takes_the_place_of_the_free_rows_in_it():
    rows = [row("10", JAN, date(2024, 1, 30)), row("0", date(2024, 1, 30), FEB), row("12", FEB)]
    january = run(rows, gap_grace_days=2).months[0]
    assert january.bridge.end == 10
    assert january.composition.product_counts["p"].lines == 1


def test_rows_without_any_rate_are_listed_with_count_and_native_sum():
    rows = [row("10", JAN), row("500", JAN, currency="NGN"), row("9", JAN, FEB, currency="NGN")]
    answer = run(rows)
    assert answer.months[-1].bridge.end == 10
    assert answer.unconverted == (Unconverted("NGN", 2, 1, Decimal("500.0000")),)


def test_doubtful_rates_are_named():
    warnings = run([row("1", JAN, currency="USD")], rates=RATES).rate_warnings
    assert warnings == (
        RateWarning("USD", "before_table", JAN, date(2024, 1, 31)),
        RateWarning("USD", "stale", date(2024, 3, 31), date(2024, 2, 29)),
    )


def test_scheduled_changes_are_shown_apart():
    later = date(2024, 4, 1)
    rows = [row("10", JAN, later), row("7", JAN, trial_end_on=later), row("3", JAN, FEB), row("1", MAR, MAR)]
    changes = scheduled(rows, date(2024, 3, 31))
    assert [(change.kind, change.on, change.native_mrr) for change in changes] == [
        ("end", later, -10),
        ("start", later, 7),
    ]


def test_drill_downs_of_one_month():
    rows = [
        row("50", JAN, date(2024, 2, 20)),
        row("90", date(2024, 2, 20), date(2024, 2, 25)),
        row("60", MAR),
    ]
    book = Book(rows, RateTable([]), Settings(), date(2024, 3, 31))
    assert [(m.kind, m.amount) for m in movements(book, FEB, date(2024, 2, 29))] == [("churn", 50)]
    ledger = day_ledger(book, FEB, date(2024, 2, 29))
    assert [(m.on.day, m.kind, m.amount) for m in ledger] == [(20, "expansion", 40), (25, "churn", 90)]
    assert [timeline.organization for timeline in members(book, JAN)] == ["a"]
    assert [len(members(book, JAN, column)) for column in range(4)] == [1, 0, 1, 0]


def test_figures_that_do_not_add_up_are_never_shown():
    tally = Tally()
    tally.end = 1
    with pytest.raises(IdentityError, match="is not 1"):
        tally.bridge()
    heads = Tally()
    heads.paying_end = 1
    with pytest.raises(IdentityError, match="paying 0 to 1"):
        heads.bridge()


def test_an_empty_book_has_months_of_nothing():
    answer = run([])
    assert [month.bridge.end for month in answer.months] == [0, 0, 0]
    assert (answer.cohorts, answer.mrr_by_organization) == ((), {})


def test_an_empty_range_is_refused():
    with pytest.raises(ValueError, match="no months"):
        run([], first=date(2024, 4, 1))


def test_the_rules_know_neither_django_nor_the_clock():
    package = Path(revenue.__file__).parent
    for path in [package / "fx.py", *(package / "mrr").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
                assert not any(name.split(".")[0] in {"django", "time"} for name in names), path
            if isinstance(node, ast.Attribute):
                assert node.attr not in {"today", "now", "utcnow"}, path
