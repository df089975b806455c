from datetime import date
from decimal import Decimal

from revenue.mrr.book import Row
from revenue.mrr.file_checks import self_overlaps


def row(start, end=None, product="p", mrr="10", organization="a", trial=None):
    days = [date.fromisoformat(text) if text else None for text in (start, end, trial)]
    return Row(organization, (start, product, mrr), product, "EUR", *days, mrr=Decimal(mrr))


def test_a_product_that_overlaps_itself_is_found_once_per_later_row():
    long, inside, after = row("2024-01-01", "2024-06-01"), row("2024-02-01", "2024-03-01"), row("2024-05-31")
    assert self_overlaps([after, inside, long]) == [(long, inside), (long, after)]


def test_discounts_other_products_and_touching_rows_do_not_overlap():
    rows = [
        row("2024-01-01", "2024-06-01"),
        row("2024-01-01", mrr="-5"),
        row("2024-01-01", product="q"),
        row("2024-06-01", "2024-07-01"),
        row("2024-06-15", trial="2024-07-01"),
    ]
    assert self_overlaps(rows) == []
