"""Raw SQL of pages and sessions: named constants with named parameters."""

# One row: one page in [since, until) with its events, organizations and paths. Rules of an application are put on
# pages as they are read, the first that fits. An id that shares its organization with other ids (`several`) counts
# once with them. Served by one_page_row_a_day_and_block and one_mask_a_path_and_month: it reads a row a page, day and
# block of keys, and one a path and month, however many organizations there are.
PAGES = """
WITH plain AS MATERIALIZED (
    SELECT application_id, page, block, sum(events) AS events, bit_or(keys) AS keys FROM tracker_pageday
    WHERE environment = %(environment)s AND day >= %(since)s AND day < %(until)s
      AND (%(application)s::bigint IS NULL OR application_id = %(application)s)
    GROUP BY 1, 2, 3
), folded AS MATERIALIZED (
    SELECT seen.application_id, seen.page AS plain_page, COALESCE((
        SELECT rule.page FROM unnest(%(applications)s::bigint[], %(patterns)s::text[], %(pages)s::text[])
            WITH ORDINALITY AS rule (application_id, pattern, page, position)
        WHERE rule.application_id = seen.application_id AND seen.page ~ rule.pattern
        ORDER BY rule.position LIMIT 1
    ), seen.page) AS page
    FROM (SELECT DISTINCT application_id, page FROM plain) AS seen
), blocks AS MATERIALIZED (
    SELECT folded.page, plain.block, sum(plain.events) AS events, bit_or(plain.keys) AS keys
    FROM plain JOIN folded ON folded.application_id = plain.application_id AND folded.plain_page = plain.page
    WHERE %(search)s = '' OR strpos(lower(folded.page), lower(%(search)s)) > 0
    GROUP BY 1, 2
), several AS MATERIALIZED (
    SELECT id, organization_id FROM orgs_organizationkey WHERE organization_id IN (
        SELECT organization_id FROM orgs_organizationkey GROUP BY organization_id HAVING count(*) > 1
    )
), found (page, events, organizations, paths) AS (
    SELECT page, sum(events), sum(bit_count(keys)), 0 FROM blocks GROUP BY page
    UNION ALL
    SELECT blocks.page, 0, count(DISTINCT several.organization_id) - count(*), 0
    FROM several JOIN blocks ON blocks.block = several.id / 512
    WHERE get_bit(blocks.keys, (several.id %% 512)::int) = 1 GROUP BY blocks.page
    UNION ALL
    SELECT folded.page, 0, 0, count(DISTINCT mask.path)
    FROM tracker_pathmonth AS mask
    JOIN unnest(%(months)s::date[], %(masks)s::int[]) AS bits (month, days) ON bits.month = mask.month
    JOIN folded ON folded.application_id = mask.application_id AND folded.plain_page = mask.page
    WHERE mask.environment = %(environment)s AND mask.days & bits.days <> 0 GROUP BY folded.page
)
SELECT page, sum(events)::bigint, sum(organizations)::bigint, sum(paths)::bigint
FROM found GROUP BY page HAVING sum(events) > 0 ORDER BY 2 DESC, 1 LIMIT %(most)s
"""

# One row: one page with its distinct users in [since, until), from the raw events; folded as above. A user is one in
# each application.
PAGE_USERS = """
WITH seen AS MATERIALIZED (
    SELECT DISTINCT event.application_id, split_part(event.path, '?', 1) AS path, event.user_hash
    FROM tracker_event AS event
    WHERE event.environment = %(environment)s AND event.path IS NOT NULL AND event.user_hash IS NOT NULL
      AND event.key_id IS NOT NULL AND event.name <> ALL(%(statements)s)
      AND event.occurred_at >= %(starts)s AND event.occurred_at < %(ends)s
      AND (%(application)s::bigint IS NULL OR event.application_id = %(application)s)
      AND (%(cohort)s::bigint IS NULL OR event.key_id IN (
          SELECT key.id FROM orgs_cohortmember AS member JOIN orgs_organizationkey AS key USING (organization_id)
          WHERE member.cohort_id = %(cohort)s
      ))
), plain AS MATERIALIZED (
    SELECT application_id, path, regexp_replace(path, %(ids)s, '/:id', 'g') AS page
    FROM (SELECT DISTINCT application_id, path FROM seen) AS paths
), folded AS MATERIALIZED (
    SELECT plain.application_id, plain.path, COALESCE((
        SELECT rule.page FROM unnest(%(applications)s::bigint[], %(patterns)s::text[], %(pages)s::text[])
            WITH ORDINALITY AS rule (application_id, pattern, page, position)
        WHERE rule.application_id = plain.application_id AND plain.page ~ rule.pattern
        ORDER BY rule.position LIMIT 1
    ), plain.page) AS page
    FROM plain
)
SELECT folded.page, count(DISTINCT (seen.application_id, seen.user_hash))
FROM seen JOIN folded USING (application_id, path) GROUP BY folded.page
"""

