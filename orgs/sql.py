"""Raw SQL of this app: named constants with named parameters."""

# One row of the answer: one external id that had no key until now, with the id of its new key. Keys go first, in id
# order, so that two writers wait for each other instead of locking crosswise; only the ids whose key was ours get an
# organization and a touch, so no conflict leaves an organization without a key behind (the foreign key is deferred).
# Served by the unique indexes on external_id of orgs_organizationkey and orgs_organization.
CREATE_KEYS = """
WITH wanted AS MATERIALIZED (
    SELECT asked.external_id, known.id IS NULL AS is_new,
           COALESCE(known.id, nextval(pg_get_serial_sequence('orgs_organization', 'id'))) AS organization_id
    FROM unnest(%(external_ids)s::text[]) WITH ORDINALITY AS asked (external_id, position)
    LEFT JOIN orgs_organization AS known ON known.external_id = asked.external_id
    ORDER BY asked.position
), created AS (
    INSERT INTO orgs_organizationkey (external_id, organization_id, created_at)
    SELECT external_id, organization_id, %(now)s FROM wanted ORDER BY external_id COLLATE "C"
    ON CONFLICT (external_id) DO NOTHING
    RETURNING id, external_id, organization_id
), organizations AS (
    INSERT INTO orgs_organization (id, external_id, display_name, segment, properties, created_at, changed_at)
    SELECT created.organization_id, created.external_id, '', '', '{}', %(now)s, %(now)s
    FROM created JOIN wanted USING (external_id)
    WHERE wanted.is_new
), touches AS (
    INSERT INTO orgs_organizationtouch (organization_id, reason, touched_at)
    SELECT organization_id, 'appeared', %(now)s FROM created
)
SELECT external_id, id FROM created
"""

# One row: an id that has a key, and keeps it until this transaction ends. In the order of key ids, like whoever takes
# keys away: two of them wait for each other instead of locking crosswise. Served by the unique index on external_id.
HOLD_KEYS = """
SELECT external_id, id FROM orgs_organizationkey WHERE external_id = ANY(%(external_ids)s)
ORDER BY id FOR KEY SHARE
"""

# One row of the arrays: an organization as an import or its undo leaves it. Served by the primary key.
UPDATE_ORGANIZATIONS = """
UPDATE orgs_organization AS organization
SET display_name = given.display_name, owner_id = given.owner_id, segment = given.segment,
    parent_id = given.parent_id, renewal_on = given.renewal_on, properties = given.properties::jsonb,
    imported_at = given.imported_at, changed_at = given.changed_at
FROM unnest(
    %(id)s::bigint[], %(display_name)s::text[], %(owner_id)s::integer[], %(segment)s::text[], %(parent_id)s::bigint[],
    %(renewal_on)s::date[], %(properties)s::text[], %(imported_at)s::timestamptz[], %(changed_at)s::timestamptz[]
) AS given (id, display_name, owner_id, segment, parent_id, renewal_on, properties, imported_at, changed_at)
WHERE organization.id = given.id
"""

# One row of the arrays: an organization that changed; the snapshot job reads and deletes the rows.
TOUCH_ORGANIZATIONS = """
INSERT INTO orgs_organizationtouch (organization_id, reason, touched_at)
SELECT unnest(%(ids)s::bigint[]), %(reason)s, %(now)s
"""
