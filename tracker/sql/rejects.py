"""Raw SQL. Counting what was refused."""

# One row: the refusals of one application, hour, code and field. The newest samples stand first, five are kept.
# Served by one_reject_row_an_hour; rows go in key order.
COUNT_REJECTS = """
INSERT INTO tracker_reject AS kept (application_id, hour, code, field, message, is_stored, count, samples, last_at)
SELECT %(application_id)s, %(hour)s, refused.code, refused.field, refused.message, refused.is_stored, refused.count,
       refused.samples, %(now)s
FROM jsonb_to_recordset(%(refused)s::jsonb) AS refused (
    code text, field text, message text, is_stored boolean, count bigint, samples jsonb
)
ORDER BY refused.code, refused.field
ON CONFLICT (application_id, hour, code, field) DO UPDATE
SET count = kept.count + excluded.count, message = excluded.message, last_at = excluded.last_at,
    samples = jsonb_path_query_array(excluded.samples || kept.samples, '$[0 to 4]')
"""
