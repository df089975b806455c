"""Raw SQL. Storing raw events, once a key."""

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
