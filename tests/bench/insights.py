"""The eight questions and harder ones over ten million events of 10 000 organizations in 90 days.

`full` fills ten million events, otherwise one million. Every question is asked twice; the second time what the first
left in memory helps, as on a machine that is in use.
"""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from config import db
from config.backoffice import settings as install
from tests.bench.ingest_server import database_cpu
from tests.factories import application
from tracker import adoption, features, partitions, paths, rollups, sessions
from tracker.insights import funnels, lifecycle, reading, retention, running, trends
from tracker.insights.description import Description, Interval, Kind, Math, Range, Series
from tracker.insights.eight_questions import QUESTIONS
from tracker.insights.spans import Span
from tracker.models import Feature

MANY, FEW, STEP = 10_000_000, 1_000_000, 500_000
LATE = {"from": "-89d"}

# One row: an organization with its key; every second one names its plan.
FILL_ORGANIZATIONS = """
WITH made AS (
    INSERT INTO orgs_organization (external_id, display_name, segment, properties, created_at, changed_at)
    SELECT 'org-' || n, '', '',
           CASE WHEN n % 2 = 0 THEN jsonb_build_object('plan', (ARRAY['free', 'pro', 'team'])[1 + n % 3])
                ELSE '{}' END, now(), now()
    FROM generate_series(1, 10000) AS n RETURNING id, external_id
)
INSERT INTO orgs_organizationkey (external_id, organization_id, created_at) SELECT external_id, id, now() FROM made
"""

# One row: an event. A few organizations and users send most of them; names are of every frequency.
FILL_EVENTS = """
INSERT INTO tracker_event (application_id, key_id, name, user_hash, path, session_id, environment, plan, occurred_at,
                           received_at, properties)
SELECT %(application_id)s, key_id, name, sha256((key_id || '-' || person)::text::bytea),
       '/' || (ARRAY['projects', 'tasks', 'reports', 'settings', 'home', 'team', 'billing', 'search'])[1 + n %% 8],
       md5(key_id || '-' || person || '-' || at::date)::uuid, 'production',
       CASE WHEN key_id %% 3 > 0 THEN (ARRAY['free', 'pro', 'team'])[1 + key_id %% 3] END, at, at,
       CASE name
           WHEN 'purchase' THEN jsonb_build_object('purchase_value', round((random() * 500)::numeric, 2),
                                                   'plan', (ARRAY['free', 'pro', 'team'])[1 + key_id %% 3])
           WHEN 'project_created' THEN jsonb_build_object('new_total', (random() * 60)::int)
           WHEN 'account_created' THEN jsonb_build_object('is_first_user', person = 1, 'plan', 'free')
           ELSE jsonb_build_object('feature', 'f' || (random() * 27)::int, 'duration_ms', (random() * 5000)::int)
       END
FROM (
    SELECT n, %(first_key)s + least(9999, floor(10000 * random() ^ 2))::int AS key_id,
           1 + floor(40 * random() ^ 2)::int AS person,
           %(now)s::timestamptz - interval '90 days' + interval '90 days' * n / %(many)s AS at,
           CASE WHEN r < 0.3 THEN 'page_view' WHEN r < 0.5 THEN 'task_opened' WHEN r < 0.65 THEN 'task_edited'
                WHEN r < 0.75 THEN 'report_opened' WHEN r < 0.84 THEN 'search' WHEN r < 0.9 THEN 'export'
                WHEN r < 0.95 THEN 'comment' WHEN r < 0.98 THEN 'project_created' WHEN r < 0.99 THEN 'invite'
                WHEN r < 0.995 THEN 'purchase' ELSE 'account_created' END AS name
    FROM (SELECT n, random() AS r FROM generate_series(%(low)s::bigint, %(high)s::bigint - 1) AS n) AS drawn
) AS happened
"""

FEATURES = ("report_opened", "search", "export", "comment", "invite")

