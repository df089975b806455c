"""Raw SQL. Reading the daily rows."""

# One row: one organization as of a day, from its daily rows of the last 60 days; a day is how far `back` it lies, 0 the
# day before as_of. `weekdays` are those of the last 28 days as bits. Last the eight weeks, latest last. Served by
# usage_of_day.
WINDOWS = """
SELECT organization_id,
       COALESCE(sum(events) FILTER (WHERE back < 28), 0)::bigint,
       COALESCE(sum(events) FILTER (WHERE back >= 28 AND back < 56), 0)::bigint,
       COALESCE(sum(events) FILTER (WHERE back < 30), 0)::bigint,
       COALESCE(sum(events) FILTER (WHERE back >= 30), 0)::bigint,
       bit_count(COALESCE(bit_or(1 << back) FILTER (WHERE back < 28), 0)::bit(28) & %(weekdays)s::int::bit(28)),
       ARRAY[
           COALESCE(sum(events) FILTER (WHERE back / 7 = 7), 0),
           COALESCE(sum(events) FILTER (WHERE back / 7 = 6), 0),
           COALESCE(sum(events) FILTER (WHERE back / 7 = 5), 0),
           COALESCE(sum(events) FILTER (WHERE back / 7 = 4), 0),
           COALESCE(sum(events) FILTER (WHERE back / 7 = 3), 0),
           COALESCE(sum(events) FILTER (WHERE back / 7 = 2), 0),
           COALESCE(sum(events) FILTER (WHERE back / 7 = 1), 0),
           COALESCE(sum(events) FILTER (WHERE back / 7 = 0), 0)
       ]::bigint[]
FROM (
    SELECT key.organization_id, usage.events, %(as_of)s::date - 1 - usage.day AS back
    FROM tracker_usageday AS usage JOIN orgs_organizationkey AS key ON key.id = usage.key_id
    WHERE usage.environment = 'production'
      AND usage.day >= %(as_of)s::date - 60 AND usage.day < %(as_of)s::date
      AND (%(organization_ids)s::bigint[] IS NULL OR key.organization_id = ANY(%(organization_ids)s))
) AS used
GROUP BY organization_id
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

# One row: distinct users of one organization in each of six windows of 28 days, the latest first. `months`: the windows
# that a month touches are three in a row at most; `latest` is the number of the first of them and `days_*` are the days
# of each as bits. Bit n of `windows` says that a user was active in window n. One user counts once an organization,
# whatever id of it the events carried; ids are told apart first, as most organizations have one and then few rows are
# left to join. Served by mask_of_month, for some organizations by one_mask_a_user_and_month.
USERS_OF_WINDOWS = """
WITH of_keys AS (
    SELECT mask.key_id, mask.user_hash,
           bit_or((
               (mask.days & given.days_0 <> 0)::int
               + (mask.days & given.days_1 <> 0)::int * 2
               + (mask.days & given.days_2 <> 0)::int * 4
           ) << given.latest) AS windows
    FROM tracker_usermonth AS mask
    JOIN jsonb_to_recordset(%(months)s::jsonb) AS given (month date, latest int, days_0 int, days_1 int, days_2 int)
      ON given.month = mask.month
    WHERE mask.environment = 'production'
      AND (%(organization_ids)s::bigint[] IS NULL OR mask.key_id = ANY(ARRAY(
          SELECT id FROM orgs_organizationkey WHERE organization_id = ANY(%(organization_ids)s)
      )))
    GROUP BY mask.key_id, mask.user_hash
), of_organizations AS (
    SELECT key.organization_id, bit_or(of_keys.windows) AS windows
    FROM of_keys JOIN orgs_organizationkey AS key ON key.id = of_keys.key_id
    GROUP BY key.organization_id, of_keys.user_hash
)
SELECT organization_id, count(*) FILTER (WHERE windows & 1 <> 0), count(*) FILTER (WHERE windows & 2 <> 0),
       count(*) FILTER (WHERE windows & 4 <> 0), count(*) FILTER (WHERE windows & 8 <> 0),
       count(*) FILTER (WHERE windows & 16 <> 0), count(*) FILTER (WHERE windows & 32 <> 0)
