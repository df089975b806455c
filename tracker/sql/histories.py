"""Raw SQL. The daily rows of some organizations as a whole, to look back at any day of a range."""

# One row: an organization's days with events in [since, until], as offsets from since, with their events and the first
# and last moment of each. Served by one_usage_row_a_day, which begins with the key.
DAYS_OF_ORGANIZATIONS = """
SELECT organization_id, array_agg(day - %(since)s::date ORDER BY day), array_agg(events ORDER BY day),
       array_agg(first_at ORDER BY day), array_agg(last_at ORDER BY day)
FROM (
    SELECT key.organization_id, usage.day, sum(usage.events)::bigint AS events,
           min(usage.first_at) AS first_at, max(usage.last_at) AS last_at
    FROM tracker_usageday AS usage JOIN orgs_organizationkey AS key ON key.id = usage.key_id
    WHERE usage.environment = 'production' AND usage.day >= %(since)s AND usage.day <= %(until)s
      AND key.organization_id = ANY(%(organization_ids)s::bigint[])
    GROUP BY 1, 2
) AS day GROUP BY organization_id
"""

# One row: a user of an organization with the months of a range, as offsets of their first days from since, and the bits
# of the days on which there were events. Served by one_mask_a_user_and_month, which begins with the key.
USERS_OF_ORGANIZATIONS = """
SELECT key.organization_id, array_agg(mask.month - %(since)s::date), array_agg(mask.days)
FROM tracker_usermonth AS mask JOIN orgs_organizationkey AS key ON key.id = mask.key_id
WHERE mask.environment = 'production' AND mask.month >= date_trunc('month', %(since)s::date)
  AND mask.month <= %(until)s AND key.organization_id = ANY(%(organization_ids)s::bigint[])
GROUP BY key.organization_id, mask.user_hash
"""

# One row: a kind of event of an organization with the days of a range, as offsets from since. Served by
# one_event_name_row_a_day, which begins with the key.
NAMES_OF_ORGANIZATIONS = """
SELECT key.organization_id, array_agg(named.day - %(since)s::date)
FROM tracker_eventnameday AS named JOIN orgs_organizationkey AS key ON key.id = named.key_id
WHERE named.environment = 'production' AND named.day >= %(since)s AND named.day <= %(until)s
  AND key.organization_id = ANY(%(organization_ids)s::bigint[])
GROUP BY key.organization_id, named.name
"""

# One row: an active feature of an organization with the days of a range, as offsets from since. Served by
# one_feature_row_a_day, which begins with the key.
FEATURES_OF_ORGANIZATIONS = """
SELECT key.organization_id, array_agg(used.day - %(since)s::date)
FROM tracker_featureday AS used
JOIN tracker_feature AS feature ON feature.id = used.feature_id AND feature.is_active
JOIN orgs_organizationkey AS key ON key.id = used.key_id
WHERE used.environment = 'production' AND used.day >= %(since)s AND used.day <= %(until)s
  AND key.organization_id = ANY(%(organization_ids)s::bigint[])
GROUP BY key.organization_id, used.feature_id
"""

# One row: the first day of which anything is known. Served by usage_of_day.
FIRST_DAY = "SELECT min(day) FROM tracker_usageday WHERE environment = 'production'"
