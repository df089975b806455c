"""100 000 subscription rows: preview and confirm, beside django-import-export with its defaults and COPY + one upsert.

Each runs in a process of its own, forked from this one, and tells wall time, CPU time (its own and that of its
PostgreSQL backend) and memory: by how much its own grew, and its peak. The library with its defaults looks up every
row; it gets fewer rows, and the figure to compare is the CPU time a row.
"""

import os
import pickle
import random
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from django.db import connection
from import_export import fields, resources, widgets
from tablib import Dataset

from config import db
from orgs.importing import batches, options, undo
from orgs.keys import ensure_keys
from orgs.models import ImportBatch, Organization, OrganizationKey, OrganizationSnapshot
from revenue.models import Subscription
from signals.reconciliation import reconcile

ROWS, ORGANIZATIONS, STOCK_ROWS, IDS = 100_000, 20_000, 3_000, 10_000
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
HEADER = ["external_org_id", "product_code", "mrr", "currency", "start_at", "end_at", "subscription_id"]

UPSERT = """
INSERT INTO revenue_subscription (
    key_id, subscription_id, product_code, name, mrr, currency, start_on, end_on, interval, interval_count, known_from
)
SELECT key.id, given.subscription_id, given.product_code, '', given.mrr, given.currency, given.start_on, given.end_on,
       '', 1, %(today)s
FROM bench_rows AS given JOIN orgs_organizationkey AS key ON key.external_id = given.external_org_id
ON CONFLICT (subscription_id) WHERE subscription_id <> '' AND known_to IS NULL
DO UPDATE SET mrr = excluded.mrr, currency = excluded.currency, start_on = excluded.start_on, end_on = excluded.end_on
"""


class Stock(resources.ModelResource):
    """The same columns as people write such a resource from the manual."""

    external_org_id = fields.Field(
        "key", "external_org_id", widget=widgets.ForeignKeyWidget(OrganizationKey, field="external_id")
    )
    start_at = fields.Field("start_on", "start_at", widget=widgets.DateWidget())
    end_at = fields.Field("end_on", "end_at", widget=widgets.DateWidget())

    class Meta:
        model = Subscription
        import_id_fields = ("subscription_id",)
        fields = ("external_org_id", "product_code", "mrr", "currency", "start_at", "end_at", "subscription_id")

    def before_save_instance(self, instance: Subscription, row: dict, **kwargs: object) -> None:
        instance.known_from = NOW.date()


def table(rows: int) -> list[list[str]]:
    chance = random.Random(3)
    first = date(2020, 1, 1)
    found = []
    for number in range(rows):
        start = first + timedelta(days=chance.randrange(2000))
        end = start + timedelta(days=chance.randrange(30, 900)) if chance.random() < 0.6 else None
        money = f"{chance.randrange(10, 5000)}.{chance.randrange(100):02}"
        owner = f"org-{number % ORGANIZATIONS}"
        found.append([owner, f"p{number % 7}", money, "EUR", str(start), str(end or ""), f"sub-{number}"])
    return found


def as_csv(rows: list[list[str]]) -> bytes:
    return "\n".join(",".join(row) for row in [HEADER, *rows]).encode()


@dataclass(frozen=True)
class Cost:
    """Seconds and megabytes of one act; `answer` is what it returned."""

    answer: object
    wall: float
    own_cpu: float
    database_cpu: float
    grown: float
    peak: float

    @property
    def cpu(self) -> float:
        return self.own_cpu + self.database_cpu


def apart(title: str, rows: int, act: Callable[[], object]) -> Cost:
    """Run in a fork; print what it cost."""
    connection.close()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writer, pickle.dumps(measured(act)))
        connection.close()
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as told:
        content = told.read()
    os.waitpid(pid, 0)
    if not content:
        raise SystemExit(f"{title} failed.")
    cost = pickle.loads(content)
    print(
        f"{title:42} {rows:>7} rows {cost.wall:>6.1f} s wall {cost.cpu:>6.1f} s CPU "
        f"({cost.own_cpu:.1f} + {cost.database_cpu:.1f} PostgreSQL) {cost.cpu / rows * 1e6:>7.1f} µs a row "
        f"{cost.grown:>5.0f} MB more, peak {cost.peak:.0f} MB"
    )
    sys.stdout.flush()
    return cost


