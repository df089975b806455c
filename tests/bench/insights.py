"""The eight questions and harder ones over ten million events of 10 000 organizations in 90 days.

`full` fills ten million events, otherwise one million. Every question is asked twice; the second time what the first
left in memory helps, as on a machine that is in use.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from config import db
from config.backoffice import settings
from tests.factories import application
from tracker import features, partitions, paths, rollups
from tracker.insights import reading, running, trends
from tracker.insights.description import Description
from tracker.insights.eight_questions import QUESTIONS
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


def main(*, full: bool) -> None:
    now = timezone.now()
    fill(now, MANY if full else FEW)
    today = settings.today(now)
    for question in QUESTIONS:
        measure(question.title, question.description, now, 2)
    for title, document in HARDER.items():
        measure(title, reading.read({**document, "range": LATE}, today), now, 2)
    for title, document in OTHER.items():
        measure(title, reading.read({**document, "range": LATE}, today), now, 15)
    wall = time.perf_counter()
    paths.pages(paths.Scope(today - timedelta(days=89), today + timedelta(days=1)))
    print(f"{'page totals from the daily rows':44} {time.perf_counter() - wall:6.2f} s")


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


def measure(title: str, description: Description, now: datetime, goal: int) -> None:
    for _ in range(2):
        wall = time.perf_counter()
        try:
            # Nothing is kept, so that the second time is computed too; the daily rows are used as for everybody.
            trends.computed(description, now)
            said = ""
        except running.TooSlow:
            said = " stopped"
        wall = time.perf_counter() - wall
    print(f"{title:44} {wall:6.2f} s of {goal} s{said}")
