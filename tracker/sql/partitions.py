"""Raw SQL. What the months of the event table do not take."""

# One row: how many events lie in the default partition. It holds next to nothing, so it is read whole.
COUNT_IN_DEFAULT = """
SELECT count(*) FROM tracker_event_default
WHERE %(application_id)s::bigint IS NULL OR application_id = %(application_id)s
"""
