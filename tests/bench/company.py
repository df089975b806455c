"""A company of the size that the figures of the verdict are promised for, filled in SQL.

Twenty thousand organizations with half a year of daily rows; the raw events are those that the daily rows count.
"""

import time
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Max

from config import db
from config.backoffice.models import AuditEntry
from orgs.cohorts import editing
from orgs.models import ImportBatch, Organization, OrganizationKey
from revenue import facts
from revenue.models import ExchangeRate
from signals import churn, scoring
from signals.models import FollowUp
from tests.factories import application
from tracker import partitions
from tracker.models import Event, RollupCursor

DAYS = 180
STAFF = ("ada", "bo", "cy", "dee", "eve", "fay")

# One row: an organization with its key. Every tenth is in another segment, one in seven has no owner.
FILL_ORGANIZATIONS = """
INSERT INTO orgs_organization (
    external_id, display_name, segment, owner_id, properties, created_at, changed_at, imported_at
) SELECT 'org-' || n, 'Company ' || n || ' of the north', CASE WHEN n %% 10 = 0 THEN 'enterprise' ELSE '' END,
         (%(staff)s::bigint[])[n %% 7], '{}', %(now)s, %(now)s, CASE WHEN n %% 40 > 0 THEN %(now)s::timestamptz END
FROM generate_series(1, %(count)s) AS n;
INSERT INTO orgs_organizationkey (external_id, organization_id, created_at)
SELECT external_id, id, created_at FROM orgs_organization ORDER BY id
"""

# One row: the line of an organization; one in twenty ended within the last year, one in ten renews within 90 days.
FILL_SUBSCRIPTIONS = """
INSERT INTO revenue_subscription (
    key_id, subscription_id, product_code, name, mrr, currency, start_on, end_on, interval, interval_count, known_from
) SELECT id, 'sub-' || id, (ARRAY['pro', 'team', 'seats'])[1 + id %% 3], '', 50 + id %% 1000, 'EUR',
         %(now)s::date - 760, CASE WHEN id %% 20 = 0 THEN %(now)s::date - 1 - (id %% 360)::int
                                   WHEN id %% 20 = 10 THEN %(now)s::date + 1 + (id %% 90)::int END,
         '', 1, %(now)s::date - 760
FROM orgs_organizationkey WHERE id %% 40 > 0
"""

# One row: an organization's day with usage, two days of each week: one in ten has been silent for 20 days, one in
# twenty sends a quarter since a month ago, one in twenty the double.
FILL_USED = """
CREATE TEMP TABLE IF NOT EXISTS used AS
SELECT a.id AS application_id, k.id AS key_id, %(now)s::date - d AS day,
       greatest(1, CASE WHEN d > 30 THEN usual WHEN k.id %% 20 = 1 THEN usual / 4 WHEN k.id %% 20 = 3 THEN usual * 2
                        ELSE usual END) AS events
FROM tracker_application AS a, orgs_organizationkey AS k, generate_series(1, %(days)s) AS d,
     LATERAL (SELECT 1 + (k.id * 7) %% 18 + d %% 3 AS usual) AS often
WHERE (k.id + d) %% 7 IN (0, 2) AND (k.id %% 10 > 0 OR d > 20)
"""
# One row: what the roll-up makes of those days. Event n of a day is that of user n %% 5, its name one of three.
FILL_DAILY = """
INSERT INTO tracker_usageday (
    application_id, environment, key_id, day, events, users, sessions, first_at, last_at, rolled_up_at
) SELECT application_id, 'production', key_id, day, events, least(events, 5), 1, day + interval '8 hours',
         day + interval '8 hours' + events * interval '7 minutes', %(now)s
FROM used;
INSERT INTO tracker_eventnameday (application_id, environment, key_id, day, name, events)
SELECT application_id, 'production', key_id, day, 'name ' || (key_id + part) %% 28, count(*)
FROM used, LATERAL (SELECT n %% 3 AS part FROM generate_series(1, events) AS n) AS sent GROUP BY 1, 2, 3, 4, 5;
INSERT INTO tracker_pathday (application_id, environment, key_id, day, path, events)
SELECT application_id, 'production', key_id, day, '/page/name-' || key_id %% 40, events FROM used;
INSERT INTO tracker_pathmonth (application_id, environment, month, path, page, days)
SELECT application_id, 'production', date_trunc('month', day), '/page/name-' || key_id %% 40,
       '/page/name-' || key_id %% 40, bit_or(1 << (extract(day FROM day)::int - 1))
FROM used GROUP BY 1, 2, 3, 4;
INSERT INTO tracker_pageday (application_id, environment, day, page, block, events, keys)
SELECT application_id, 'production', day, '/page/name-' || key_id %% 40, key_id / 512, sum(events),
       bit_or(set_bit(0::bit(512), (key_id %% 512)::int, 1))
FROM used GROUP BY 1, 2, 3, 4, 5;
INSERT INTO tracker_sessionday (application_id, environment, key_id, day, session_id)
SELECT application_id, 'production', key_id, day, md5(key_id || '/' || day)::uuid FROM used;
INSERT INTO tracker_usermonth (application_id, environment, key_id, month, user_hash, days)
SELECT application_id, 'production', key_id, date_trunc('month', day), sha256((key_id || '-' || n %% 5)::text::bytea),
       bit_or(1 << (extract(day FROM day)::int - 1))
FROM used, generate_series(1, least(events, 5)) AS n GROUP BY 1, 2, 3, 4, 5
"""

