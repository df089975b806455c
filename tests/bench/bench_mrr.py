"""How long a large book takes: `python -m tests.bench.bench_mrr [organizations] [rows]`, CPU seconds.

Goal: 20 000 organizations, 60 000 rows, 48 months, every figure of the report in at most 10 s.
"""

import random
import sys
import time
from datetime import date, timedelta
from decimal import Decimal

from revenue.fx import Rate, RateTable
from revenue.mrr.as_json import as_json
from revenue.mrr.book import Book, Row, Settings, known
from revenue.mrr.report import report

FIRST, AS_OF = date(2020, 1, 1), date(2023, 12, 31)


def daily_rates(currencies):
    """A rate for every weekday from half a year before the first month on."""
    chance, found = random.Random(1), []
    values = dict.fromkeys(currencies, 1.0)
    day = FIRST - timedelta(days=200)
    while day <= AS_OF:
        for currency in values if day.weekday() < 5 else ():
            values[currency] *= 1 + chance.gauss(0, 0.004)
            found.append(Rate(day, currency, Decimal(f"{values[currency]:.4f}")))
        day += timedelta(days=1)
    return RateTable(found)


def random_rows(organizations, count, currencies):
    """Lines that follow each other, with gaps, overlaps and one discount in twenty."""
    chance, next_start, rows = random.Random(7), {}, []
    for line in range(count):
        who = line % organizations
        start = next_start.get(who) or AS_OF - timedelta(days=chance.randint(0, 48 * 30))
        end = start + timedelta(days=chance.randint(30, 500)) if line + organizations < count else None
        next_start[who] = (end or start) + timedelta(days=chance.choice([0, 0, 0, 2, 40, -20]))
        mrr = Decimal(chance.randint(1000, 900_000)).scaleb(-2)
        currency = currencies[who % len(currencies)] if chance.random() < 0.95 else chance.choice(currencies)
        product = chance.choice(["pro", "team", "add-on", "seats"])
        mrr = -mrr / 4 if chance.random() < 0.05 else mrr
        rows.append(Row(who, line, product, currency, start, end, mrr=mrr))
    return rows


def main():
    organizations, count = [int(text) for text in sys.argv[1:3]] or (20_000, 60_000)
    for currencies, grace in [
        (["EUR"], 0),
        (["EUR"], 5),
        (["EUR", "USD", "GBP"], 0),
        (["EUR", "USD", "GBP"], 5),
    ]:
        rates = daily_rates(currencies[1:])
        rows = random_rows(organizations, count, currencies)
        begun = time.process_time()
        book = Book(known(rows), rates, Settings(gap_grace_days=grace), AS_OF)
        built = time.process_time()
        as_json(report(book, FIRST))
        done = time.process_time()
        print(f"{'+'.join(currencies)}, grace {grace}: {built - begun:.2f} + {done - built:.2f} s")


if __name__ == "__main__":
    main()