FROM of_organizations GROUP BY organization_id
"""

# One row: distinct event names of one organization in each of six windows of 28 days, the latest first, in the way of
# USERS_OF_WINDOWS. Reads the table, for some organizations one_event_name_row_a_day.
NAMES_OF_WINDOWS = """
WITH of_keys AS (
    SELECT key_id, name, bit_or(1 << (%(as_of)s::date - 1 - day) / 28) AS windows
    FROM tracker_eventnameday
    WHERE environment = 'production' AND day >= %(as_of)s::date - 168 AND day < %(as_of)s::date
      AND (%(organization_ids)s::bigint[] IS NULL OR key_id = ANY(ARRAY(
          SELECT id FROM orgs_organizationkey WHERE organization_id = ANY(%(organization_ids)s)
      )))
    GROUP BY key_id, name
), of_organizations AS (
    SELECT key.organization_id, bit_or(of_keys.windows) AS windows
    FROM of_keys JOIN orgs_organizationkey AS key ON key.id = of_keys.key_id
    GROUP BY key.organization_id, of_keys.name
)
SELECT organization_id, count(*) FILTER (WHERE windows & 1 <> 0), count(*) FILTER (WHERE windows & 2 <> 0),
       count(*) FILTER (WHERE windows & 4 <> 0), count(*) FILTER (WHERE windows & 8 <> 0),
       count(*) FILTER (WHERE windows & 16 <> 0), count(*) FILTER (WHERE windows & 32 <> 0)
FROM of_organizations GROUP BY organization_id
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

# One row: an organization in an application, with its events of a day and of the earlier one to compare it with. Served
# by usage_of_day.
DAY_PAIRS = """
SELECT usage.application_id, key.organization_id,
       COALESCE(sum(usage.events) FILTER (WHERE usage.day = %(day)s), 0)::bigint,
       COALESCE(sum(usage.events) FILTER (WHERE usage.day = %(before)s), 0)::bigint
FROM tracker_usageday AS usage JOIN orgs_organizationkey AS key ON key.id = usage.key_id
WHERE usage.environment = 'production' AND usage.day IN (%(day)s, %(before)s)
  AND (%(application_id)s::bigint IS NULL OR usage.application_id = %(application_id)s)
GROUP BY 1, 2
"""

# One row: an organization, of all or just one, that used an application in a range. Served by usage_of_day, for one
# organization by one_usage_row_a_day.
USERS_OF_APPLICATIONS = """
SELECT DISTINCT usage.application_id, key.organization_id
FROM tracker_usageday AS usage JOIN orgs_organizationkey AS key ON key.id = usage.key_id
WHERE usage.environment = 'production' AND usage.day >= %(since)s AND usage.day < %(until)s
  AND (%(organization_id)s::bigint IS NULL OR key.organization_id = %(organization_id)s)
"""

# One row: an organization whose daily rows of production were written since a moment. Served by the index on
# rolled_up_at.
TOUCHED_SINCE = """
SELECT DISTINCT key.organization_id
FROM tracker_usageday AS usage JOIN orgs_organizationkey AS key ON key.id = usage.key_id
WHERE usage.rolled_up_at >= %(moment)s AND usage.environment = 'production'
"""

# One row: an organization and its current plan: its property `plan` when that is text, else the plan that the latest
# event of any of its ids named. Reads one row a key.
CURRENT_PLANS = """
SELECT organization.id, CASE
    WHEN jsonb_typeof(organization.properties -> 'plan') = 'string' AND organization.properties ->> 'plan' <> ''
    THEN organization.properties ->> 'plan' ELSE latest.plan END
FROM orgs_organization AS organization
LEFT JOIN (
    SELECT DISTINCT ON (key.organization_id) key.organization_id, said.plan
    FROM tracker_planseen AS said JOIN orgs_organizationkey AS key ON key.id = said.key_id
    ORDER BY key.organization_id, said.seen_at DESC, said.event_id DESC
) AS latest ON latest.organization_id = organization.id
"""
