"""Raw SQL of this app: named constants with named parameters."""

# One row: the number and the summed hashes of every fact behind the figures: lines known now under their organization
# (sequential scans: every line counts), the exchange rates they need, names and renewal days of organizations (those
# only seen in events have neither). Equal sums mean equal figures; whoever writes, by import, undo, alias or by hand,
# tells nobody.
FINGERPRINT = """
SELECT
    (SELECT (count(*), sum(hash_record_extended(
        ROW(k.organization_id, s.id, s.product_code, s.currency, s.start_on, s.end_on, s.trial_end_on, s.mrr), 0
    )))::text FROM revenue_subscription s JOIN orgs_organizationkey k ON k.id = s.key_id WHERE s.known_to IS NULL),
    (SELECT (count(*), sum(hash_record_extended(ROW(date, currency, per_eur), 0)))::text FROM revenue_exchangerate
        WHERE currency = %(reporting)s OR currency IN (SELECT currency FROM revenue_subscription)),
    (SELECT (count(*), sum(hash_record_extended(ROW(id, display_name, renewal_on), 0)))::text
        FROM orgs_organization WHERE renewal_on IS NOT NULL OR display_name <> '')
"""

# One row: an organization whose lines known now are not the ones that were counted, with the mark of its lines, or
# NULL when it has none any more. Sequential scans: every line is looked at.
TOUCHED = """
SELECT COALESCE(present.organization_id, counted.organization_id), present.mark
FROM (
    SELECT k.organization_id, (count(*), sum(hash_record_extended(
        ROW(s.id, s.product_code, s.currency, s.start_on, s.end_on, s.trial_end_on, s.mrr), 0
    )))::text AS mark
    FROM revenue_subscription s JOIN orgs_organizationkey k ON k.id = s.key_id
    WHERE s.known_to IS NULL GROUP BY k.organization_id
) AS present
FULL JOIN revenue_organizationfacts AS counted USING (organization_id)
WHERE present.mark IS DISTINCT FROM counted.mark
"""

# One row: a stored month with its ten largest balances, in units of 0.0001. Served by month_by_closing.
RANK_MONTHS = """
UPDATE revenue_storedmonth AS stored SET largest = COALESCE((
    SELECT jsonb_agg(trunc(top.closing * 10000)::numeric(30, 0)) FROM (
        SELECT closing FROM revenue_organizationmonth AS own
        WHERE own.month = stored.month AND closing > 0 ORDER BY closing DESC, organization_id LIMIT 10
    ) AS top
), '[]')
"""

# One row: a month as the months of organizations add up: opening, closing, what rates did, who paid at the two.
# Sequential scan: every row counts.
ADD_UP_MONTHS = """
SELECT month, sum(opening), sum(closing), sum(fx_impact), count(*) FILTER (WHERE opening > 0),
       count(*) FILTER (WHERE closing > 0)
FROM revenue_organizationmonth GROUP BY month
"""

# One row: an id for a new exchange rate, in the order of the numbers.
NEXT_RATE_IDS = """
SELECT nextval(pg_get_serial_sequence('revenue_exchangerate', 'id')) FROM generate_series(1, %(count)s)
"""
