"""Raw SQL. Which events are a use of a feature, and who used it when."""

# One row written: the uses of one feature by one organization id on one day, exact in the way of ROLL_UP_USAGE. An
# event that meets several rules of a feature is one use. The chunk is read by primary key, rules are few, the rest
# goes by the unique constraints of the feature tables; all rows go in key order.
ROLL_UP_FEATURES = """
WITH used AS MATERIALIZED (
    SELECT DISTINCT ON (event.id, rule.feature_id)
           event.application_id, event.environment, event.key_id, event.user_hash, rule.feature_id,
           (event.occurred_at AT TIME ZONE %(zone)s)::date AS day
    FROM tracker_event AS event
    JOIN orgs_organizationkey AS key ON key.id = event.key_id
    JOIN tracker_featurerule AS rule
      ON (rule.event = '' OR event.name = rule.event)
     AND (rule.path_prefix = '' OR starts_with(event.path, rule.path_prefix))
     AND (rule.property_name = '' OR event.properties ->> rule.property_name::text = rule.property_value)
    WHERE event.id > %(low)s AND event.id <= %(high)s AND event.name <> ALL(%(statements)s)
      AND (%(since)s::timestamptz IS NULL OR event.occurred_at >= %(since)s)
      AND rule.feature_id = ANY(%(feature_ids)s)
), masks AS (
    SELECT application_id, environment, key_id, feature_id, date_trunc('month', day)::date AS month, user_hash,
           bit_or(1 << (extract(day FROM day)::int - 1)) AS days
    FROM used WHERE user_hash IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6
), fresh AS MATERIALIZED (
    SELECT masks.*, masks.days & ~COALESCE(known.days, 0) AS new_days
    FROM masks LEFT JOIN tracker_featuremonth AS known
      ON known.key_id = masks.key_id AND known.month = masks.month AND known.feature_id = masks.feature_id
     AND known.user_hash = masks.user_hash AND known.environment = masks.environment
     AND known.application_id = masks.application_id
), written_masks AS (
    INSERT INTO tracker_featuremonth AS kept (
        application_id, environment, key_id, month, feature_id, user_hash, days
    )
    SELECT application_id, environment, key_id, month, feature_id, user_hash, days FROM fresh WHERE new_days <> 0
    ORDER BY key_id, month, feature_id, user_hash, environment, application_id
    ON CONFLICT (key_id, month, feature_id, user_hash, environment, application_id) DO UPDATE
    SET days = kept.days | excluded.days
), new_users AS (
    SELECT application_id, environment, key_id, feature_id, month + bit AS day, count(*) AS users
    FROM fresh, generate_series(0, 30) AS bit
    WHERE new_days & (1 << bit) <> 0 GROUP BY 1, 2, 3, 4, 5
), counted AS (
    SELECT application_id, environment, key_id, feature_id, day, count(*) AS events FROM used GROUP BY 1, 2, 3, 4, 5
)
INSERT INTO tracker_featureday AS kept (application_id, environment, key_id, day, feature_id, events, users)
SELECT application_id, environment, key_id, day, feature_id, events, COALESCE(users, 0)
FROM counted LEFT JOIN new_users USING (application_id, environment, key_id, feature_id, day)
ORDER BY key_id, day, feature_id, environment, application_id
ON CONFLICT (key_id, day, feature_id, environment, application_id) DO UPDATE
SET events = kept.events + excluded.events, users = kept.users + excluded.users
"""

# Rows: the masks of some features in one month without a day that stays; then those that keep some. Served by
# feature_by_month.
CLEAR_EMPTY_MASKS = """
DELETE FROM tracker_featuremonth
WHERE feature_id = ANY(%(feature_ids)s) AND month = %(month)s AND days & %(keep)s = 0
"""
CLEAR_MASKS = """
UPDATE tracker_featuremonth SET days = days & %(keep)s WHERE feature_id = ANY(%(feature_ids)s) AND month = %(month)s
"""

# One row: what rules would match in a range: uses, organizations, users. Reads the months of the range, hence its time
# limit.
MATCHED = """
SELECT count(*), count(DISTINCT key.organization_id), count(DISTINCT event.user_hash)
FROM tracker_event AS event JOIN orgs_organizationkey AS key ON key.id = event.key_id
WHERE event.occurred_at >= %(since)s AND event.occurred_at < %(until)s
  AND event.environment = 'production' AND event.name <> ALL(%(statements)s)
  AND EXISTS (
      SELECT FROM jsonb_to_recordset(%(rules)s::jsonb)
          AS rule (event text, path_prefix text, property_name text, property_value text)
      WHERE (rule.event = '' OR event.name = rule.event)
        AND (rule.path_prefix = '' OR starts_with(event.path, rule.path_prefix))
        AND (rule.property_name = '' OR event.properties ->> rule.property_name = rule.property_value)
  )
"""