def measured(act: Callable[[], object]) -> Cost:
    ((backend,),) = db.rows("SELECT pg_backend_pid()")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    database, cpu, wall = seconds_of(backend), time.process_time(), time.perf_counter()
    answer = act()
    cpu, wall, database = time.process_time() - cpu, time.perf_counter() - wall, seconds_of(backend) - database
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Cost(answer, wall, cpu, database, (peak - before) / 1024, peak / 1024)


def seconds_of(pid: int) -> float:
    """User and system time of a process of this machine; 0 where PostgreSQL runs on another one."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def received(content: bytes) -> ImportBatch:
    return batches.receive(
        "subscriptions", file_name="b.csv", content=content, options=options.choose(NOW), user=None, now=NOW
    )


def previewed(batch_id: int) -> str:
    batch = ImportBatch.objects.get(pk=batch_id)
    batches.preview(batch)
    return batch.fingerprint


def confirmed(batch_id: int, fingerprint: str) -> str:
    return batches.confirm(batch_id, user=None, fingerprint=fingerprint, now=NOW).message


def stock(rows: list[list[str]], dry_run: bool) -> int:
    result = Stock().import_data(Dataset(*rows, headers=HEADER), dry_run=dry_run, raise_errors=True)
    return result.total_rows


def copied(rows: list[list[str]]) -> None:
    db.run(
        "CREATE TEMP TABLE bench_rows (external_org_id text, product_code text, mrr numeric, currency text,"
        " start_on date, end_on date, subscription_id text)"
    )
    db.copy_into(
        "bench_rows", [*HEADER[:4], "start_on", "end_on", HEADER[6]], ([*r[:5], r[5] or None, r[6]] for r in rows)
    )
    db.run(UPSERT, {"today": NOW.date()})


def fill_ids() -> None:
    """10 000 ids that came with a file beside as many that came with events, under another spelling."""
    for is_known in (True, False):
        names = [f"tenant-{n:05}" if is_known else f"TENANT_{n:05}" for n in range(IDS)]
        ensure_keys(names, NOW)
        made = Organization.objects.filter(external_id__in=names)
        if is_known:
            made.update(imported_at=NOW)
        seen_at = None if is_known else NOW
        OrganizationSnapshot.objects.bulk_create(
            [OrganizationSnapshot(organization=each, last_seen_at=seen_at, computed_at=NOW) for each in made],
            batch_size=5000,
        )


def main() -> None:
    ensure_keys([f"org-{number}" for number in range(ORGANIZATIONS)], NOW)
    rows = table(ROWS)
    changed = [[*row[:2], f"{row[2]}5", *row[3:]] if number % 2 else row for number, row in enumerate(rows)]
    ours: dict[str, list[Cost]] = {"preview": [], "confirm": []}
    for title, content in (("new", as_csv(rows)), ("half of them changed", as_csv(changed))):
        batch = received(content)
        shown = apart(f"preview, {title}", ROWS, lambda batch=batch: previewed(batch.pk))
        ours["preview"].append(shown)
        mark = shown.answer
        ours["confirm"].append(
            apart(f"confirm, {title}", ROWS, lambda batch=batch, mark=mark: confirmed(batch.pk, mark))
        )
    apart("undo of the last one", ROWS, lambda: undo.undo(batch.pk, user=None, now=NOW).overwritten)
    clear()
    copy = apart("COPY + one upsert", ROWS, lambda: copied(rows))
    clear()
    some = rows[:STOCK_ROWS]
    stock_costs = {
        "preview": apart("django-import-export as it comes, dry run", STOCK_ROWS, lambda: stock(some, True)),
        "confirm": apart("django-import-export as it comes, confirm", STOCK_ROWS, lambda: stock(some, False)),
    }
    for step, costs in ours.items():
        times = [stock_costs[step].cpu / STOCK_ROWS / (cost.cpu / ROWS) for cost in costs]
        beside = [cost.cpu / copy.cpu for cost in costs]
        print(
            f"{step}: {min(times):.0f} to {max(times):.0f} times less CPU than django-import-export as it comes, "
            f"{min(beside):.1f} to {max(beside):.1f} times that of COPY + one upsert"
        )
    fill_ids()
    apart("ID reconciliation, 10 000 + 10 000 ids", 2 * IDS, lambda: len(reconcile().certain))


def clear() -> None:
    Subscription.objects.all()._raw_delete(Subscription.objects.db)
    db.run("VACUUM revenue_subscription")
