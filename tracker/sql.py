"""Raw SQL of this app: named constants with named parameters."""

# One row of the answer: one event that was stored, by its place in the call, with its id. The writers' gate is held
# (shared) before ids are drawn and until the commit, so whoever holds it alone knows that every id up to the last one
# drawn is committed or never will be. Keys go in key order: two writers wait for each other instead of locking
# crosswise. A key that was used before drops its event. Served by the unique index event_key_is_used_once.
APPEND_FEW = """
WITH gate AS MATERIALIZED (
    SELECT pg_advisory_xact_lock_shared(%(gate)s), set_config('synchronous_commit', 'on', true)
), drawn AS MATERIALIZED (
    SELECT nextval('tracker_event_id_seq') AS id, incoming.*
    FROM gate, unnest(
        %(application_id)s::bigint[], %(key_id)s::bigint[], %(name)s::text[], %(user_hash)s::bytea[],
        %(path)s::text[], %(session_id)s::uuid[], %(environment)s::text[], %(plan)s::text[],
        %(occurred_at)s::timestamptz[], %(received_at)s::timestamptz[], %(properties)s::text[]::jsonb[],
        %(event_key)s::text[], %(fingerprint)s::bytea[]
    ) WITH ORDINALITY AS incoming (
        application_id, key_id, name, user_hash, path, session_id, environment, plan,
        occurred_at, received_at, properties, event_key, fingerprint, position
    )
), keyed AS (
    INSERT INTO tracker_eventkey (application_id, event_key, event_id, fingerprint, received_at)
    SELECT application_id, event_key, id, fingerprint, received_at
    FROM drawn WHERE event_key IS NOT NULL ORDER BY application_id, event_key COLLATE "C"
    ON CONFLICT (application_id, event_key) DO NOTHING
    RETURNING event_id
), stored AS (
    INSERT INTO tracker_event (
        id, application_id, key_id, name, user_hash, path, session_id, environment, plan,
        occurred_at, received_at, properties
    )
    SELECT id, application_id, key_id, name, user_hash, path, session_id, environment, plan,
           occurred_at, received_at, properties
    FROM drawn WHERE event_key IS NULL OR id IN (SELECT event_id FROM keyed)
    RETURNING id
)
SELECT drawn.position - 1, drawn.id FROM drawn JOIN stored USING (id)
"""

# One row: the id of one event to come, in order. The gate as above, for a transaction that goes on with COPY.
DRAW_IDS = """
WITH gate AS MATERIALIZED (
    SELECT pg_advisory_xact_lock_shared(%(gate)s), set_config('synchronous_commit', 'on', true)
)
SELECT nextval('tracker_event_id_seq') FROM gate, generate_series(1, %(count)s)
"""

# One row of the answer: the event id of a key that was not used before; keys of one transaction go in key order.
USE_KEYS = """
INSERT INTO tracker_eventkey (application_id, event_key, event_id, fingerprint, received_at)
SELECT asked.application_id, asked.event_key, asked.event_id, asked.fingerprint, asked.received_at
FROM unnest(
    %(application_id)s::bigint[], %(event_key)s::text[], %(event_id)s::bigint[], %(fingerprint)s::bytea[],
    %(received_at)s::timestamptz[]
) AS asked (application_id, event_key, event_id, fingerprint, received_at)
ORDER BY asked.application_id, asked.event_key COLLATE "C"
ON CONFLICT (application_id, event_key) DO NOTHING
RETURNING event_id
"""

# One row: a key that was used before, with the event that used it first. Served by event_key_is_used_once.
FIRST_USES = """
SELECT used.application_id, used.event_key, used.event_id, used.fingerprint
FROM unnest(%(application_id)s::bigint[], %(event_key)s::text[]) AS asked (application_id, event_key)
JOIN tracker_eventkey AS used
  ON used.application_id = asked.application_id AND used.event_key = asked.event_key
"""

# One row of the answer: a user's last known group. Served by the unique index user_is_a_member_once; a user has few.
LAST_GROUPS = """
SELECT DISTINCT ON (member.user_hash) member.user_hash, key.external_id
FROM tracker_membership AS member JOIN orgs_organizationkey AS key ON key.id = member.key_id
WHERE member.application_id = %(application_id)s AND member.user_hash = ANY(%(user_hashes)s)
ORDER BY member.user_hash, member.named_at DESC, member.id DESC
"""