# One row: an event of such a day, so that a roll-up of all of them would make the same daily rows.
FILL_EVENTS = """
INSERT INTO tracker_event (
    application_id, key_id, name, user_hash, path, session_id, environment, occurred_at, received_at, properties
) SELECT application_id, key_id, 'name ' || (key_id + n %% 3) %% 28, users[1 + n %% 5], '/page/name-' || key_id %% 40,
         session_id, 'production', at, at, '{"feature": "export", "duration_ms": 1200}'
FROM used,
     LATERAL (SELECT md5(key_id || '/' || day)::uuid AS session_id,
                     ARRAY(SELECT sha256((key_id || '-' || u)::text::bytea) FROM generate_series(0, 4) AS u) AS users
              OFFSET 0) AS once,
     LATERAL (SELECT n, day + interval '8 hours' + n * interval '7 minutes' AS at
              FROM generate_series(1, events) AS n) AS sent
WHERE day = %(day)s
"""


def stands() -> datetime | None:
    """The moment as of which a company was filled here before; None when there is none."""
    return OrganizationKey.objects.aggregate(at=Max("created_at"))["at"]


def has_events() -> bool:
    return Event.objects.exists()


@transaction.atomic
def fill(count: int, now: datetime) -> datetime:
    """Organizations, subscriptions and daily rows as of now, which is given back; no raw event yet."""
    began = time.monotonic()
    application("Shop", now=now)
    make = get_user_model().objects.create_superuser
    staff = [make(name, f"{name}@example.com", "pw").pk for name in STAFF]
    given = {"now": now, "count": count, "days": DAYS, "staff": staff}
    for part in (FILL_ORGANIZATIONS, FILL_SUBSCRIPTIONS, FILL_USED, FILL_DAILY):
        for statement in part.split(";\n"):
            db.run(statement, given)
    db.run("ANALYZE")
    print(f"{Organization.objects.count()} organizations filled in {time.monotonic() - began:.0f} s", flush=True)
    return now


@transaction.atomic
def fill_events(now: datetime) -> int:
    """The raw events behind the daily rows, a day at a time, counted as the roll-up leaves them; how many."""
    began = time.monotonic()
    partitions.ensure(now)
    db.run(FILL_USED, {"now": now, "days": DAYS})
    events = sum(db.run(FILL_EVENTS, {"day": now.date() - timedelta(days=back)}) for back in range(DAYS, 0, -1))
    [[last]] = db.rows("SELECT max(id) FROM tracker_event")
    RollupCursor.objects.update_or_create(id=1, defaults={"last_event_id": last, "rolled_up_at": now})
    db.run("ANALYZE")
    print(f"{events:,} raw events filled in {time.monotonic() - began:.0f} s", flush=True)
    return events


def fill_work(now: datetime) -> None:
    """What jobs and people leave behind: earlier readings, the books, the churn log, follow-ups, cohorts; once."""
    if FollowUp.objects.exists():
        return
    today, ada = now.date(), get_user_model().objects.get(username=STAFF[0])
    for back in (90, 28, 7):
        scoring.score(today - timedelta(days=back), now)
    ExchangeRate.objects.bulk_create(
        ExchangeRate(date=today - timedelta(days=back), currency=currency, per_eur=1)
        for back in range(720)
        for currency in ("USD", "GBP")
    )
    facts.refresh(today, now)
    churn.keep_up(now)
    shared = {"created_at": now, "changed_at": now, "created_by": ada}
    FollowUp.objects.bulk_create(
        FollowUp(
            organization_id=pk, title="Call them", due_on=today + timedelta(days=n % 30 - 5), assignee=ada, **shared
        )
        for n, pk in enumerate(Organization.objects.order_by("id").values_list("id", flat=True)[:2_000])
    )
    AuditEntry.objects.bulk_create(
        AuditEntry(
            at=now, actor=ada, actor_label="ada", action=f"thing{n % 20}.changed", subject_type="thing", detail={}
        )
        for n in range(5_000)
    )
    ImportBatch.objects.bulk_create(
        ImportBatch(kind="organizations", file_name=f"{n}.csv", sha256="0" * 64, size=1, created_at=now, created_by=ada)
        for n in range(300)
    )
    for band in ("healthy", "watch", "at_risk"):
        rule = {"kind": "band", "operator": "exact", "value": band}
        asked = {"match": "all", "groups": [{"match": "all", "rules": [rule]}]}
        editing.create(f"Band {band}", asked, actor=ada, now=now)
    db.run("ANALYZE")
