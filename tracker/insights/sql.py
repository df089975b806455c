"""Raw SQL of insights that is the same for every question; what depends on a description is written by its writers."""

# One row: the first day with an event. One step into usage_of_day.
FIRST_DAY = "SELECT min(day) FROM tracker_usageday"

# One row, of no interest: what holds for the statement that follows in the same transaction. Handing rows between
# processes is cheap where they share the memory of one machine: the default cost keeps a million of them in one.
LIMIT = """
SELECT set_config('statement_timeout', %(ms)s, true), set_config('application_name', %(name)s, true),
       set_config('work_mem', %(work_mem)s, true), set_config('jit', 'off', true),
       set_config('parallel_tuple_cost', '0.002', true), set_config('parallel_setup_cost', '100', true)
"""

# One row: a running question with its seconds; its name ends with the statements done of how many.
PROGRESS = """
SELECT application_name, extract(epoch FROM clock_timestamp() - xact_start) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE %(name)s AND state = 'active' AND pid <> pg_backend_pid()
  AND backend_type = 'client backend'
"""

# One row: whether the statement of a running question was told to stop.
CANCEL = """
SELECT pg_cancel_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE %(name)s AND state = 'active' AND pid <> pg_backend_pid()
  AND backend_type = 'client backend'
"""

# Nothing when the pattern can be read; else the error that says so.
READ_PATTERN = "SELECT '' ~ %(pattern)s"

# One row: organizations that began in one bucket and came so many buckets later; -1 stands for how many began at all.
# `starts` are the first days of the buckets, the range ends with `until`; who began is looked for from the first day
# ever. Served by event_name_by_day, or reads the daily rows of all.
RETENTION = """
WITH began AS (
    SELECT org, width_bucket(first_day, %(starts)s::date[]) - 1 AS bucket FROM (
        SELECT key.organization_id AS org, min(daily.day) AS first_day
        FROM tracker_eventnameday AS daily JOIN orgs_organizationkey AS key ON key.id = daily.key_id
        WHERE (%(start)s::text IS NULL OR daily.name = %(start)s) AND daily.day < %(until)s
          AND (%(environment)s::text IS NULL OR daily.environment = %(environment)s)
          AND (%(application_id)s::bigint IS NULL OR daily.application_id = %(application_id)s)
          AND (%(organization_id)s::bigint IS NULL OR key.organization_id = %(organization_id)s)
          AND (%(cohorts)s::bigint[] IS NULL OR key.organization_id IN (
              SELECT organization_id FROM orgs_cohortmember WHERE cohort_id = ANY(%(cohorts)s::bigint[])
          ))
        GROUP BY key.organization_id
    ) AS first WHERE first_day >= %(since)s
), came AS (
    SELECT DISTINCT key.organization_id AS org, width_bucket(daily.day, %(starts)s::date[]) - 1 AS bucket
    FROM tracker_eventnameday AS daily JOIN orgs_organizationkey AS key ON key.id = daily.key_id
    WHERE (%(back)s::text IS NULL OR daily.name = %(back)s) AND daily.day >= %(since)s AND daily.day < %(until)s
      AND (%(environment)s::text IS NULL OR daily.environment = %(environment)s)
      AND (%(application_id)s::bigint IS NULL OR daily.application_id = %(application_id)s)
)
SELECT began.bucket, came.bucket - began.bucket, count(*)
FROM began JOIN came ON came.org = began.org AND came.bucket >= began.bucket GROUP BY 1, 2
UNION ALL SELECT bucket, -1, count(*) FROM began GROUP BY bucket
"""

# One row: a bucket with its organizations by what they did: new (never active before), returning (active in the bucket
# before too), resurrecting (active once, not in the bucket before), dormant (active in the bucket before, not in this).
# Reads the daily rows up to the end of the range; `starts` holds one bucket more, the one before the range.
LIFECYCLE = """
WITH active AS (
    SELECT DISTINCT key.organization_id AS org, width_bucket(daily.day, %(starts)s::date[]) - 1 AS bucket
    FROM tracker_usageday AS daily JOIN orgs_organizationkey AS key ON key.id = daily.key_id
    WHERE daily.day < %(until)s
      AND (%(environment)s::text IS NULL OR daily.environment = %(environment)s)
      AND (%(application_id)s::bigint IS NULL OR daily.application_id = %(application_id)s)
      AND (%(organization_id)s::bigint IS NULL OR key.organization_id = %(organization_id)s)
      AND (%(cohorts)s::bigint[] IS NULL OR key.organization_id IN (
          SELECT organization_id FROM orgs_cohortmember WHERE cohort_id = ANY(%(cohorts)s::bigint[])
      ))
), beside AS (
    SELECT org, bucket, lag(bucket) OVER by_org AS before, lead(bucket) OVER by_org AS after
    FROM active WINDOW by_org AS (PARTITION BY org ORDER BY bucket)
)
SELECT bucket, 'new', count(*) FROM beside WHERE before IS NULL AND bucket >= 1 GROUP BY bucket
UNION ALL SELECT bucket, 'returning', count(*) FROM beside WHERE before = bucket - 1 AND bucket >= 1 GROUP BY bucket
UNION ALL SELECT bucket, 'resurrecting', count(*) FROM beside WHERE before < bucket - 1 AND bucket >= 1 GROUP BY bucket
UNION ALL SELECT bucket + 1, 'dormant', count(*) FROM beside
    WHERE bucket >= 0 AND (after IS NULL OR after > bucket + 1) GROUP BY bucket
"""

# One row: which database this is, and what grows when events are counted or an organization, a snapshot or one of these
# cohorts changes.
STATE = """
SELECT (SELECT oid FROM pg_database WHERE datname = current_database()),
       (SELECT ROW(last_event_id, time_zone, raw_since)::text FROM tracker_rollupcursor WHERE id = 1),
       (SELECT last_value FROM orgs_organizationtouch_id_seq),
       -- A sequence moves before its row is committed, and rows go when they are seen to: both together tell.
       (SELECT ROW(max(id), count(*))::text FROM orgs_organizationtouch),
       (SELECT max(computed_at) FROM orgs_organizationsnapshot),
       (SELECT max(changed_at) FROM orgs_organization),
       (SELECT array_agg(computed_at ORDER BY id) FROM orgs_cohort WHERE id = ANY(%(cohorts)s::bigint[])),
       (SELECT array_agg(name ORDER BY id) FROM orgs_cohort WHERE id = ANY(%(cohorts)s::bigint[])),
       (SELECT array_agg(ROW(id, name)::text ORDER BY id) FROM tracker_application),
       (SELECT md5(string_agg(ROW(id, username)::text, ',' ORDER BY id)) FROM auth_user)
"""