# One row: one organization that saw a page, with its events on it; rules as above. Served by
# one_mask_a_path_and_month and path_of_day.
ORGANIZATIONS_OF_PAGE = """
WITH plain AS MATERIALIZED (
    SELECT DISTINCT application_id, path, page FROM tracker_pathmonth
    WHERE environment = %(environment)s AND month = ANY(%(months)s::date[])
      AND (%(application)s::bigint IS NULL OR application_id = %(application)s)
), chosen AS MATERIALIZED (
    SELECT plain.application_id, plain.path FROM plain
    WHERE COALESCE((
        SELECT rule.page FROM unnest(%(applications)s::bigint[], %(patterns)s::text[], %(pages)s::text[])
            WITH ORDINALITY AS rule (application_id, pattern, page, position)
        WHERE rule.application_id = plain.application_id AND plain.page ~ rule.pattern
        ORDER BY rule.position LIMIT 1
    ), plain.page) = %(page)s
)
SELECT key.organization_id, sum(daily.events)::bigint, max(daily.day)
FROM tracker_pathday AS daily JOIN chosen USING (application_id, path)
JOIN orgs_organizationkey AS key ON key.id = daily.key_id
WHERE daily.environment = %(environment)s AND daily.day >= %(since)s AND daily.day < %(until)s
  AND (%(cohort)s::bigint IS NULL OR key.organization_id IN (
      SELECT organization_id FROM orgs_cohortmember WHERE cohort_id = %(cohort)s
  ))
GROUP BY 1 ORDER BY 2 DESC, 1
"""

# One row: one day with its sessions and the organizations that had one. A session that goes on past midnight is one of
# both days. Sessions are told apart by hash: sorted, seven million of them take three times as long.
SESSIONS_BY_DAY = """
WITH had AS (
    SELECT day, count(*) AS sessions FROM (
        SELECT DISTINCT day, application_id, session_id FROM tracker_sessionday
        WHERE environment = %(environment)s AND day >= %(since)s AND day < %(until)s
          AND (%(application)s::bigint IS NULL OR application_id = %(application)s)
          AND (%(cohort)s::bigint IS NULL OR key_id IN (
              SELECT key.id FROM orgs_cohortmember AS member JOIN orgs_organizationkey AS key USING (organization_id)
              WHERE member.cohort_id = %(cohort)s
          ))
    ) AS once GROUP BY day
), who AS (
    SELECT day, count(*) AS organizations FROM (
        SELECT DISTINCT daily.day, key.organization_id
        FROM tracker_usageday AS daily JOIN orgs_organizationkey AS key ON key.id = daily.key_id
        WHERE daily.environment = %(environment)s AND daily.day >= %(since)s AND daily.day < %(until)s
          AND (%(application)s::bigint IS NULL OR daily.application_id = %(application)s) AND daily.sessions > 0
          AND (%(cohort)s::bigint IS NULL OR key.organization_id IN (
              SELECT organization_id FROM orgs_cohortmember WHERE cohort_id = %(cohort)s
          ))
    ) AS once GROUP BY day
)
SELECT had.day, had.sessions, who.organizations FROM had JOIN who USING (day) ORDER BY had.day
"""

