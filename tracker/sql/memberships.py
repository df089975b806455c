"""Raw SQL. Who belongs to which organization, as clients say it."""

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
SELECT %(application_id)s::bigint, named.user_hash, named.key_id, named.named_at
FROM unnest(%(user_hashes)b::bytea[], %(key_ids)b::bigint[], %(named_at)b::timestamptz[])
    AS named (user_hash, key_id, named_at)
ORDER BY named.user_hash, named.key_id
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

# One row: a user that named one organization, the latest first, behind the number of all of them. Served by the index
# on key_id, and by users_are_linked_once for one side of a link.
MEMBERS = """
WITH named AS (
    SELECT member.application_id, member.user_hash, max(member.named_at) AS named_at
    FROM tracker_membership AS member JOIN orgs_organizationkey AS key ON key.id = member.key_id
    WHERE key.organization_id = %(organization_id)s
    GROUP BY 1, 2
)
SELECT count(*) OVER (), named.user_hash, application.name, named.named_at, (
    SELECT count(*) FROM tracker_userlink AS link
    WHERE link.application_id = named.application_id AND link.user_hash = named.user_hash
)
FROM named JOIN tracker_application AS application ON application.id = named.application_id
ORDER BY named.named_at DESC, named.user_hash LIMIT %(most)s
"""
