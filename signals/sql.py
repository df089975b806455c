"""Raw SQL of this app: named constants with named parameters."""

# One row written: the reading of one organization on a day, the same again when nothing changed. Served by
# one_reading_a_day.
WRITE_READINGS = """
INSERT INTO signals_reading AS kept (
    organization_id, as_of, score, band, coverage, model_id, is_onboarding, components, caps, evidence, mrr, scored_at
)
SELECT made.organization_id, %(as_of)s, made.score, made.band, made.coverage, made.model_id, made.is_onboarding,
       made.components, made.caps, made.evidence, made.mrr, %(scored_at)s
FROM jsonb_to_recordset(%(readings)s::jsonb) AS made (
    organization_id bigint, score numeric, band text, coverage numeric, model_id bigint, is_onboarding boolean,
    components jsonb, caps jsonb, evidence jsonb, mrr numeric
)
ORDER BY made.organization_id
ON CONFLICT (organization_id, as_of) DO UPDATE
SET score = excluded.score, band = excluded.band, coverage = excluded.coverage, model_id = excluded.model_id,
    is_onboarding = excluded.is_onboarding, components = excluded.components, caps = excluded.caps,
    evidence = excluded.evidence, mrr = excluded.mrr, scored_at = excluded.scored_at
"""

# One row written: the snapshot of one organization from its reading of the day, except for its quadrant and its
# signals. `told` are the organizations that ever changed band or have products. Served by one_reading_a_day and, for
# everybody, by readings_of_day.
PROJECT_READINGS = """
UPDATE orgs_organizationsnapshot AS shown
SET mrr = reading.mrr, health = reading.score, band = reading.band, coverage = reading.coverage,
    previous_band = COALESCE(told.previous_band, ''), band_changed_on = told.band_changed_on,
    first_seen_at = facts.first_seen_at, last_seen_at = facts.last_seen_at, events_30d = facts.events_30d,
    events_previous_30d = facts.events_previous_30d, users_28d = facts.active_users_28d,
    weekly_events = facts.weekly_events,
    renewal_on = coalesce(least(
        CASE WHEN facts.renewal_on >= %(today)s THEN facts.renewal_on END,
        CASE WHEN facts.ends_on >= %(today)s THEN facts.ends_on END
    ), facts.renewal_on),
    products = COALESCE(told.products, '[]'::jsonb), computed_at = %(now)s
FROM signals_reading AS reading
CROSS JOIN LATERAL jsonb_to_record(reading.evidence) AS facts (
    first_seen_at timestamptz, last_seen_at timestamptz, events_30d bigint, events_previous_30d bigint,
    active_users_28d integer, weekly_events jsonb, renewal_on date, ends_on date
)
LEFT JOIN jsonb_to_recordset(%(told)s::jsonb) AS told (
    organization_id bigint, previous_band text, band_changed_on date, products jsonb
) ON told.organization_id = reading.organization_id
WHERE reading.as_of = %(today)s AND shown.organization_id = reading.organization_id
  AND (%(organization_ids)s::bigint[] IS NULL OR reading.organization_id = ANY(%(organization_ids)s))
"""

# One row of the answer: a signal that began. Whoever has a live one of this type already (a person reopened it
# meanwhile) is skipped by the unique index one_live_signal_a_type.
OPEN_SIGNALS = """
INSERT INTO signals_signal (
    organization_id, type, state, sentence, evidence, mrr, currency, severity, growth, urgency, money_at_stake,
    calculation, rule_version, opened_at, changed_at, reason, is_false_alarm, scans_not_true, was_false_since,
    last_scan_at
)
SELECT seen.organization_id, seen.type, 'open', seen.sentence, seen.evidence, seen.mrr, seen.currency, seen.severity,
       seen.growth, seen.urgency, seen.money_at_stake, seen.calculation, seen.rule_version, %(now)s, %(now)s, '',
       false, 0, false, %(scanned_at)s
FROM jsonb_to_recordset(%(signals)s::jsonb) AS seen (
    organization_id bigint, type text, sentence text, evidence jsonb, mrr numeric, currency text, severity numeric,
    growth numeric, urgency numeric, money_at_stake numeric, calculation text, rule_version integer
)
ORDER BY seen.organization_id, seen.type
ON CONFLICT DO NOTHING
RETURNING id, organization_id, sentence, type
"""

