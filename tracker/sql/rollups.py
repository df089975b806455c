"""Raw SQL. Counting raw events into the daily rows."""

# One row: the highest id drawn so far. A sequence that nobody has called yet names the id that comes next, not one
# that was drawn.
LAST_ID = "SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM tracker_event_id_seq"

# One row: a transaction of somebody else that holds the writers' gate. An advisory lock of one 64-bit key shows its
# halves as classid and objid.
WRITERS = """
SELECT virtualtransaction FROM pg_locks
WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND pid <> pg_backend_pid()
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (classid::bigint << 32) | objid::bigint = %(gate)s
"""

# One row: the id at which a chunk of at most `size` events after `low` ends. Served by the primary keys.
CHUNK_END = """
SELECT max(id) FROM (
    SELECT id FROM tracker_event WHERE id > %(low)s AND id <= %(bound)s ORDER BY id LIMIT %(size)s
) AS chunk
"""

# One row written: the usage of one organization id on one day. The events of one chunk of ids become, in this order:
# a bit a user and day (who was active), a row a session and day, and the daily row, whose users and sessions grow by
# those that are new on that day; so each number is exact without reading the past again. Only one roll-up runs at a
# time (it holds the cursor's row). `statements` are names of events that only tell about users and organizations: a
# nightly description of all customers must not look like usage. `since` leaves out what a rebuild must not count
# again. The chunk is read by primary key, the rest by the unique constraints of the daily tables; all rows go in key
# order.
ROLL_UP_USAGE = """
WITH chunk AS MATERIALIZED (
    SELECT event.application_id, event.environment, event.key_id, event.user_hash,
           event.session_id, (event.occurred_at AT TIME ZONE %(zone)s)::date AS day,
           least(event.occurred_at, event.received_at) AS seen_at
    FROM tracker_event AS event JOIN orgs_organizationkey AS key ON key.id = event.key_id
    WHERE event.id > %(low)s AND event.id <= %(high)s AND event.name <> ALL(%(statements)s)
      AND (%(since)s::timestamptz IS NULL OR event.occurred_at >= %(since)s)
), masks AS (
    SELECT application_id, environment, key_id, date_trunc('month', day)::date AS month, user_hash,
           bit_or(1 << (extract(day FROM day)::int - 1)) AS days
    FROM chunk WHERE user_hash IS NOT NULL GROUP BY 1, 2, 3, 4, 5
), fresh AS MATERIALIZED (
    SELECT masks.*, masks.days & ~COALESCE(known.days, 0) AS new_days
    FROM masks LEFT JOIN tracker_usermonth AS known
      ON known.key_id = masks.key_id AND known.month = masks.month AND known.user_hash = masks.user_hash
     AND known.environment = masks.environment AND known.application_id = masks.application_id
), written_masks AS (
    INSERT INTO tracker_usermonth AS kept (application_id, environment, key_id, month, user_hash, days)
    SELECT application_id, environment, key_id, month, user_hash, days FROM fresh WHERE new_days <> 0
    ORDER BY key_id, month, user_hash, environment, application_id
    ON CONFLICT (key_id, month, user_hash, environment, application_id) DO UPDATE
    SET days = kept.days | excluded.days
), new_users AS (
    SELECT application_id, environment, key_id, month + bit AS day, count(*) AS users
    FROM fresh, generate_series(0, 30) AS bit
    WHERE new_days & (1 << bit) <> 0 GROUP BY 1, 2, 3, 4
), written_sessions AS (
    INSERT INTO tracker_sessionday (application_id, environment, key_id, day, session_id)
    SELECT DISTINCT application_id, environment, key_id, day, session_id FROM chunk WHERE session_id IS NOT NULL
    ORDER BY key_id, day, session_id, environment, application_id
    ON CONFLICT (key_id, day, session_id, environment, application_id) DO NOTHING
    RETURNING application_id, environment, key_id, day
), new_sessions AS (
    SELECT application_id, environment, key_id, day, count(*) AS sessions
    FROM written_sessions GROUP BY 1, 2, 3, 4
), counted AS (
    SELECT application_id, environment, key_id, day, count(*) AS events, min(seen_at) AS first_at,
           max(seen_at) AS last_at
    FROM chunk GROUP BY 1, 2, 3, 4
)
INSERT INTO tracker_usageday AS kept (
    application_id, environment, key_id, day, events, users, sessions, first_at, last_at, rolled_up_at
)
SELECT application_id, environment, key_id, day, events, COALESCE(users, 0), COALESCE(sessions, 0),
       first_at, last_at, %(now)s
FROM counted
LEFT JOIN new_users USING (application_id, environment, key_id, day)
LEFT JOIN new_sessions USING (application_id, environment, key_id, day)
ORDER BY key_id, day, environment, application_id
ON CONFLICT (key_id, day, environment, application_id) DO UPDATE
SET events = kept.events + excluded.events, users = kept.users + excluded.users,
    sessions = kept.sessions + excluded.sessions, first_at = least(kept.first_at, excluded.first_at),
    last_at = greatest(kept.last_at, excluded.last_at), rolled_up_at = excluded.rolled_up_at
"""

# One row written: events of one name on one day. Served by one_event_name_row_a_day.
ROLL_UP_NAMES = """
INSERT INTO tracker_eventnameday AS kept (application_id, environment, key_id, day, name, events)
SELECT event.application_id, event.environment, event.key_id, (event.occurred_at AT TIME ZONE %(zone)s)::date,
       event.name, count(*)
FROM tracker_event AS event JOIN orgs_organizationkey AS key ON key.id = event.key_id
WHERE event.id > %(low)s AND event.id <= %(high)s AND event.name <> ALL(%(statements)s)
  AND (%(since)s::timestamptz IS NULL OR event.occurred_at >= %(since)s)
GROUP BY 1, 2, 3, 4, 5 ORDER BY 3, 4, 5, 2, 1
ON CONFLICT (key_id, day, name, environment, application_id) DO UPDATE SET events = kept.events + excluded.events
"""