# One row: an event name among the newest 10 000 events, most frequent first. Served by the primary keys.
NAMES_SEEN = """
SELECT name FROM (SELECT name FROM tracker_event ORDER BY id DESC LIMIT 10000) AS newest
WHERE name <> ALL(%(statements)s)
GROUP BY name ORDER BY count(*) DESC, name LIMIT 100
"""

# One row written: an organization that used anything since a day, as touched: what is defined changed for all of them.
# Served by usage_of_day.
TOUCH_USERS_OF_THE_PRODUCT = """
INSERT INTO orgs_organizationtouch (organization_id, reason, touched_at)
SELECT DISTINCT key.organization_id, 'features', %(now)s::timestamptz
FROM tracker_usageday AS usage JOIN orgs_organizationkey AS key ON key.id = usage.key_id
WHERE usage.day >= %(since)s AND usage.environment = 'production'
"""

# One row: an organization with the number of active features it used in a range. Served by feature_by_day, or by
# one_feature_row_a_day for a few organizations.
IN_USE = """
SELECT key.organization_id, count(DISTINCT used.feature_id)
FROM tracker_featureday AS used
JOIN tracker_feature AS feature ON feature.id = used.feature_id AND feature.is_active
JOIN orgs_organizationkey AS key ON key.id = used.key_id
WHERE used.environment = 'production' AND used.day >= %(since)s AND used.day < %(until)s
  AND (%(organization_ids)s::bigint[] IS NULL OR key.organization_id = ANY(%(organization_ids)s))
GROUP BY key.organization_id
"""

# One row: an active feature that one organization used in a range, most used first. Served by one_feature_row_a_day.
USED_BY_ORGANIZATION = """
SELECT feature.name, sum(used.events)::bigint, max(used.day)
FROM tracker_featureday AS used
JOIN tracker_feature AS feature ON feature.id = used.feature_id AND feature.is_active
JOIN orgs_organizationkey AS key ON key.id = used.key_id
WHERE key.organization_id = %(organization_id)s AND used.environment = 'production'
  AND used.day >= %(since)s AND used.day < %(until)s
GROUP BY feature.id ORDER BY 2 DESC, 1
"""

# One row: an organization's use of one active feature in that feature's window before as_of: uses, distinct users over
# all its ids, the last day of use (as_of itself included), and whether it adopted the feature. `months` gives the days
# of every window as bits of each month it touches. Served as IN_USE, and by feature_by_month.
USES = """
WITH bits AS (
    SELECT window_days, month, mask FROM jsonb_to_recordset(%(months)s::jsonb)
        AS given (window_days int, month date, mask int)
), people AS (
    SELECT key.organization_id, who.feature_id, count(DISTINCT who.user_hash) AS users
    FROM tracker_featuremonth AS who
    JOIN tracker_feature AS feature ON feature.id = who.feature_id AND feature.is_active
    JOIN bits ON bits.window_days = feature.window_days AND bits.month = who.month
    JOIN orgs_organizationkey AS key ON key.id = who.key_id
    WHERE who.environment = 'production' AND who.days & bits.mask <> 0
      AND (%(organization_ids)s::bigint[] IS NULL OR key.organization_id = ANY(%(organization_ids)s))
    GROUP BY 1, 2
), used AS (
    SELECT key.organization_id, day.feature_id, max(day.day) AS last_on,
           COALESCE(sum(day.events) FILTER (WHERE day.day < %(as_of)s), 0)::bigint AS events
    FROM tracker_featureday AS day
    JOIN tracker_feature AS feature ON feature.id = day.feature_id AND feature.is_active
    JOIN orgs_organizationkey AS key ON key.id = day.key_id
    WHERE day.environment = 'production' AND day.day >= %(as_of)s::date - feature.window_days AND day.day <= %(as_of)s
      AND (%(organization_ids)s::bigint[] IS NULL OR key.organization_id = ANY(%(organization_ids)s))
    GROUP BY 1, 2
)
SELECT used.organization_id, used.feature_id, used.events, COALESCE(people.users, 0), used.last_on,
       used.events >= feature.minimum_uses AND COALESCE(people.users, 0) >= feature.minimum_users
FROM used JOIN tracker_feature AS feature ON feature.id = used.feature_id
LEFT JOIN people USING (organization_id, feature_id)
"""

# One row: organizations with any event in a range. Served by usage_of_day.
ACTIVE_ORGANIZATIONS = """
SELECT count(DISTINCT key.organization_id)
FROM tracker_usageday AS usage JOIN orgs_organizationkey AS key ON key.id = usage.key_id
WHERE usage.environment = 'production' AND usage.day >= %(since)s AND usage.day < %(until)s
"""