# One row: an organization that a user's events named, with the latest of them; a repeated older event changes nothing.
# Rows go in key order: two writers wait for each other instead of locking crosswise. Served by user_is_a_member_once.
NAME_GROUPS = """
INSERT INTO tracker_membership AS kept (application_id, user_hash, key_id, named_at)
SELECT %(application_id)s, named.user_hash, named.key_id, max(named.named_at)
FROM unnest(%(user_hashes)s::bytea[], %(key_ids)s::bigint[], %(named_at)s::timestamptz[])
    AS named (user_hash, key_id, named_at)
GROUP BY named.user_hash, named.key_id ORDER BY named.user_hash, named.key_id
ON CONFLICT (application_id, user_hash, key_id) DO UPDATE SET named_at = excluded.named_at
WHERE kept.named_at < excluded.named_at
"""

# One row: two hashes of one user. Served by users_are_linked_once.
LINK_USERS = """
INSERT INTO tracker_userlink (application_id, user_hash, other_hash, linked_at)
SELECT DISTINCT %(application_id)s::bigint, linked.user_hash, linked.other_hash, %(now)s::timestamptz
FROM unnest(%(user_hashes)s::bytea[], %(other_hashes)s::bytea[]) AS linked (user_hash, other_hash)
ORDER BY 2, 3
ON CONFLICT (application_id, user_hash, other_hash) DO NOTHING
"""

# One row: the refusals of one application, hour, code and field. The newest samples stand first, five are kept.
# Served by one_reject_row_an_hour; rows go in key order.
COUNT_REJECTS = """
INSERT INTO tracker_reject AS kept (application_id, hour, code, field, message, is_stored, count, samples, last_at)
SELECT %(application_id)s, %(hour)s, refused.code, refused.field, refused.message, refused.is_stored, refused.count,
       refused.samples, %(now)s
FROM jsonb_to_recordset(%(refused)s::jsonb) AS refused (
    code text, field text, message text, is_stored boolean, count bigint, samples jsonb
)
ORDER BY refused.code, refused.field
ON CONFLICT (application_id, hour, code, field) DO UPDATE
SET count = kept.count + excluded.count, message = excluded.message, last_at = excluded.last_at,
    samples = jsonb_path_query_array(excluded.samples || kept.samples, '$[0 to 4]')
"""

# One row: the highest id drawn so far. Read while the gate is held alone, so that no drawn id is still on its way.
# A sequence that nobody has called yet names the id that comes next, not one that was drawn.
LAST_ID = "SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM tracker_event_id_seq"

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

# One row written: events on one path on one day, without its query string. Served by one_path_row_a_day, which takes
# the path's hash: 2048 characters do not fit an index entry.
ROLL_UP_PATHS = """
INSERT INTO tracker_pathday AS kept (application_id, environment, key_id, day, path, events)
SELECT event.application_id, event.environment, event.key_id, (event.occurred_at AT TIME ZONE %(zone)s)::date,
       split_part(event.path, '?', 1), count(*)
FROM tracker_event AS event JOIN orgs_organizationkey AS key ON key.id = event.key_id
WHERE event.id > %(low)s AND event.id <= %(high)s AND event.path IS NOT NULL AND event.name <> ALL(%(statements)s)
  AND (%(since)s::timestamptz IS NULL OR event.occurred_at >= %(since)s)
GROUP BY 1, 2, 3, 4, 5 ORDER BY 3, 4, md5(split_part(event.path, '?', 1)), 2, 1
ON CONFLICT (key_id, day, md5(path), environment, application_id) DO UPDATE SET events = kept.events + excluded.events
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

# One row: one organization as of a day, from its daily rows of the last 60 days. `events_*` count events of windows
# that end before as_of; `weekly` are the eight weeks, latest last. Served by usage_of_day.
WINDOWS = """
SELECT key.organization_id,
       COALESCE(sum(usage.events) FILTER (WHERE usage.day >= %(as_of)s::date - 28), 0)::bigint,
       COALESCE(sum(usage.events) FILTER (
           WHERE usage.day < %(as_of)s::date - 28 AND usage.day >= %(as_of)s::date - 56), 0)::bigint,
       COALESCE(sum(usage.events) FILTER (WHERE usage.day >= %(as_of)s::date - 30), 0)::bigint,
       COALESCE(sum(usage.events) FILTER (WHERE usage.day < %(as_of)s::date - 30), 0)::bigint,
       count(DISTINCT usage.day) FILTER (
           WHERE usage.day >= %(as_of)s::date - 28 AND extract(isodow FROM usage.day) < 6),
       ARRAY[
           COALESCE(sum(usage.events) FILTER (WHERE (%(as_of)s::date - 1 - usage.day) / 7 = 7), 0),
           COALESCE(sum(usage.events) FILTER (WHERE (%(as_of)s::date - 1 - usage.day) / 7 = 6), 0),
           COALESCE(sum(usage.events) FILTER (WHERE (%(as_of)s::date - 1 - usage.day) / 7 = 5), 0),
           COALESCE(sum(usage.events) FILTER (WHERE (%(as_of)s::date - 1 - usage.day) / 7 = 4), 0),
           COALESCE(sum(usage.events) FILTER (WHERE (%(as_of)s::date - 1 - usage.day) / 7 = 3), 0),
           COALESCE(sum(usage.events) FILTER (WHERE (%(as_of)s::date - 1 - usage.day) / 7 = 2), 0),
           COALESCE(sum(usage.events) FILTER (WHERE (%(as_of)s::date - 1 - usage.day) / 7 = 1), 0),
           COALESCE(sum(usage.events) FILTER (WHERE (%(as_of)s::date - 1 - usage.day) / 7 = 0), 0)
       ]::bigint[]
