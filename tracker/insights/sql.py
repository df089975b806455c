"""Raw SQL of insights that is the same for every question; what depends on a description is written by its writers."""

# One row: the first day with an event. One step into usage_of_day.
FIRST_DAY = "SELECT min(day) FROM tracker_usageday"

# One row, of no interest: what holds for the statement that follows in the same transaction.
LIMIT = """
SELECT set_config('statement_timeout', %(ms)s, true), set_config('application_name', %(name)s, true),
       set_config('work_mem', %(work_mem)s, true), set_config('jit', 'off', true)
"""

# One row: a running question with its seconds; its name ends with the statements done of how many.
PROGRESS = """
SELECT application_name, extract(epoch FROM clock_timestamp() - xact_start) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE %(name)s AND state = 'active' AND pid <> pg_backend_pid()
  AND backend_type = 'client backend'
"""

# One row: whether the statement of a running question was told to stop.
CANCEL = """
SELECT pg_cancel_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE %(name)s AND state = 'active' AND pid <> pg_backend_pid()
  AND backend_type = 'client backend'
"""

# Nothing when the pattern can be read; else the error that says so.
READ_PATTERN = "SELECT '' ~ %(pattern)s"
