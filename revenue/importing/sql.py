"""Raw SQL of the subscriptions import: a file's rows are compared with the books, weighed and written as sets.

Both temporary tables live in the transaction of one plan. A column that a row of the file left empty keeps what is
stored; which line of the books a row means is decided by R30.
"""

DROP = """
DROP VIEW IF EXISTS subscription_after;
DROP TABLE IF EXISTS subscription_given, subscription_planned
"""

# One row: one readable row of the file. `name`, `amount` null: the cell was empty.
CREATE_GIVEN = """
CREATE TEMPORARY TABLE subscription_given (
    line integer NOT NULL,
    external_org_id text COLLATE "C" NOT NULL,
    subscription_id text COLLATE "C" NOT NULL,
    product_code text COLLATE "C" NOT NULL,
    name text,
    mrr numeric(20, 4) NOT NULL,
    currency text NOT NULL,
    start_on date NOT NULL,
    end_on date,
    keeps_end boolean NOT NULL,
    trial_end_on date,
    keeps_trial_end boolean NOT NULL,
    amount numeric(20, 4),
    "interval" text NOT NULL,
    interval_count integer NOT NULL,
    currency_was_empty boolean NOT NULL
) ON COMMIT DROP
"""

ANALYZE_GIVEN = "ANALYZE subscription_given (external_org_id, subscription_id, product_code, start_on)"

# One row: one id of the file that is not known to the install. Served by the unique index on external_id.
UNKNOWN_IDS = """
SELECT DISTINCT external_org_id
FROM subscription_given AS given
WHERE NOT EXISTS (SELECT FROM orgs_organizationkey AS key WHERE key.external_id = given.external_org_id)
"""

# One row: an id of the file that only events named so far, with its first line.
SEEN_IDS = """
SELECT given.external_org_id, min(given.line)
FROM subscription_given AS given
JOIN orgs_organizationkey AS key ON key.external_id = given.external_org_id
JOIN orgs_organization AS organization ON organization.id = key.organization_id
WHERE organization.imported_at IS NULL
GROUP BY given.external_org_id
"""

# One row: a line of the file under one of these ids.
LINES_OF_IDS = """
SELECT external_org_id, line FROM subscription_given WHERE external_org_id = ANY(%(ids)s) ORDER BY line
"""

