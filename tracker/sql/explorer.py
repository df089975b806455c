"""Raw SQL of the event explorer: named constants with named parameters."""

# One row: one event name in one environment with its events and organizations, first and last day; most first.
EVENT_NAMES = """
SELECT daily.name, sum(daily.events)::bigint, count(DISTINCT key.organization_id), min(daily.day), max(daily.day)
FROM tracker_eventnameday AS daily JOIN orgs_organizationkey AS key ON key.id = daily.key_id
WHERE daily.environment = %(environment)s AND daily.day >= %(since)s AND daily.day < %(until)s
  AND (%(application)s::bigint IS NULL OR daily.application_id = %(application)s)
  AND (%(cohort)s::bigint IS NULL OR key.organization_id IN (
      SELECT organization_id FROM orgs_cohortmember WHERE cohort_id = %(cohort)s
  ))
  AND (%(search)s = '' OR strpos(lower(daily.name), lower(%(search)s)) > 0)
GROUP BY daily.name ORDER BY 2 DESC, 1 LIMIT %(most)s
"""

# One row: a property among a sample of the latest events of one name, with the events that have it, its JSON types, how
# many different values it has and some of them. The sample: of the organizations and days with that event the latest,
# some events each, found by tracker_event_key_time. The first column of the single row without a name is its size.
PROPERTIES_OF_SAMPLE = """
WITH places AS MATERIALIZED (
    SELECT key_id, day FROM tracker_eventnameday
    WHERE name = %(name)s AND environment = %(environment)s
      AND (%(application)s::bigint IS NULL OR application_id = %(application)s)
      AND (%(cohort)s::bigint IS NULL OR key_id IN (
          SELECT key.id FROM orgs_cohortmember AS member JOIN orgs_organizationkey AS key USING (organization_id)
          WHERE member.cohort_id = %(cohort)s
      ))
    ORDER BY day DESC, events DESC, key_id LIMIT %(places)s
), sample AS MATERIALIZED (
    SELECT found.properties FROM places CROSS JOIN LATERAL (
        SELECT event.properties FROM tracker_event AS event
        WHERE event.key_id = places.key_id AND event.name = %(name)s AND event.environment = %(environment)s
          AND event.occurred_at >= places.day::timestamp AT TIME ZONE %(zone)s
          AND event.occurred_at < (places.day + 1)::timestamp AT TIME ZONE %(zone)s
          AND (%(application)s::bigint IS NULL OR event.application_id = %(application)s)
        ORDER BY event.occurred_at DESC LIMIT %(each)s
    ) AS found
), size AS (
    SELECT count(*) AS events FROM sample
), said AS (
    SELECT property.key AS name, jsonb_typeof(property.value) AS type, left(property.value #>> '{}', 200) AS text
    FROM sample CROSS JOIN LATERAL jsonb_each(sample.properties) AS property
    WHERE jsonb_typeof(sample.properties) = 'object'
)
SELECT size.events, said.name, count(said.name), array_agg(DISTINCT said.type ORDER BY said.type),
       count(DISTINCT said.text), (array_agg(DISTINCT said.text))[1:6]
FROM size LEFT JOIN said ON true
GROUP BY size.events, said.name ORDER BY 3 DESC, 2 LIMIT %(most)s
"""
