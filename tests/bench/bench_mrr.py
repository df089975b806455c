"""How long a large book takes: `python -m tests.bench.bench_mrr [organizations] [rows]`, in a database of its own.

Goal for 20 000 organizations, 60 000 rows, 48 months, three currencies: full rebuild 20 s, rebuild after an import of
100 rows 2 s, the Revenue page 300 ms and 15 queries. Printed per step: seconds on the clock and of the processor (this
process and its PostgreSQL backend), and queries.
"""

import io
import os
import random
import sys
import time
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import django

from config import embedded
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


def engine(organizations, count):
    """The pure rules alone."""
    for currencies, grace in [(["EUR"], 0), (["EUR", "USD", "GBP"], 0), (["EUR", "USD", "GBP"], 5)]:
        rates = daily_rates(currencies[1:])
        rows = random_rows(organizations, count, currencies)
        begun = time.process_time()
        book = Book(known(rows), rates, Settings(gap_grace_days=grace), AS_OF)
        built = time.process_time()
        as_json(report(book, FIRST))
        done = time.process_time()
        print(f"engine, {'+'.join(currencies)}, grace {grace}: {built - begun:.2f} + {done - built:.2f} s")


def fill(organizations, count, today):
    """The same book in the database, its last day today."""
    from orgs.models import Organization, OrganizationKey
    from revenue.models import ExchangeRate, Subscription

    shift, now = today - AS_OF, datetime.now(UTC)
    made = Organization.objects.bulk_create(
        (
            Organization(external_id=f"org-{n}", display_name=f"Company {n}", created_at=now, changed_at=now)
            for n in range(organizations)
        ),
        batch_size=5_000,
    )
    keys = OrganizationKey.objects.bulk_create(
        (OrganizationKey(external_id=each.external_id, organization=each, created_at=now) for each in made),
        batch_size=5_000,
    )
    Subscription.objects.bulk_create(
        (
            Subscription(
                key=keys[row.organization],
                subscription_id=f"sub-{row.line}",
                product_code=row.product_code,
                mrr=row.mrr,
                currency=row.currency,
                start_on=row.start_on + shift,
                end_on=row.end_on and row.end_on + shift,
                known_from=row.start_on + shift,
            )
            for row in random_rows(organizations, count, ["EUR", "USD", "GBP"])
        ),
        batch_size=5_000,
    )
    chance = random.Random(1)
    ExchangeRate.objects.bulk_create(
        ExchangeRate(
            date=today - timedelta(days=day), currency=currency, per_eur=Decimal(chance.randint(8_000, 12_000)) / 10_000
        )
        for day in range(1700)
        for currency in ("USD", "GBP")
    )


def some_rows(folder, number):
    """100 lines as a file: most change the price of a line, some are new."""
    path = Path(folder) / f"{number}.csv"
    lines = ["external_org_id,product_code,mrr,currency,start_at,subscription_id"]
    chance = random.Random(number)
    for index in range(100):
        who, start = chance.randrange(20_000), AS_OF - timedelta(days=chance.randint(0, 1300))
        lines.append(f"org-{who},pro,{chance.randint(10, 9000)}.00,USD,{start},bench-{number}-{index}")
    path.write_text("\n".join(lines))
    return str(path)


@contextmanager
def step(name):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    backend = connection.cursor().execute("SELECT pg_backend_pid()").fetchone()[0]
    with CaptureQueriesContext(connection) as queries:
        wall, own, theirs = time.monotonic(), time.process_time(), processor_seconds(backend)
        yield
        wall, own = time.monotonic() - wall, time.process_time() - own
        theirs = processor_seconds(backend) - theirs
    print(f"{name:<42} {wall:6.2f} s, processor {own:6.2f} + {theirs:5.2f} s, {len(queries):4} queries", flush=True)


def processor_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def stored(organizations, count):
    """Rebuilds and pages over the database."""
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.test import Client
    from django.utils import timezone

    from config import db
    from config.backoffice import settings
    from revenue import facts

    now = timezone.now()
    today = settings.today(now)
    fill(organizations, count, today)
    db.run("ANALYZE")
    with step("full rebuild"):
        facts.refresh(today, now)
    db.run("ANALYZE")
    with step("nothing to do"):
        facts.refresh(today, now)
    with TemporaryDirectory() as folder:
        for number in (1, 2):
            with step("import of 100 rows"):
                call_command("import_subscriptions", some_rows(folder, number), verbosity=0, stdout=io.StringIO())
            with step("rebuild after it"):
                facts.refresh(today, now)
    settings.change({"gap_grace_days": 5}, actor=None, now=now)
    with step("full rebuild after a change of settings"):
        facts.refresh(today, now)
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("bench", password="bench"))
    for address in ADDRESSES:
        client.get(address)
        with step(address):
            assert client.get(address).status_code == 200


ADDRESSES = (
    "/admin/revenue/",
    "/admin/revenue/?months=36",
    "/admin/revenue/month/?part=end",
    "/admin/revenue/month/?part=expansion",
)


def main():
    organizations, count = [int(text) for text in sys.argv[1:3]] or (20_000, 60_000)
    engine(organizations, count)
    embedded.provide()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.db import connection
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    setup_test_environment()
    connection.settings_dict["TEST"]["NAME"] = "bench_mrr"
    made = setup_databases(verbosity=0, interactive=False)
    try:
        stored(organizations, count)
    finally:
        teardown_databases(made, verbosity=0)


if __name__ == "__main__":
    main()
