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

# One row: an id for a new exchange rate, in the order of the numbers.
NEXT_RATE_IDS = """
SELECT nextval(pg_get_serial_sequence('revenue_exchangerate', 'id')) FROM generate_series(1, %(count)s)
"""
