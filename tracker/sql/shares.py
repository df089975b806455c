"""Raw SQL. How the use of one organization is spread over its users."""

# One row: a user with the days of the windows on which there were events of theirs, the latest of them, and on every
# row how many users there were and their days together; most days first. A day counts once a user, in however many
# applications and under whatever id of the organization. `months` gives the days asked for as bits of each month.
# Served by one_mask_a_user_and_month, which begins with the key.
USERS_BY_DAYS = """
WITH asked AS (
    SELECT month, days FROM jsonb_to_recordset(%(months)s::jsonb) AS given (month date, days int)
), seen AS (
    SELECT mask.user_hash, mask.month, bit_or(mask.days & asked.days) AS days
    FROM tracker_usermonth AS mask
    JOIN orgs_organizationkey AS key ON key.id = mask.key_id
    JOIN asked ON asked.month = mask.month
    WHERE key.organization_id = %(organization_id)s AND mask.environment = %(environment)s
      AND mask.days & asked.days <> 0
    GROUP BY 1, 2
), counted AS (
    SELECT user_hash, sum(bit_count(days::bit(32)))::bigint AS days,
           max(month + (32 - position('1' IN days::bit(32)::text))) AS last_on
    FROM seen GROUP BY user_hash
)
SELECT encode(user_hash, 'hex'), days, last_on, count(*) OVER (), (sum(days) OVER ())::bigint
FROM counted ORDER BY days DESC, user_hash LIMIT %(most)s
"""
