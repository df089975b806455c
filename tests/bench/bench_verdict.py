"""How long the verdict takes: `python -m tests.bench.bench_verdict [organizations] [kept] [evidence] [pages [part]]`.

On a database of its own. Without a number 5 000 organizations are judged and then 20 000, with ten million raw events:
cost an organization should be the same. Printed per step: seconds, CPU of this process and of PostgreSQL, queries, and
the most memory the process has had so far; then a table of all pages. `evidence` and `pages` are those alone, the
latter of addresses with a `part`. With `kept` the database stays for the next run with `kept`, which need not fill it.
"""

import os
import resource
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import django

from config import embedded

embedded.provide()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402
from django.test.utils import CaptureQueriesContext, setup_databases, teardown_databases  # noqa: E402
from django.utils import timezone  # noqa: E402

from config import db  # noqa: E402
from signals import backtest, detection, evidence, rounds, scoring, snapshots  # noqa: E402
from signals.models import HealthModel, Signal  # noqa: E402
from signals.versions import publishing, what_if  # noqa: E402
from tests.bench import company, pages  # noqa: E402

PARTS = (5_000, 20_000)
TURNS = 3
OPTIONS = {"kept", "evidence", "pages"}


def step(name: str, work) -> float:
    """Do it, print what it took; its CPU in seconds."""
    with CaptureQueriesContext(connection) as queries:
        began, process, backend = time.monotonic(), time.process_time(), backend_seconds()
        result = work()
        seconds = time.monotonic() - began
        process, backend = time.process_time() - process, backend_seconds() - backend
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    cpu = f"{process + backend:6.2f} s CPU ({process:.2f} here, {backend:.2f} PostgreSQL)"
    print(f"{name:<28} {seconds:7.2f} s {cpu} {len(queries):5} queries {memory:5} MB  {result}", flush=True)
    return process + backend


def backend_seconds() -> float:
    """CPU time of the PostgreSQL process behind our connection; parallel workers count once they have ended."""
    [[pid]] = db.rows("SELECT pg_backend_pid()")
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")


def run(count: int, asked: set[str], *, is_largest: bool) -> None:
    """Fill a company, unless it stands, and judge it; the largest with all of its raw events and pages."""
    now = company.stands() or company.fill(count, timezone.now())
    if is_largest and "pages" not in asked and not company.has_events():
        company.fill_events(now)
    if "pages" not in asked:
        compare_evidence(now)
    if "evidence" not in asked and not ("pages" in asked and Signal.objects.exists()):
        judge(count, now)
    if not asked & {"evidence", "pages"} and is_largest:
        look_around(now)
    if is_largest and "evidence" not in asked:
        company.fill_work(now)
        pages.main("".join(asked - OPTIONS))


def compare_evidence(now: datetime) -> None:
    """Evidence with raw events and without, in turn and once before, so that both find the same caches."""
    taken: dict[str, list[float]] = {"evidence": [], "evidence, no raw event": []}
    for turn in range(1 + TURNS):
        for name, found in taken.items():
            with transaction.atomic():
                if found is not taken["evidence"]:
                    db.run("TRUNCATE tracker_event")
                found.append(step(name if turn else f"{name}, cold", lambda: len(evidence.evidence(now.date()))))
                transaction.set_rollback(True)
    beside, without = (min(found[1:]) for found in taken.values())
    print(f"{'with raw events : without':<28} {beside / without:.2f}")


def judge(count: int, now: datetime) -> None:
    """The first round of everybody; CPU an organization tells whether the cost is linear."""
    today = now.date()
    verdict = step("score", lambda: scoring.score(today, now))
    verdict += step("scan, first", lambda: detection.scan(today, now, now))
    verdict += step("snapshot", lambda: snapshots.refresh(now))
    print(f"{'score + scan + snapshot':<28} {verdict:.1f} s CPU, {verdict / count * 1e6:.0f} us an organization")


def look_around(now: datetime) -> None:
    """What happens on other days: later scans, some organizations, a whole round, what-if and backtest."""
    today = now.date()
    for hour in (1, 2):
        later = now + timedelta(hours=hour)
        step(f"scan, {hour} h later", lambda later=later: detection.scan(today, later, later))
    some = range(1, 101)
    step("score 100 of them", lambda: scoring.score(today, now, some))
    step("snapshot of 100", lambda: snapshots.refresh(now, some))
    step("round of everybody", lambda: rounds.score_round(now + timedelta(hours=3)))
    numbers = backtest.Numbers(publishing.in_force(), publishing.rule_book())
    model = HealthModel.objects.get()
    step("what-if", lambda: len(what_if.what_if(model, today, lambda done, total: None)))
    told: list[int] = []
    step("backtest of a year", lambda: backtest.backtest(today, numbers, lambda done, total: told.append(done)).recall)
    print(f"{'':<28} its progress was told {len(told)} times")
    step("touched: nobody", lambda: snapshots.refresh_touched(now + timedelta(hours=4)))


def main() -> None:
    asked = set(sys.argv[1:])
    numbers = [int(each) for each in asked if each.isdigit()]
    asked -= set(map(str, numbers))
    is_kept = "kept" in asked
    for count in numbers or (PARTS[-1:] if is_kept else PARTS):
        connection.settings_dict["TEST"]["NAME"] = f"bench_verdict_{count}" if is_kept else "bench_verdict"
        made = setup_databases(verbosity=0, interactive=False, keepdb=is_kept, serialized_aliases=set())
        try:
            run(count, asked, is_largest=count == max(numbers or PARTS))
        finally:
            teardown_databases(made, verbosity=0, keepdb=is_kept)


if __name__ == "__main__":
    main()