# One row: one row of the file as it would stand in the books, beside the version that stands there now (`old_id`).
# Without a subscription_id the line of the same organization, product and start is meant, under whichever of the
# organization's ids, the row's own id first. `twin` is another line of the file that means the same. Served by the
# partial unique indexes of revenue_subscription and hash joins.
COMPARE = """
CREATE TEMPORARY TABLE subscription_planned ON COMMIT DROP AS
WITH given AS (
    SELECT read.*, key.id AS key_id, key.organization_id
    FROM subscription_given AS read LEFT JOIN orgs_organizationkey AS key ON key.external_id = read.external_org_id
    WHERE key.id IS NOT NULL OR %(create_missing)s
), of_organization AS (
    SELECT DISTINCT ON (key.organization_id, line.product_code, line.start_on)
           key.organization_id, line.product_code, line.start_on, line.id
    FROM revenue_subscription AS line JOIN orgs_organizationkey AS key ON key.id = line.key_id
    WHERE line.known_to IS NULL AND line.subscription_id = ''
    ORDER BY key.organization_id, line.product_code, line.start_on, line.id
), matched AS (
    SELECT given.*, COALESCE(by_id.id, of_key.id, of_organization.id) AS old_id
    FROM given
    LEFT JOIN revenue_subscription AS by_id
        ON by_id.subscription_id <> '' AND by_id.subscription_id = given.subscription_id AND by_id.known_to IS NULL
    LEFT JOIN revenue_subscription AS of_key
        ON given.subscription_id = '' AND of_key.subscription_id = '' AND of_key.known_to IS NULL
        AND of_key.key_id = given.key_id AND of_key.product_code = given.product_code
        AND of_key.start_on = given.start_on
    LEFT JOIN of_organization
        ON given.subscription_id = '' AND of_organization.organization_id = given.organization_id
        AND of_organization.product_code = given.product_code AND of_organization.start_on = given.start_on
), resulting AS (
    SELECT matched.line, matched.external_org_id AS given_org_id, matched.old_id, old.known_from AS old_known_from,
           matched.keeps_end AND old.end_on IS NOT NULL AS keeps_an_end,
           matched.organization_id, COALESCE(matched.organization_id::text, '?' || matched.external_org_id) AS owner,
           CASE WHEN old_key.organization_id = matched.organization_id THEN old.key_id
                ELSE matched.key_id END AS key_id,
           CASE WHEN old_key.organization_id = matched.organization_id THEN old_key.external_id::text
                ELSE matched.external_org_id END AS external_org_id,
           matched.subscription_id, matched.product_code, COALESCE(matched.name, old.name, '') AS name, matched.mrr,
           matched.currency, matched.start_on,
           CASE WHEN matched.keeps_end THEN old.end_on ELSE matched.end_on END AS end_on,
           CASE WHEN matched.keeps_trial_end THEN old.trial_end_on ELSE matched.trial_end_on END AS trial_end_on,
           CASE WHEN keeps_amount THEN old.amount ELSE matched.amount END AS amount,
           CASE WHEN keeps_amount THEN old."interval" ELSE matched."interval" END AS "interval",
           CASE WHEN keeps_amount THEN old.interval_count ELSE matched.interval_count END AS interval_count,
           ROW(old_key.external_id::text, old.product_code::text, old.name::text, old.mrr, old.currency::text,
               old.start_on, old.end_on, old.trial_end_on, old.amount, old."interval"::text,
               old.interval_count::integer) AS stood
    FROM matched
    LEFT JOIN revenue_subscription AS old ON old.id = matched.old_id
    LEFT JOIN orgs_organizationkey AS old_key ON old_key.id = old.key_id
    CROSS JOIN LATERAL (SELECT matched.amount IS NULL AND old.mrr IS NOT DISTINCT FROM matched.mrr) AS k (keeps_amount)
)
SELECT line, given_org_id, old_id, old_known_from, keeps_an_end, owner, organization_id, key_id, external_org_id,
       subscription_id, product_code, name, mrr, currency, start_on, end_on, trial_end_on, amount,
       "interval", interval_count, %(known_on)s::date AS known_from,
       CASE WHEN old_id IS NULL THEN 'new'
            WHEN stood IS NOT DISTINCT FROM ROW(external_org_id, product_code, name, mrr, currency, start_on, end_on,
                trial_end_on, amount, "interval", interval_count) THEN 'unchanged'
            ELSE 'changed' END AS kind,
       CASE WHEN line = first_value(line) OVER same THEN lead(line) OVER same ELSE first_value(line) OVER same END
           AS twin
FROM resulting
WINDOW same AS (
    PARTITION BY old_id, CASE WHEN old_id IS NULL THEN subscription_id END,
        CASE WHEN old_id IS NULL AND subscription_id = '' THEN owner END,
        CASE WHEN old_id IS NULL AND subscription_id = '' THEN product_code END,
        CASE WHEN old_id IS NULL AND subscription_id = '' THEN start_on END
    ORDER BY line
)
"""

# One row: the file's rows without a currency, and those that keep the end that is stored.
NOTICED = """
SELECT (SELECT count(*) FROM subscription_given WHERE currency_was_empty),
       (SELECT count(*) FROM subscription_planned WHERE keeps_an_end AND twin IS NULL)
"""

# One row: a row of the file that cannot stand, with what its reason names.
NOT_POSSIBLE = """
SELECT line, subscription_id, start_on, twin, end_on, old_known_from
FROM subscription_planned
WHERE twin IS NOT NULL OR (kind <> 'unchanged' AND (end_on < start_on OR old_known_from > %(known_on)s))
ORDER BY line
"""

DELETE_NOT_POSSIBLE = """
DELETE FROM subscription_planned
WHERE twin IS NOT NULL OR (kind <> 'unchanged' AND (end_on < start_on OR old_known_from > %(known_on)s))
"""

