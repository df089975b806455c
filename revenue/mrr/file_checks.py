"""What only the rows of a whole file can tell, for the import's preview (R29)."""

from collections.abc import Hashable, Iterable
from datetime import date

from revenue.mrr.book import Row, begins_on, monthly


def self_overlaps(rows: Iterable[Row]) -> list[tuple[Row, Row]]:
    """Pairs of priced rows of one organization and product active on a common day: added up, and often a
    mistake (R5, R29). Each later row is named once, with the one before it that lasts longest."""
    groups: dict[tuple[Hashable, str], list[Row]] = {}
    for row in rows:
        lasts = row.end_on is None or row.end_on > begins_on(row)
        if lasts and monthly(row) > 0:
            groups.setdefault((row.organization, row.product_code), []).append(row)
    return [pair for group in groups.values() for pair in _overlaps(sorted(group, key=begins_on))]


def _overlaps(group: list[Row]) -> list[tuple[Row, Row]]:
    found = []
    longest = group[0]
    for row in group[1:]:
        if begins_on(row) < (longest.end_on or date.max):
            found.append((longest, row))
        if (row.end_on or date.max) > (longest.end_on or date.max):
            longest = row
    return found