FROM tracker_usageday AS usage JOIN orgs_organizationkey AS key ON key.id = usage.key_id
WHERE usage.environment = 'production'
  AND usage.day >= %(as_of)s::date - 60 AND usage.day < %(as_of)s::date
  AND (%(organization_ids)s::bigint[] IS NULL OR key.organization_id = ANY(%(organization_ids)s))
GROUP BY key.organization_id
"""

# One row: an organization's first and last day with events up to as_of, and the latest moment of that day. Two steps
# into the unique index one_usage_row_a_day per key, however long the history is.
SEEN = """
SELECT key.organization_id, min(first.day), min(first.first_at), max(last.day), max(last.last_at)
FROM orgs_organizationkey AS key
CROSS JOIN LATERAL (
    SELECT day, first_at FROM tracker_usageday
    WHERE key_id = key.id AND environment = 'production' AND day <= %(as_of)s
    ORDER BY day, first_at LIMIT 1
) AS first
CROSS JOIN LATERAL (
    SELECT day, last_at FROM tracker_usageday
    WHERE key_id = key.id AND environment = 'production' AND day <= %(as_of)s
    ORDER BY day DESC, last_at DESC LIMIT 1
) AS last
WHERE %(organization_ids)s::bigint[] IS NULL OR key.organization_id = ANY(%(organization_ids)s)
GROUP BY key.organization_id
"""

# One row: distinct users of one organization in each of six windows of 28 days, the latest first. `months` and
# `masks` give the days of each window as bits of each month it touches (masks: six a month, flat). A user counts once
# an organization, whatever id of it the events carried. Served by mask_of_month.
USERS_OF_WINDOWS = """
WITH bits AS (
    SELECT month, masks FROM jsonb_to_recordset(%(months)s::jsonb) AS given (month date, masks int[])
), seen AS (
    SELECT key.organization_id, mask.user_hash,
           bool_or(mask.days & bits.masks[1] <> 0) AS w1, bool_or(mask.days & bits.masks[2] <> 0) AS w2,
           bool_or(mask.days & bits.masks[3] <> 0) AS w3, bool_or(mask.days & bits.masks[4] <> 0) AS w4,
           bool_or(mask.days & bits.masks[5] <> 0) AS w5, bool_or(mask.days & bits.masks[6] <> 0) AS w6
    FROM tracker_usermonth AS mask
    JOIN bits ON bits.month = mask.month
    JOIN orgs_organizationkey AS key ON key.id = mask.key_id
    WHERE mask.environment = 'production'
      AND (%(organization_ids)s::bigint[] IS NULL OR key.organization_id = ANY(%(organization_ids)s))
    GROUP BY 1, 2
)
SELECT organization_id, count(*) FILTER (WHERE w1), count(*) FILTER (WHERE w2), count(*) FILTER (WHERE w3),
       count(*) FILTER (WHERE w4), count(*) FILTER (WHERE w5), count(*) FILTER (WHERE w6)
FROM seen GROUP BY organization_id
"""

# One row: distinct event names of one organization in each of six windows of 28 days, the latest first. Reads the
# days of the windows through the key's unique index, or the table when all organizations are asked for.
NAMES_OF_WINDOWS = """
WITH seen AS (
    SELECT key.organization_id, named.name,
           bool_or((%(as_of)s::date - 1 - named.day) / 28 = 0) AS w1,
           bool_or((%(as_of)s::date - 1 - named.day) / 28 = 1) AS w2,
           bool_or((%(as_of)s::date - 1 - named.day) / 28 = 2) AS w3,
           bool_or((%(as_of)s::date - 1 - named.day) / 28 = 3) AS w4,
           bool_or((%(as_of)s::date - 1 - named.day) / 28 = 4) AS w5,
           bool_or((%(as_of)s::date - 1 - named.day) / 28 = 5) AS w6
    FROM tracker_eventnameday AS named JOIN orgs_organizationkey AS key ON key.id = named.key_id
    WHERE named.environment = 'production'
      AND named.day >= %(as_of)s::date - 168 AND named.day < %(as_of)s::date
      AND (%(organization_ids)s::bigint[] IS NULL OR key.organization_id = ANY(%(organization_ids)s))
    GROUP BY 1, 2
)
SELECT organization_id, count(*) FILTER (WHERE w1), count(*) FILTER (WHERE w2), count(*) FILTER (WHERE w3),
       count(*) FILTER (WHERE w4), count(*) FILTER (WHERE w5), count(*) FILTER (WHERE w6)
