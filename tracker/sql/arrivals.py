"""Raw SQL. What came in lately.

The newest events are taken from the ends of the primary keys, a limit and no bound on the id: from a bound that it does
not know, PostgreSQL expects a third of the table and reads all of it.
"""

# One row: an application among the newest 10 000 events, with the moment its latest one was received. Served by the
# primary keys; an application that was silent for longer is not in it.
NEWEST_BY_APPLICATION = """
SELECT application_id, max(received_at)
FROM (SELECT application_id, received_at FROM tracker_event ORDER BY id DESC LIMIT 10000) AS newest
GROUP BY application_id
"""

# One row: a client and its version among the newest 10 000 events of all, with its events of this application and the
# moment of the latest. Served by the primary keys.
CLIENTS_SEEN = """
SELECT properties ->> '$lib', COALESCE(properties ->> '$lib_version', ''), count(*), max(received_at)
FROM (SELECT application_id, received_at, properties FROM tracker_event ORDER BY id DESC LIMIT 10000) AS newest
WHERE application_id = %(application_id)s AND jsonb_typeof(properties -> '$lib') = 'string'
GROUP BY 1, 2 ORDER BY 4 DESC LIMIT 10
"""

# One row: an environment among the newest 10 000 events, most frequent first. Served by the primary keys.
ENVIRONMENTS_SEEN = """
SELECT environment FROM (SELECT environment FROM tracker_event ORDER BY id DESC LIMIT 10000) AS newest
GROUP BY environment ORDER BY count(*) DESC, environment LIMIT 20
"""

# One row: events of one application among the newest 10 000 that came since a moment. Served by the primary keys.
ARRIVED_SINCE = """
SELECT count(*) FROM (SELECT application_id, received_at FROM tracker_event ORDER BY id DESC LIMIT 10000) AS newest
WHERE application_id = %(application_id)s AND received_at >= %(since)s
"""