# One row written: events on one path on one day, without its query string. Before it the same events as days of the
# path in its month, where one is new, and as pages: `ids` is what folds, each path once; bits of 512 keys are one row.
# Served by one_path_row_a_day, one_mask_a_path_and_month and one_page_row_a_day_and_block, which take the hash of a
# text: 2048 characters do not fit an index entry.
ROLL_UP_PATHS = """
WITH counted AS MATERIALIZED (
    SELECT event.application_id, event.environment, event.key_id,
           (event.occurred_at AT TIME ZONE %(zone)s)::date AS day, split_part(event.path, '?', 1) AS path,
           count(*) AS events
    FROM tracker_event AS event JOIN orgs_organizationkey AS key ON key.id = event.key_id
    WHERE event.id > %(low)s AND event.id <= %(high)s AND event.path IS NOT NULL AND event.name <> ALL(%(statements)s)
      AND (%(since)s::timestamptz IS NULL OR event.occurred_at >= %(since)s)
    GROUP BY 1, 2, 3, 4, 5
), folded AS MATERIALIZED (
    SELECT path, regexp_replace(path, %(ids)s, '/:id', 'g') AS page FROM (SELECT DISTINCT path FROM counted) AS paths
), masks AS (
    SELECT application_id, environment, date_trunc('month', day)::date AS month, path, page,
           bit_or(1 << (extract(day FROM day)::int - 1)) AS days
    FROM counted JOIN folded USING (path) GROUP BY 1, 2, 3, 4, 5
), written_masks AS (
    INSERT INTO tracker_pathmonth AS kept (application_id, environment, month, path, page, days)
    SELECT masks.* FROM masks LEFT JOIN tracker_pathmonth AS known
      ON known.month = masks.month AND md5(known.path) = md5(masks.path)
     AND known.environment = masks.environment AND known.application_id = masks.application_id
    WHERE masks.days & ~COALESCE(known.days, 0) <> 0
    ORDER BY masks.month, md5(masks.path), masks.environment, masks.application_id
    ON CONFLICT (month, md5(path), environment, application_id) DO UPDATE SET days = kept.days | excluded.days
), written_pages AS (
    INSERT INTO tracker_pageday AS kept (application_id, environment, day, page, block, events, keys)
    SELECT application_id, environment, day, page, key_id / 512, sum(events),
           bit_or(set_bit(0::bit(512), (key_id %% 512)::int, 1))
    FROM counted JOIN folded USING (path) GROUP BY 1, 2, 3, 4, 5 ORDER BY day, md5(page), 5, environment, application_id
    ON CONFLICT (day, md5(page), block, environment, application_id) DO UPDATE
    SET events = kept.events + excluded.events, keys = kept.keys | excluded.keys
)
INSERT INTO tracker_pathday AS kept (application_id, environment, key_id, day, path, events)
SELECT application_id, environment, key_id, day, path, events FROM counted
ORDER BY key_id, day, md5(path), environment, application_id
ON CONFLICT (key_id, day, md5(path), environment, application_id) DO UPDATE SET events = kept.events + excluded.events
"""

# One row written: the plan that the latest event of one organization id names. Counting the same events again changes
# nothing, so a rebuild need not empty the table. Served by the primary keys.
ROLL_UP_PLANS = """
INSERT INTO tracker_planseen AS kept (key_id, plan, seen_at, event_id)
SELECT DISTINCT ON (event.key_id) event.key_id, event.plan, event.occurred_at, event.id
FROM tracker_event AS event JOIN orgs_organizationkey AS key ON key.id = event.key_id
WHERE event.id > %(low)s AND event.id <= %(high)s AND event.plan IS NOT NULL AND event.environment = 'production'
  AND event.occurred_at <= event.received_at + interval '1 hour'
ORDER BY event.key_id, event.occurred_at DESC, event.id DESC
ON CONFLICT (key_id) DO UPDATE
SET plan = excluded.plan, seen_at = excluded.seen_at, event_id = excluded.event_id
WHERE (kept.seen_at, kept.event_id) < (excluded.seen_at, excluded.event_id)
"""

# One row: what one event of a chunk says about its organization, in the order in which it was received.
PROPERTY_CHANGES = """
SELECT key.organization_id, event.properties -> '$set', event.properties -> '$set_once'
FROM tracker_event AS event JOIN orgs_organizationkey AS key ON key.id = event.key_id
WHERE event.id > %(low)s AND event.id <= %(high)s AND event.properties ?| ARRAY['$set', '$set_once']
ORDER BY event.id
"""

# One row: how many events a chunk held. Served by the primary keys.
CHUNK_COUNT = """
SELECT count(*) FROM tracker_event
WHERE id > %(low)s AND id <= %(high)s AND (%(since)s::timestamptz IS NULL OR occurred_at >= %(since)s)
"""

# Rows: the masks of one month without a day that stays; then those that keep some. Served by mask_of_month.
CLEAR_EMPTY_MASKS = "DELETE FROM tracker_usermonth WHERE month = %(month)s AND days & %(keep)s = 0"
CLEAR_MASKS = "UPDATE tracker_usermonth SET days = days & %(keep)s WHERE month = %(month)s"

# The same of paths. Served by one_mask_a_path_and_month.
CLEAR_EMPTY_PATH_MASKS = "DELETE FROM tracker_pathmonth WHERE month = %(month)s AND days & %(keep)s = 0"
CLEAR_PATH_MASKS = "UPDATE tracker_pathmonth SET days = days & %(keep)s WHERE month = %(month)s"
