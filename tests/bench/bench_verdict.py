"""How long the verdict takes: `python -m tests.bench.bench_verdict [organizations] [pages]`, in a database of its own.

Each organization has 45 days with usage in half a year, 5 users and a subscription. Printed per step: seconds, CPU of
this process and of PostgreSQL, queries, and the most memory the process has had so far. `pages`: only what pages need.
"""

import os
import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django

from config import embedded

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
FILL = """
INSERT INTO orgs_organization (external_id, display_name, segment, properties, created_at, changed_at)
SELECT 'org-' || n, '', '', '{}', %(now)s, %(now)s FROM generate_series(1, %(count)s) AS n;
INSERT INTO orgs_organizationkey (external_id, organization_id, created_at)
SELECT external_id, id, created_at FROM orgs_organization;
INSERT INTO revenue_subscription (
    key_id, subscription_id, product_code, name, mrr, currency, start_on, end_on, interval, interval_count, known_from
) SELECT id, '', 'pro', '', 50 + id %% 1000, 'EUR', '2024-01-15',
         CASE WHEN id %% 20 = 0 THEN %(now)s::date - 1 - (id %% 360)::int END, '', 1, '2024-01-15'
FROM orgs_organizationkey;
CREATE TEMP TABLE used AS
SELECT a.id AS application_id, k.id AS key_id, %(now)s::date - d AS day, 1 + (k.id * 7 + d * 13) %% 40 AS events
FROM tracker_application AS a, orgs_organizationkey AS k, generate_series(1, 180) AS d
WHERE (k.id * 31 + d * 17) %% 4 = 0 AND (k.id %% 10 > 0 OR d > 20);
INSERT INTO tracker_usageday (
    application_id, environment, key_id, day, events, users, sessions, first_at, last_at, rolled_up_at
) SELECT application_id, 'production', key_id, day, events, 5, 1, day, day, %(now)s FROM used;
INSERT INTO tracker_eventnameday (application_id, environment, key_id, day, name, events)
SELECT application_id, 'production', key_id, day, 'name ' || key_id %% 7, events FROM used;
INSERT INTO tracker_usermonth (application_id, environment, key_id, month, user_hash, days)
SELECT application_id, 'production', key_id, date_trunc('month', day), sha256(n::text::bytea),
       bit_or(1 << (extract(day FROM day)::int - 1))
FROM used, generate_series(1, 5) AS n GROUP BY 1, 2, 3, 4, 5;
"""


def step(name: str, work) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        began, process, backend = time.monotonic(), time.process_time(), backend_seconds()
        result = work()
        seconds = time.monotonic() - began
        process, backend = time.process_time() - process, backend_seconds() - backend
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    cpu = f"{process + backend:6.2f} s CPU ({process:.2f} here, {backend:.2f} PostgreSQL)"
    print(f"{name:<28} {seconds:7.2f} s {cpu} {len(queries):5} queries {memory:5} MB  {result}", flush=True)


def backend_seconds() -> float:
    """CPU time of the PostgreSQL process behind our connection; parallel workers count once they have ended."""
    from config import db

    [[pid]] = db.rows("SELECT pg_backend_pid()")
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")


def run(count: int, *, is_whole: bool) -> None:
    from config import db
    from signals import backtest, detection, evidence, publishing, rounds, scoring, snapshots, what_if
    from signals.models import HealthModel
    from tracker.models import Application

    today = NOW.date()
    began = time.monotonic()
    Application.objects.create(name="Shop", created_at=NOW)
    for statement in FILL.split(";\n"):
        if statement.strip():
            db.run(statement, {"now": NOW, "count": count})
    db.run("ANALYZE")
    print(f"{count} organizations filled in {time.monotonic() - began:.0f} s")
    step("evidence", lambda: len(evidence.evidence(today)))
    step("score", lambda: scoring.score(today, NOW))
    step("scan, first", lambda: detection.scan(today, NOW, NOW))
    step("snapshot", lambda: snapshots.refresh(NOW))
    if not is_whole:
        return
    for hour in (1, 2):
        later = NOW + timedelta(hours=hour)
        step(f"scan, {hour} h later", lambda later=later: detection.scan(today, later, later))
    some = range(1, 101)
    step("score 100 of them", lambda: scoring.score(today, NOW, some))
    step("snapshot of 100", lambda: snapshots.refresh(NOW, some))
    step("round of everybody", lambda: rounds.score_round(NOW + timedelta(hours=3)))
    numbers = backtest.Numbers(publishing.in_force(), publishing.rule_book())
    model = HealthModel.objects.get()
    step("what-if", lambda: len(what_if.what_if(model, today, lambda done, total: None)))
    step("backtest of a year", lambda: backtest.backtest(today, numbers, lambda done, total: None).recall)
    step("touched: nobody", lambda: snapshots.refresh_touched(NOW + timedelta(hours=4)))


def pages() -> None:
    """Server time of the pages people open all day, each sort and each filter; each was opened once before."""
    from django.contrib.auth import get_user_model
    from django.test import Client, override_settings

    from orgs.models import OrganizationSnapshot

    ada = get_user_model().objects.create_superuser("ada", "ada@example.com", "pw")
    client, listed = Client(), "/admin/orgs/organization/"
    client.force_login(ada)
    with_signals = OrganizationSnapshot.objects.filter(open_signal_count__gt=0).first()
    filters = ("band=at_risk", "band=healthy", "owner=none", "quadrant=champions", "last_seen=7", "last_seen=over30")
    others = (
        "last_seen=never",
        "presence=imported_never_seen",
        "presence=seen_never_imported",
        "paying=yes",
        "q=org-77",
    )
    addresses = ["/admin/", "/admin/signals/", "/admin/signals/?type=usage_drop", "/admin/signals/?band=watch", listed]
    addresses += [f"{listed}?o={sign}{column}" for column in range(1, 9) for sign in ("", "-")]
    addresses += [f"{listed}?{chosen}" for chosen in (*filters, *others, "renewal=90", "show=all", "q=org-77")]
    addresses.append(f"{listed}{with_signals.pk}/change/" if with_signals else listed)
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        for address in addresses:
            client.get(address)
            step(address, lambda address=address: client.get(address).status_code)


def main() -> None:
    embedded.provide()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    connection.settings_dict["TEST"]["NAME"] = "bench_verdict"
    made = setup_databases(verbosity=0, interactive=False)
    try:
        run(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000, is_whole="pages" not in sys.argv)
        pages()
    finally:
        teardown_databases(made, verbosity=0)


if __name__ == "__main__":
    main()