ANALYZE_PLANNED = "ANALYZE subscription_planned (line, old_id, organization_id, product_code, start_on, kind)"

# One row: a line of the books that a complete file does not name, ending on the day of the import. `line` is 0.
END_MISSING = """
INSERT INTO subscription_planned (
    line, given_org_id, old_id, old_known_from, keeps_an_end, owner, organization_id, key_id, external_org_id,
    subscription_id, product_code, name, mrr, currency, start_on, end_on, trial_end_on, amount,
    "interval", interval_count, known_from, kind
)
SELECT 0, key.external_id, line.id, line.known_from, false, key.organization_id::text, key.organization_id,
       line.key_id, key.external_id, line.subscription_id, line.product_code, line.name, line.mrr, line.currency,
       line.start_on, GREATEST(line.start_on, %(known_on)s::date), line.trial_end_on, line.amount, line."interval",
       line.interval_count, %(known_on)s::date, 'changed'
FROM revenue_subscription AS line JOIN orgs_organizationkey AS key ON key.id = line.key_id
WHERE line.known_to IS NULL AND line.known_from <= %(known_on)s
  AND (line.end_on IS NULL OR line.end_on > %(known_on)s)
  AND NOT EXISTS (SELECT FROM subscription_planned AS planned WHERE planned.old_id = line.id)
"""

# One row: one line of the books as they would be. `line` is null for what the file does not name; `position` is the
# order of the books, then of the file.
CREATE_AFTER = """
CREATE TEMPORARY VIEW subscription_after AS
SELECT NULL::integer AS line, line.id AS position, key.organization_id::text AS owner, line.product_code, line.mrr,
       line.currency, line.start_on, line.end_on,
       GREATEST(line.start_on, COALESCE(line.trial_end_on, line.start_on)) AS begins_on
FROM revenue_subscription AS line JOIN orgs_organizationkey AS key ON key.id = line.key_id
WHERE line.known_to IS NULL
  AND NOT EXISTS (SELECT FROM subscription_planned AS planned WHERE planned.old_id = line.id)
UNION ALL
SELECT NULLIF(line, 0), COALESCE(old_id, 4611686018427387904 + line), owner, product_code, mrr, currency,
       start_on, end_on, GREATEST(start_on, COALESCE(trial_end_on, start_on))
FROM subscription_planned
"""

# One row: what one owner (an organization's id, or an unknown external id after a question mark) pays in one currency
# on a day, in the books as they are. In other currencies than the reporting one an amount is a row with its number,
# as each is converted and rounded by itself (R26).
MONEY_BEFORE = """
SELECT key.organization_id::text, line.currency, sum(line.mrr),
       CASE WHEN line.currency <> %(reporting)s THEN line.mrr END, count(*)
FROM revenue_subscription AS line JOIN orgs_organizationkey AS key ON key.id = line.key_id
WHERE line.known_to IS NULL AND (line.end_on IS NULL OR line.end_on > %(day)s)
  AND GREATEST(line.start_on, COALESCE(line.trial_end_on, line.start_on)) <= %(day)s
GROUP BY key.organization_id, 2, 4
"""

# The same of the books as they would be.
MONEY_AFTER = """
SELECT owner, currency, sum(mrr), CASE WHEN currency <> %(reporting)s THEN mrr END, count(*)
FROM subscription_after
WHERE (end_on IS NULL OR end_on > %(day)s) AND begins_on <= %(day)s
GROUP BY 1, 2, 4
"""

# One row: a kind of row or a currency of the file, and how many rows.
COUNTS = "SELECT kind, count(*) FROM subscription_planned GROUP BY kind"
CURRENCIES = "SELECT currency, count(*) FROM subscription_planned WHERE line > 0 GROUP BY currency ORDER BY currency"

