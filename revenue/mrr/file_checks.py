"""What only the rows of a whole file can tell, for the import's preview (R3, R29)."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from revenue.mrr.book import Row, begins_on, monthly

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class EndHint:
    """How rows of one organization follow each other, read with exclusive ends.

    `one_day_apart`: pairs like "ends 31 March, next starts 1 April"; `touching`: "ends 1 April, next starts
    1 April". `example` is a pair of the first kind.
    """

    one_day_apart: int
    touching: int
    example: tuple[Row, Row] | None

    @property
    def suggests_inclusive(self) -> bool:
        """More rows end the day before the next one starts than on that day (R3)."""
        return self.one_day_apart > self.touching


def end_hint(rows: Iterable[Row]) -> EndHint:
    """Whether the file seems to name the last day with revenue instead of the first without."""
    listed = list(rows)
    starts: dict[tuple[Hashable, date], Row] = {}
    for row in listed:
        starts.setdefault((row.organization, row.start_on), row)
    apart, touching = [], 0
    for row in listed:
        if row.end_on is None or row.end_on == date.max:
            continue
        follower = starts.get((row.organization, row.end_on + DAY))
        if follower is not None:
            apart.append((row, follower))
        touching += (row.organization, row.end_on) in starts and row.end_on != row.start_on
    return EndHint(len(apart), touching, apart[0] if apart else None)


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
