"""What the builder's menus offer."""

# One row a name: names of events in the window, most used first. A scan of usage of names by day (one_event_name_row…
# holds every column but the count); bounded by organizations and days, not by events.
NAMES = """
SELECT name FROM tracker_eventnameday WHERE day >= %(since)s
GROUP BY name ORDER BY sum(events) DESC, name LIMIT %(most)s
"""

# One row a key: top keys of the properties of the newest events, most frequent first. Walks the primary key backwards.
PROPERTIES = """
SELECT key FROM (SELECT properties FROM tracker_event ORDER BY id DESC LIMIT %(sample)s) AS newest,
    LATERAL jsonb_object_keys(newest.properties) AS key
GROUP BY key ORDER BY count(*) DESC, key LIMIT %(most)s
"""
