"""Raw SQL. What the months of the event table do not take."""

# Of all months together: autovacuum looks after each, and never after the table that they are parts of.
ANALYZE_EVENTS = "ANALYZE tracker_event"

# One row: how many events lie in the default partition. It holds next to nothing, so it is read whole.
COUNT_IN_DEFAULT = """
SELECT count(*) FROM tracker_event_default
WHERE %(application_id)s::bigint IS NULL OR application_id = %(application_id)s
"""
