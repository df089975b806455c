"""Raw SQL of the rules of cohorts: named constants with named parameters."""

# One row of the answer: an organization with at least so many events of one name on the days [since, until). Reads the
# daily rows of the days.
ORGANIZATIONS_WITH_EVENTS = """
SELECT key.organization_id
FROM tracker_eventnameday AS named JOIN orgs_organizationkey AS key ON key.id = named.key_id
WHERE named.name = %(name)s AND named.environment = 'production'
  AND named.day >= %(since)s AND named.day < %(until)s
GROUP BY key.organization_id HAVING sum(named.events) >= %(least)s
"""

# One row of the answer: an organization whose events of one name have, in [since, until), a figure of a numeric
# property that compares as asked. Text that is a number counts as one; other values are left out, and an organization
# without any is in no answer. Reads the months of the range.
ORGANIZATIONS_WITH_PROPERTY_OF_EVENTS = """
SELECT organization_id FROM (
    SELECT organization_id, CASE %(measure)s
        WHEN 'max' THEN max(number) WHEN 'min' THEN min(number) WHEN 'sum' THEN sum(number) WHEN 'avg' THEN avg(number)
        WHEN 'latest' THEN (array_agg(number ORDER BY occurred_at DESC, id DESC))[1]
    END AS figure
    FROM (
        SELECT key.organization_id, event.occurred_at, event.id,
               CASE WHEN event.properties ->> %(property)s ~ %(number_pattern)s
                    THEN (event.properties ->> %(property)s)::numeric
               END AS number
        FROM tracker_event AS event JOIN orgs_organizationkey AS key ON key.id = event.key_id
        WHERE event.name = %(name)s AND event.environment = 'production'
          AND event.occurred_at >= %(since)s AND event.occurred_at < %(until)s
    ) AS valued
    WHERE number IS NOT NULL
    GROUP BY organization_id
) AS measured
WHERE CASE %(operator)s
    WHEN 'gt' THEN figure > %(number)s WHEN 'gte' THEN figure >= %(number)s WHEN 'lt' THEN figure < %(number)s
    WHEN 'lte' THEN figure <= %(number)s WHEN 'exact' THEN figure = %(number)s
END
"""

# One row: the name of an event of the last days, the most frequent first; for suggestions.
NAMES_OF_LATE = """
SELECT name, sum(events) FROM tracker_eventnameday WHERE day >= %(since)s
GROUP BY name ORDER BY 2 DESC, 1 LIMIT %(most)s
"""