SERIES = [
    {"event": "project_created", "math": "total"},
    {"event": "purchase", "math": "sum", "property": "purchase_value"},
    {"event": "export", "math": "unique_users"},
]
HARDER: dict[str, dict[str, Any]] = {
    "3 series by a property": {"series": SERIES, "breakdown": {"property": "feature"}, "interval": "day"},
    "3 series by current plan": {
        "series": SERIES,
        "breakdown": {"property": "plan", "of": "organization"},
        "interval": "week",
    },
    "p95 of a million values": {
        "series": [{"event": "report_opened", "math": "p95", "property": "duration_ms"}],
        "interval": "week",
    },
}
OTHER: dict[str, dict[str, Any]] = {
    "organizations by day": {"series": [{"event": None, "math": "unique_organizations"}], "interval": "day"},
    "users by day": {"series": [{"event": None, "math": "unique_users"}], "interval": "day"},
    "sessions by week": {"series": [{"event": None, "math": "unique_sessions"}], "interval": "week"},
    "users of any event by a property": {
        "series": [{"event": None, "math": "unique_users"}],
        "breakdown": {"property": "feature"},
        "interval": "week",
    },
    "average by page by hour": {
        "series": [{"event": "page_view", "math": "avg", "property": "duration_ms"}],
        "breakdown": {"property": "path", "of": "field"},
        "interval": "hour",
    },
}


WEEKLY, DAILY = Span(Range("-89d"), interval=Interval.WEEK), Span(Range("-89d"), interval=Interval.DAY)


def main(*, full: bool) -> None:
    now = timezone.now()
    fill(now, MANY if full else FEW)
    today = install.today(now)
    print(f"{'seconds of the second time: wall':44}    CPU of PostgreSQL")
    for question in QUESTIONS:
        ask(question.title, question.description, now, 2)
    for goal, documents in ((2, HARDER), (15, OTHER)):
        for title, document in documents.items():
            ask(title, reading.read({**document, "range": LATE}, today), now, goal)
    for title, shape in shapes(now, today).items():
        measure(title, shape, 15)
    for days in (30, 90):
        scope = paths.Scope(today - timedelta(days=days - 1), today + timedelta(days=1))
        measure(f"page totals of {days} days", lambda scope=scope: paths.pages(scope), 0.2)
        measure(f"page totals of {days} days, kept", lambda scope=scope: paths.pages(scope), 0.2, kept=True)
        measure(f"sessions of {days} days, by day", lambda scope=scope: sessions.by_day(scope), 15)


def shapes(now: datetime, today: date) -> dict[str, Callable[[], Any]]:
    steps = tuple(Series(Kind.EVENT, name, Math.TOTAL) for name in ("account_created", "project_created", "purchase"))
    return {
        "funnel of three events by organization": lambda: funnels.answer(steps, DAILY, now),
        "retention of any event by week": lambda: retention.answer(WEEKLY, now),
        "lifecycle by week": lambda: lifecycle.answer(WEEKLY, now),
        "lifecycle by day": lambda: lifecycle.answer(DAILY, now),
        "adoption of five features": lambda: adoption.adoption(today),
    }


def fill(now: datetime, many: int) -> None:
    """Straight into the tables, then the real roll-up."""
    [[stored]] = db.rows("SELECT count(*) FROM tracker_event")
    if stored == many:
        return
    wall = time.perf_counter()
    partitions.ensure(now)
    db.run(FILL_ORGANIZATIONS)
    [[first_key]] = db.rows("SELECT min(id) FROM orgs_organizationkey")
    given = {"application_id": application("Bench").id, "first_key": first_key, "now": now, "many": many}
    for low in range(0, many, STEP):
        db.run(FILL_EVENTS, {**given, "low": low, "high": low + STEP})
    print(f"{many:,} events stored in {time.perf_counter() - wall:.0f} s")
    rollups.roll_up(datetime.now(UTC), chunk=STEP)
    for event in FEATURES:
        feature = Feature(name=f"Feature {event}")
        features.save(feature, [features.Rule(event=event)], actor=None, now=now)
        features.count_anew(feature, now, chunk=STEP)
    db.run("VACUUM ANALYZE")
    print(f"counted by {time.perf_counter() - wall:.0f} s")


def ask(title: str, description: Description, now: datetime, goal: float) -> None:
    measure(title, lambda: trends.computed(description, now), goal)


def measure(title: str, answer: Callable[[], Any], goal: float, *, kept: bool = False) -> None:
    """Twice; unless answers are kept, the second time is computed too."""
    answers = settings.CACHES["answers"] if kept else {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}
    with override_settings(CACHES={**settings.CACHES, "answers": answers}):
        for _ in range(2):
            wall, cpu, said = time.perf_counter(), database_cpu(), ""
            try:
                answer()
            except running.TooSlow:
                said = " stopped"
            wall, cpu = time.perf_counter() - wall, database_cpu() - cpu
    print(f"{title:44} {wall:6.2f} s of {goal} s, CPU {cpu:6.2f} s{said}", flush=True)
