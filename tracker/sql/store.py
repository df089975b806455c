"""Raw SQL. Storing raw events, once a key."""

# One row of the answer: one event that was stored, by its place in the call, with its id. The writers' gate is held
# (shared) before ids are drawn and until the commit, so whoever holds it alone knows that every id up to the last one
# drawn is committed or never will be. The organization's key stays in being until then; a row whose key is gone, or
# may be in a moment, is left out. Idempotency keys go in order: two writers wait for each other instead of locking
# crosswise. A key that was used before drops its event. Served by the primary keys of both.
APPEND_FEW = """
WITH gate AS MATERIALIZED (
    SELECT pg_advisory_xact_lock_shared(%(gate)s), set_config('synchronous_commit', 'on', true)
), held AS MATERIALIZED (
    SELECT id FROM orgs_organizationkey WHERE id = ANY(%(key_id)b::bigint[]) FOR KEY SHARE SKIP LOCKED
), drawn AS MATERIALIZED (
    SELECT nextval('tracker_event_id_seq') AS id, incoming.*
    FROM gate, unnest(
        %(application_id)b::bigint[], %(key_id)b::bigint[], %(name)b::text[], %(user_hash)b::bytea[],
        %(path)b::text[], %(session_id)b::uuid[], %(environment)b::text[], %(plan)b::text[],
        %(occurred_at)b::timestamptz[], %(received_at)b::timestamptz[], %(properties)b::jsonb[],
        %(digest)b::uuid[], %(fingerprint)b::uuid[]
    ) WITH ORDINALITY AS incoming (
        application_id, key_id, name, user_hash, path, session_id, environment, plan,
        occurred_at, received_at, properties, digest, fingerprint, position
    )
    WHERE incoming.key_id IS NULL OR incoming.key_id IN (SELECT id FROM held)
), keyed AS (
    INSERT INTO tracker_eventkey (event_id, received_at, digest, fingerprint)
    SELECT id, received_at, digest, fingerprint FROM drawn WHERE digest IS NOT NULL ORDER BY digest, position
    ON CONFLICT (digest) DO NOTHING
    RETURNING event_id
), stored AS (
    INSERT INTO tracker_event (
        id, application_id, key_id, name, user_hash, path, session_id, environment, plan,
        occurred_at, received_at, properties
    )
    SELECT id, application_id, key_id, name, user_hash, path, session_id, environment, plan,
           occurred_at, received_at, properties
    FROM drawn WHERE digest IS NULL OR id IN (SELECT event_id FROM keyed)
    RETURNING id
)
SELECT drawn.position - 1, drawn.id FROM drawn JOIN stored USING (id)
"""

# One row in all: the organizations' keys that are there and stay until this transaction ends, and so many ids for
# events to come, in order. The gate as above, for a transaction that goes on with COPY. Served by the primary key.
OPEN = """
WITH gate AS MATERIALIZED (
    SELECT pg_advisory_xact_lock_shared(%(gate)s), set_config('synchronous_commit', 'on', true)
)
SELECT ARRAY(SELECT id FROM orgs_organizationkey WHERE id = ANY(%(key_ids)b::bigint[]) FOR KEY SHARE SKIP LOCKED),
       ARRAY(SELECT nextval('tracker_event_id_seq') FROM generate_series(1, %(count)s))
FROM gate
"""

# One row: a key that was used before, with the event that used it first. Served by the primary key.
FIRST_USES = """
SELECT used.digest, used.event_id, used.fingerprint
FROM unnest(%(digest)b::uuid[]) AS asked (digest) JOIN tracker_eventkey AS used ON used.digest = asked.digest
"""