# One row: one organization with its sessions, each counted once in the range, and their events; most first.
SESSIONS_BY_ORGANIZATION = """
WITH had AS (
    SELECT organization_id, count(*) AS sessions FROM (
        SELECT DISTINCT key.organization_id, daily.application_id, daily.session_id
        FROM tracker_sessionday AS daily JOIN orgs_organizationkey AS key ON key.id = daily.key_id
        WHERE daily.environment = %(environment)s AND daily.day >= %(since)s AND daily.day < %(until)s
          AND (%(application)s::bigint IS NULL OR daily.application_id = %(application)s)
          AND (%(cohort)s::bigint IS NULL OR key.organization_id IN (
              SELECT organization_id FROM orgs_cohortmember WHERE cohort_id = %(cohort)s
          ))
    ) AS once GROUP BY organization_id
), used AS (
    SELECT key.organization_id, sum(daily.events)::bigint AS events,
           max(daily.day) FILTER (WHERE daily.sessions > 0) AS last
    FROM tracker_usageday AS daily JOIN orgs_organizationkey AS key ON key.id = daily.key_id
    WHERE daily.environment = %(environment)s AND daily.day >= %(since)s AND daily.day < %(until)s
      AND (%(application)s::bigint IS NULL OR daily.application_id = %(application)s)
    GROUP BY 1
)
SELECT had.organization_id, had.sessions, used.events, used.last
FROM had JOIN used USING (organization_id) ORDER BY 2 DESC, 1
"""

# One row: one of the latest sessions among the newest events, with its organization, its user (null: several or none),
# first and last event, events and pages. Served by the primary keys.
LATEST_SESSIONS = """
WITH newest AS MATERIALIZED (
    SELECT event.* FROM (SELECT * FROM tracker_event ORDER BY id DESC LIMIT %(reach)s) AS event
    WHERE event.session_id IS NOT NULL
      AND event.environment = %(environment)s AND event.name <> ALL(%(statements)s)
      AND (%(application)s::bigint IS NULL OR event.application_id = %(application)s)
      AND (%(cohort)s::bigint IS NULL OR event.key_id IN (
          SELECT key.id FROM orgs_cohortmember AS member JOIN orgs_organizationkey AS key USING (organization_id)
          WHERE member.cohort_id = %(cohort)s
      ))
)
SELECT newest.application_id, newest.session_id, min(key.organization_id),
       CASE WHEN count(DISTINCT newest.user_hash) = 1 THEN min(newest.user_hash) END,
       min(newest.occurred_at), max(newest.occurred_at), count(*), count(DISTINCT split_part(newest.path, '?', 1))
FROM newest LEFT JOIN orgs_organizationkey AS key ON key.id = newest.key_id
GROUP BY 1, 2 ORDER BY 6 DESC, 2 LIMIT %(most)s
"""

# One row: the same as in PAGES of the organizations in a cohort. Reads their rows of path_of_day.
PAGES_OF_COHORT = """
WITH by_key AS (
    SELECT application_id, path, key_id, sum(events) AS events FROM tracker_pathday
    WHERE environment = %(environment)s AND day >= %(since)s AND day < %(until)s
      AND (%(application)s::bigint IS NULL OR application_id = %(application)s)
      AND key_id IN (
          SELECT key.id FROM orgs_cohortmember AS member JOIN orgs_organizationkey AS key USING (organization_id)
          WHERE member.cohort_id = %(cohort)s
      )
    GROUP BY 1, 2, 3
), seen AS MATERIALIZED (
    SELECT by_key.application_id, by_key.path, key.organization_id, by_key.events
    FROM by_key JOIN orgs_organizationkey AS key ON key.id = by_key.key_id
), plain AS MATERIALIZED (
    SELECT application_id, path, regexp_replace(path, %(ids)s, '/:id', 'g') AS page
    FROM (SELECT DISTINCT application_id, path FROM seen) AS paths
), folded AS MATERIALIZED (
    SELECT plain.application_id, plain.path, COALESCE((
        SELECT rule.page FROM unnest(%(applications)s::bigint[], %(patterns)s::text[], %(pages)s::text[])
            WITH ORDINALITY AS rule (application_id, pattern, page, position)
        WHERE rule.application_id = plain.application_id AND plain.page ~ rule.pattern
        ORDER BY rule.position LIMIT 1
    ), plain.page) AS page
    FROM plain
)
SELECT folded.page, sum(seen.events)::bigint, count(DISTINCT seen.organization_id), count(DISTINCT folded.path)
FROM seen JOIN folded USING (application_id, path)
WHERE %(search)s = '' OR strpos(lower(folded.page), lower(%(search)s)) > 0
GROUP BY folded.page ORDER BY 2 DESC, 1 LIMIT %(most)s
"""