FROM seen GROUP BY organization_id
"""

# One row: one day of one organization in one environment, with its distinct users over all applications and ids.
# Served by the unique indexes of the daily rows and of the masks, which begin with the key.
USAGE_BY_DAY = """
WITH keys AS (
    SELECT id FROM orgs_organizationkey WHERE organization_id = %(organization_id)s
), active AS (
    SELECT mask.month + bit AS day, count(DISTINCT mask.user_hash) AS users
    FROM tracker_usermonth AS mask, generate_series(0, 30) AS bit
    WHERE mask.key_id IN (SELECT id FROM keys) AND mask.environment = %(environment)s
      AND mask.days & (1 << bit) <> 0
      AND mask.month >= date_trunc('month', %(since)s::date) AND mask.month < %(until)s
    GROUP BY 1
), counted AS (
    SELECT day, sum(events)::bigint AS events, sum(sessions)::bigint AS sessions FROM tracker_usageday
    WHERE key_id IN (SELECT id FROM keys) AND environment = %(environment)s
      AND day >= %(since)s AND day < %(until)s
    GROUP BY day
)
SELECT counted.day, counted.events, COALESCE(active.users, 0), counted.sessions
FROM counted LEFT JOIN active USING (day) ORDER BY counted.day
"""

# One row: one event name of one organization with its events, most first. Served by one_event_name_row_a_day.
NAMES_OF_ORGANIZATION = """
SELECT named.name, sum(named.events)::bigint, max(named.day)
FROM tracker_eventnameday AS named JOIN orgs_organizationkey AS key ON key.id = named.key_id
WHERE key.organization_id = %(organization_id)s AND named.environment = %(environment)s
  AND named.day >= %(since)s AND named.day < %(until)s
GROUP BY named.name ORDER BY 2 DESC, 1 LIMIT %(most)s
"""

# One row: one user of one organization with the days of a range on which there were events, most days first. Served by
# one_mask_a_user_and_month, which begins with the key.
USERS_OF_ORGANIZATION = """
SELECT encode(mask.user_hash, 'hex'), count(DISTINCT mask.month + bit), max(mask.month + bit)
FROM tracker_usermonth AS mask
JOIN orgs_organizationkey AS key ON key.id = mask.key_id, generate_series(0, 30) AS bit
WHERE key.organization_id = %(organization_id)s AND mask.environment = %(environment)s
  AND mask.month >= date_trunc('month', %(since)s::date) AND mask.month < %(until)s
  AND mask.days & (1 << bit) <> 0 AND mask.month + bit >= %(since)s AND mask.month + bit < %(until)s
GROUP BY mask.user_hash ORDER BY 2 DESC, 1
"""

# One row: the latest event of one organization that names a plan. Served by tracker_event_key_time.
LATEST_PLAN = """
SELECT event.plan FROM tracker_event AS event
WHERE event.key_id IN (SELECT id FROM orgs_organizationkey WHERE organization_id = %(organization_id)s)
  AND event.plan IS NOT NULL AND event.environment = 'production' AND event.occurred_at <= %(now)s
ORDER BY event.occurred_at DESC, event.id DESC LIMIT 1
"""

# One row: an organization whose daily rows were written since a moment. Served by the index on rolled_up_at.
TOUCHED_SINCE = """
SELECT DISTINCT key.organization_id
FROM tracker_usageday AS usage JOIN orgs_organizationkey AS key ON key.id = usage.key_id
WHERE usage.rolled_up_at >= %(moment)s
"""

# One row: an application among the newest 10 000 events, with the moment its latest one was received. Served by the
# primary keys; an application that was silent for longer is not in it.
NEWEST_BY_APPLICATION = """
SELECT application_id, max(received_at) FROM tracker_event
WHERE id > (SELECT last_value - 10000 FROM tracker_event_id_seq) GROUP BY application_id
"""

# One row: a client and its version among the newest 10 000 events of all, with its events of this application and the
# moment of the latest. Served by the primary keys.
CLIENTS_SEEN = """
SELECT properties ->> '$lib', COALESCE(properties ->> '$lib_version', ''), count(*), max(received_at)
FROM tracker_event
WHERE id > (SELECT last_value - 10000 FROM tracker_event_id_seq)
  AND application_id = %(application_id)s AND jsonb_typeof(properties -> '$lib') = 'string'
GROUP BY 1, 2 ORDER BY 4 DESC LIMIT 10
"""