# One row: a line, as it would be, of an owner and product of which two lines count on a common day and at least one
# stands in the file.
OVERLAPPING = """
WITH counting AS (
    SELECT * FROM subscription_after WHERE mrr > 0 AND (end_on IS NULL OR end_on > begins_on)
), marked AS (
    SELECT counting.*, begins_on < max(COALESCE(end_on, 'infinity')) OVER (
        PARTITION BY owner, product_code ORDER BY begins_on, position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS is_doubled
    FROM counting
), judged AS (
    SELECT marked.*, bool_or(is_doubled) OVER product AS has_overlap, max(line) OVER product AS any_line
    FROM marked
    WINDOW product AS (PARTITION BY owner, product_code)
)
SELECT owner, line, product_code, currency, begins_on, end_on, mrr
FROM judged WHERE has_overlap AND any_line IS NOT NULL ORDER BY position
"""

# One row: how many rows of the file end the day before another one of the owner starts, how many on that day, and the
# first end of the former kind.
END_HINT = """
WITH starts AS (
    SELECT DISTINCT owner, start_on FROM subscription_planned WHERE line > 0
)
SELECT count(*) FILTER (WHERE next.owner IS NOT NULL),
       count(*) FILTER (WHERE same.owner IS NOT NULL AND each.end_on <> each.start_on),
       (array_agg(each.end_on ORDER BY each.line) FILTER (WHERE next.owner IS NOT NULL))[1]
FROM subscription_planned AS each
LEFT JOIN starts AS next ON next.owner = each.owner AND next.start_on = each.end_on + 1
LEFT JOIN starts AS same ON same.owner = each.owner AND same.start_on = each.end_on
WHERE each.line > 0 AND each.end_on IS NOT NULL
"""

# One row: one planned row of a kind beside the version that stands, in the order of the file.
SAMPLES = """
SELECT planned.line, planned.kind, planned.old_id, planned.external_org_id, planned.subscription_id,
       planned.product_code, planned.name, planned.mrr, planned.currency, planned.start_on, planned.end_on,
       planned.trial_end_on, planned.amount, planned."interval", planned.interval_count, key.external_id,
       old.product_code, old.name, old.mrr, old.currency, old.start_on, old.end_on, old.trial_end_on, old.amount,
       old."interval", old.interval_count
FROM subscription_planned AS planned
LEFT JOIN revenue_subscription AS old ON old.id = planned.old_id
LEFT JOIN orgs_organizationkey AS key ON key.id = old.key_id
WHERE planned.kind = ANY(%(kinds)s)
ORDER BY planned.line = 0, planned.line, planned.old_id
LIMIT %(most)s
"""

# One row: the number and the summed hashes of all planned rows with what stands in their place.
FINGERPRINT = """
SELECT count(*), sum(hash_record_extended(told, 0))::text, sum(hash_record_extended(told, 1))::text
FROM (
    SELECT ROW(planned.line, planned.kind, planned.old_id, planned.external_org_id, planned.subscription_id,
               planned.product_code, planned.name, planned.mrr, planned.currency, planned.start_on, planned.end_on,
               planned.trial_end_on, planned.amount, planned."interval", planned.interval_count, key.external_id,
               old.product_code, old.name, old.mrr, old.currency, old.start_on, old.end_on, old.trial_end_on,
               old.amount, old."interval", old.interval_count) AS told
    FROM subscription_planned AS planned
    LEFT JOIN revenue_subscription AS old ON old.id = planned.old_id
    LEFT JOIN orgs_organizationkey AS key ON key.id = old.key_id
) AS each
"""

# One row: an unknown id whose organization is to be created.
MISSING_IDS = """
SELECT DISTINCT external_org_id FROM subscription_planned WHERE key_id IS NULL AND kind <> 'unchanged'
"""

# One row: a planned row whose organization exists by now.
FILL_KEYS = """
UPDATE subscription_planned AS planned SET key_id = key.id, organization_id = key.organization_id
FROM orgs_organizationkey AS key WHERE planned.key_id IS NULL AND key.external_id = planned.external_org_id
"""

# One row: a version that ends to be known when its follower begins. Served by the primary key.
CLOSE = """
UPDATE revenue_subscription AS line SET known_to = planned.known_from
FROM subscription_planned AS planned
WHERE planned.kind = 'changed' AND planned.old_known_from < planned.known_from AND line.id = planned.old_id
"""