# One row of the answer: a signal that is as it was read, with its state before and after. One that a person moved
# since then is left to the next scan. Served by the primary key.
CONTINUE_SIGNALS = """
UPDATE signals_signal AS kept
SET state = seen.state, sentence = seen.sentence, evidence = seen.evidence, mrr = seen.mrr, currency = seen.currency,
    severity = seen.severity, growth = seen.growth, urgency = seen.urgency, money_at_stake = seen.money_at_stake,
    calculation = seen.calculation, rule_version = seen.rule_version, changed_at = seen.changed_at,
    reason = seen.reason, snoozed_until = seen.snoozed_until, closed_at = seen.closed_at,
    scans_not_true = seen.scans_not_true, was_false_since = seen.was_false_since, last_scan_at = %(scanned_at)s
FROM jsonb_to_recordset(%(signals)s::jsonb) AS seen (
    id bigint, read_state text, read_changed_at timestamptz, state text, sentence text, evidence jsonb, mrr numeric,
    currency text, severity numeric, growth numeric, urgency numeric, money_at_stake numeric, calculation text,
    rule_version integer, changed_at timestamptz, reason text, snoozed_until date, closed_at timestamptz,
    scans_not_true integer, was_false_since boolean
)
WHERE kept.id = seen.id AND kept.state = seen.read_state AND kept.changed_at = seen.read_changed_at
RETURNING kept.id, kept.organization_id, seen.read_state, kept.state, kept.type
"""

# One row: the snapshot of one organization, held until the transaction ends. Locked before its signals are added up,
# so that of two writers the second one adds up what the first one committed. Served by the primary key.
HOLD_SNAPSHOTS = """
SELECT organization_id FROM orgs_organizationsnapshot
WHERE organization_id = ANY(%(organization_ids)s::bigint[]) ORDER BY organization_id FOR UPDATE
"""

# One row: the snapshot of one organization with the sum over its open signals. Served by one_live_signal_a_type.
COUNT_OPEN_SIGNALS = """
UPDATE orgs_organizationsnapshot AS shown
SET open_signals = coalesce(found.types, '[]'::jsonb), open_signal_count = coalesce(found.signals, 0),
    money_at_stake = coalesce(found.money, 0), priority = coalesce(found.money, 0), computed_at = %(now)s
FROM unnest(%(organization_ids)s::bigint[]) AS asked (organization_id)
LEFT JOIN (
    SELECT organization_id, jsonb_agg(type ORDER BY money_at_stake DESC, type) AS types, count(*) AS signals,
           sum(money_at_stake) AS money
    FROM signals_signal
    WHERE state = 'open' AND organization_id = ANY(%(organization_ids)s::bigint[])
    GROUP BY organization_id
) AS found USING (organization_id)
WHERE shown.organization_id = asked.organization_id
"""

# One row: an organization, the band it had before its present one, and the first day of the present one. No row for
# whoever never had another band. Served by one_reading_a_day.
BAND_CHANGES = """
SELECT asked.organization_id, other.band, (
    SELECT min(later.as_of) FROM signals_reading AS later
    WHERE later.organization_id = asked.organization_id AND later.as_of > other.as_of AND later.as_of <= %(today)s
)
FROM unnest(%(organization_ids)s::bigint[], %(bands)s::text[]) AS asked (organization_id, band)
CROSS JOIN LATERAL (
    SELECT reading.band, reading.as_of FROM signals_reading AS reading
    WHERE reading.organization_id = asked.organization_id AND reading.as_of <= %(today)s
      AND reading.band <> asked.band
    ORDER BY reading.as_of DESC LIMIT 1
) AS other
"""
