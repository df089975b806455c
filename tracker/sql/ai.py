"""Raw SQL of AI cost: named constants with named parameters."""

# One row: calls and outputs of AI in [since, until) of one value of what is asked for (`by`; null: the events do not
# say) in one currency, with their cost. A call costs what its sender estimated, else its tokens times the price of its
# model on its day: that of its request type before that of every type, the latest of several. Without a currency the
# call has neither. Tokens that are missing on one side are what the other leaves of the total. Numbers may be text;
# negative ones and other text are left out. Reads the months of the range; prices are found by
# one_price_a_model_and_day.
AI_USAGE = """
WITH said AS (
    SELECT event.id, event.name, event.properties, key.organization_id, event.plan,
           (event.occurred_at AT TIME ZONE %(zone)s)::date AS day,
           event.name IN ('ai_call_completed', 'ai_call_failed') AS is_call,
           event.name = 'ai_call_failed' OR (
               event.name = 'ai_call_completed' AND lower(event.properties ->> 'success') IN ('false', '0')
           ) AS is_failed,
           CASE WHEN event.properties ->> 'estimated_cost_eur' ~ %(number_pattern)s
                THEN (event.properties ->> 'estimated_cost_eur')::numeric END AS estimated,
           CASE WHEN event.properties ->> 'input_tokens' ~ %(number_pattern)s
                THEN (event.properties ->> 'input_tokens')::numeric END AS input_tokens,
           CASE WHEN event.properties ->> 'output_tokens' ~ %(number_pattern)s
                THEN (event.properties ->> 'output_tokens')::numeric END AS output_tokens,
           CASE WHEN event.properties ->> 'total_tokens' ~ %(number_pattern)s
                THEN (event.properties ->> 'total_tokens')::numeric END AS total_tokens
    FROM tracker_event AS event JOIN orgs_organizationkey AS key ON key.id = event.key_id
    WHERE event.name = ANY(%(names)s) AND event.environment = 'production'
      AND event.occurred_at >= %(since)s AND event.occurred_at < %(until)s
      AND (%(organization_id)s::bigint IS NULL OR key.organization_id = %(organization_id)s)
      AND (%(cohort)s::bigint IS NULL OR key.organization_id IN (
          SELECT organization_id FROM orgs_cohortmember WHERE cohort_id = %(cohort)s
      ))
), priced AS (
    SELECT said.*,
           CASE WHEN is_call THEN COALESCE(
               estimated,
               (COALESCE(input_tokens, GREATEST(total_tokens - output_tokens, 0)) * price.input_per_million
                + COALESCE(output_tokens, GREATEST(total_tokens - input_tokens, 0)) * price.output_per_million)
               / 1000000
           ) END AS cost,
           CASE WHEN is_call THEN CASE WHEN estimated IS NOT NULL THEN 'EUR' ELSE price.currency END END AS currency
    FROM said LEFT JOIN LATERAL (
        SELECT known.* FROM tracker_price AS known
        WHERE said.is_call AND said.estimated IS NULL AND COALESCE(said.input_tokens, said.output_tokens) IS NOT NULL
          AND known.provider = said.properties ->> 'provider' AND known.model = said.properties ->> 'model'
          AND known.request_type IN ('', COALESCE(said.properties ->> 'request_type', ''))
          AND known.valid_from <= said.day
        ORDER BY known.request_type = '', known.valid_from DESC LIMIT 1
    ) AS price ON true
)
SELECT CASE %(by)s
           WHEN 'organization' THEN organization_id::text WHEN 'plan' THEN plan WHEN 'day' THEN day::text
           WHEN 'feature' THEN left(properties ->> 'feature', 255) WHEN 'model' THEN left(properties ->> 'model', 255)
           WHEN 'provider' THEN left(properties ->> 'provider', 255)
           WHEN 'price' THEN jsonb_build_array(properties ->> 'provider', properties ->> 'model')::text
       END AS part,
       currency, COALESCE(sum(cost), 0), count(*) FILTER (WHERE is_call), count(*) FILTER (WHERE is_failed),
       count(*) FILTER (WHERE name = 'ai_output_accepted'), count(*) FILTER (WHERE name = 'ai_output_edited'),
       count(*) FILTER (WHERE name = 'ai_output_rejected')
FROM priced GROUP BY 1, 2 ORDER BY 1, 2
"""