# One row: a version of the same day, replaced in place, as nobody could ask what was known between the two; with the
# entry of the ledger that brings it back. Served by the primary key.
REPLACE = """
WITH replaced AS (
    SELECT planned.*, jsonb_build_object(
        'key_id', old.key_id, 'subscription_id', old.subscription_id, 'product_code', old.product_code,
        'name', old.name, 'mrr', old.mrr::text, 'currency', old.currency, 'start_on', old.start_on,
        'end_on', old.end_on, 'trial_end_on', old.trial_end_on, 'amount', old.amount::text,
        'interval', old."interval", 'interval_count', old.interval_count, 'known_from', old.known_from,
        'batch_id', old.batch_id) AS before
    FROM subscription_planned AS planned JOIN revenue_subscription AS old ON old.id = planned.old_id
    WHERE planned.kind = 'changed' AND planned.old_known_from = planned.known_from
), written AS (
    UPDATE revenue_subscription AS line
    SET key_id = replaced.key_id, name = replaced.name, product_code = replaced.product_code, mrr = replaced.mrr,
        currency = replaced.currency, start_on = replaced.start_on, end_on = replaced.end_on,
        trial_end_on = replaced.trial_end_on, amount = replaced.amount, "interval" = replaced."interval",
        interval_count = replaced.interval_count, batch_id = %(batch)s
    FROM replaced WHERE line.id = replaced.old_id
)
INSERT INTO orgs_ledgerentry (batch_id, model, row_id, before, after)
SELECT %(batch)s, %(model)s, old_id, before, jsonb_build_object(
    'key_id', key_id, 'subscription_id', subscription_id, 'product_code', product_code, 'name', name,
    'mrr', mrr::text, 'currency', currency, 'start_on', start_on, 'end_on', end_on, 'trial_end_on', trial_end_on,
    'amount', amount::text, 'interval', "interval", 'interval_count', interval_count, 'known_from', known_from,
    'batch_id', %(batch)s::bigint, 'known_to', NULL)
FROM replaced ORDER BY line
"""

# One row: a version that is opened, with its entry of the ledger and that of the version it follows.
OPEN = """
WITH opened AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('revenue_subscription', 'id')) AS id, ordered.*
    FROM (
        SELECT * FROM subscription_planned
        WHERE kind = 'new' OR (kind = 'changed' AND old_known_from < known_from)
        ORDER BY line = 0, line, old_id
    ) AS ordered
), written AS (
    INSERT INTO revenue_subscription (
        id, key_id, subscription_id, product_code, name, mrr, currency, start_on, end_on, trial_end_on, amount,
        "interval", interval_count, known_from, batch_id
    )
    SELECT id, key_id, subscription_id, product_code, name, mrr, currency, start_on, end_on, trial_end_on, amount,
           "interval", interval_count, known_from, %(batch)s
    FROM opened
), followed AS (
    INSERT INTO orgs_ledgerentry (batch_id, model, row_id, before, after)
    SELECT %(batch)s, %(model)s, old_id, '{"known_to": null}',
           jsonb_build_object('known_to', known_from, 'next', id)
    FROM opened WHERE old_id IS NOT NULL
)
INSERT INTO orgs_ledgerentry (batch_id, model, row_id, before, after)
SELECT %(batch)s, %(model)s, id, NULL, jsonb_build_object(
    'key_id', key_id, 'subscription_id', subscription_id, 'product_code', product_code, 'name', name,
    'mrr', mrr::text, 'currency', currency, 'start_on', start_on, 'end_on', end_on, 'trial_end_on', trial_end_on,
    'amount', amount::text, 'interval', "interval", 'interval_count', interval_count, 'known_from', known_from,
    'batch_id', %(batch)s::bigint, 'known_to', NULL)
FROM opened
"""

# One row: an organization whose page looks different after the write, the one a line leaves included.
TOUCHED = """
SELECT organization_id FROM subscription_planned WHERE kind <> 'unchanged'
UNION
SELECT key.organization_id
FROM subscription_planned AS planned
JOIN revenue_subscription AS old ON old.id = planned.old_id JOIN orgs_organizationkey AS key ON key.id = old.key_id
WHERE planned.kind = 'changed'
"""
