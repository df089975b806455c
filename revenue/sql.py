"""Raw SQL of this app: named constants with named parameters."""

# One row: an id nobody else will get, in the order of the numbers.
NEXT_IDS = """
SELECT nextval(pg_get_serial_sequence('revenue_subscription', 'id')) FROM generate_series(1, %(count)s)
"""
