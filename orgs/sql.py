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

# One row of the answer: an organization whose property compares as asked. A value counts as a number when it is one or
# is text that is one; JSON null is a missing value. Dates compare by their day: the one that is written, or of a moment
# with its zone the one that it was in the reporting zone. Reads the table once: any property may be asked for.
ORGANIZATIONS_WITH_PROPERTY = """
WITH valued AS (
    SELECT id, properties ->> %(name)s AS text,
           CASE WHEN properties ->> %(name)s ~ %(number_pattern)s THEN (properties ->> %(name)s)::numeric
           END AS number,
           CASE WHEN properties ->> %(name)s ~ %(moment_pattern)s
                THEN ((overlay(properties ->> %(name)s PLACING '01' FROM 9 FOR 2)::timestamptz
                       + make_interval(days => substr(properties ->> %(name)s, 9, 2)::int - 1))
                      AT TIME ZONE %(zone)s)::date::text
                WHEN properties ->> %(name)s ~ %(day_pattern)s THEN left(properties ->> %(name)s, 10)
           END AS day
    FROM orgs_organization
    WHERE properties ->> %(name)s IS NOT NULL
)
SELECT id FROM valued
WHERE CASE %(operator)s
    WHEN 'is_set' THEN true
    WHEN 'exact' THEN text = ANY(%(texts)s::text[]) OR COALESCE(number = ANY(%(numbers)s::numeric[]), false)
    WHEN 'icontains' THEN strpos(lower(text), lower(%(text)s)) > 0
    WHEN 'regex' THEN text ~ %(text)s
    WHEN 'gt' THEN number > %(number)s
    WHEN 'gte' THEN number >= %(number)s
    WHEN 'lt' THEN number < %(number)s
    WHEN 'lte' THEN number <= %(number)s
    WHEN 'is_date_before' THEN day < %(text)s
    WHEN 'is_date_after' THEN day > %(text)s
END
"""

# One row of the answer: an organization whose figure on lists compares as asked; none has no answer. Reads the table.
ORGANIZATIONS_WITH_FIGURE = """
SELECT organization_id FROM (
    SELECT organization_id, CASE %(figure)s
        WHEN 'mrr' THEN mrr WHEN 'health' THEN health WHEN 'events_30d' THEN events_30d WHEN 'users_28d' THEN users_28d
        WHEN 'open_signal_count' THEN open_signal_count
    END AS figure
    FROM orgs_organizationsnapshot
) AS shown
WHERE CASE %(operator)s
    WHEN 'gt' THEN figure > %(number)s WHEN 'gte' THEN figure >= %(number)s WHEN 'lt' THEN figure < %(number)s
    WHEN 'lte' THEN figure <= %(number)s WHEN 'exact' THEN figure = %(number)s
END
"""

# One row: a name of a property that organizations have, the most frequent first.
PROPERTY_NAMES = """
SELECT name, count(*) FROM orgs_organization, jsonb_object_keys(properties) AS name
GROUP BY name ORDER BY 2 DESC, 1 LIMIT %(most)s
"""

# Rows: members of one cohort that stay out of `ids` are deleted, those that are new are added; who stays keeps its
# `since`. Organizations that are gone meanwhile are left out. Served by member_once_a_cohort and the primary key.
REWRITE_MEMBERS = """
WITH given AS MATERIALIZED (
    SELECT organization.id FROM orgs_organization AS organization
    WHERE organization.id = ANY(%(ids)s::bigint[]) ORDER BY organization.id FOR KEY SHARE
), gone AS (
    DELETE FROM orgs_cohortmember AS member
    WHERE member.cohort_id = %(cohort_id)s AND NOT EXISTS (SELECT FROM given WHERE given.id = member.organization_id)
)
INSERT INTO orgs_cohortmember (cohort_id, organization_id, since)
SELECT %(cohort_id)s, given.id, %(now)s FROM given ORDER BY given.id
ON CONFLICT (cohort_id, organization_id) DO NOTHING
"""

# One row: an organization, held against being removed until the transaction ends. Served by the primary key.
HOLD_ORGANIZATION = "SELECT id FROM orgs_organization WHERE id = %(organization_id)s FOR KEY SHARE"
