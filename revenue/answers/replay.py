"""What an organization paid on past days as it was known then, and who left: the revenue side of a look back."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from revenue import books
from revenue.books import Terms
from revenue.mrr.book import Row
from revenue.mrr.money import from_units
from revenue.mrr.movements import CHURN, day_ledger


@dataclass(frozen=True, slots=True)
class Left:
    """An organization that stopped paying on a day, and what it had paid a month, in the reporting currency."""

    organization_id: int
    on: date
    mrr: Decimal


class Payments:
    """The current lines of some organizations, to ask what they paid on any day.

    Lines count from their start on; an end after the day was not known then and counts as none.
    """

    def __init__(self, rows: list[Row], terms: Terms) -> None:
        self.converter = terms.converter()
        self.lines: dict[int, list[Row]] = {}
        for row in rows:
            if self.converter.can(row.currency):
                self.lines.setdefault(row.organization, []).append(row)

    def on(self, organization_id: int, day: date, rates_of: date | None = None) -> Decimal:
        """MRR at the close of a day, at its rates or those of another day, never below 0."""
        ordinal = (rates_of or day).toordinal()
        units = sum(
            books.units_of(row.mrr, row.currency, self.converter, ordinal)
            for row in self.lines.get(organization_id, ())
            if is_active(row, day)
        )
        return from_units(max(units, 0))


def is_active(row: Row, day: date) -> bool:
    """Whether a line counts on a day: begun, past its trial, and not ended by then."""
    begins_on = max(row.start_on, row.trial_end_on or row.start_on)
    return begins_on <= day and (row.end_on is None or row.end_on > day)


def payments(organization_ids: Collection[int], terms: Terms) -> Payments:
    return Payments(books.read_rows(books.lines(None, organization_ids)), terms)


def left(since: date, as_of: date, terms: Terms | None = None) -> list[Left]:
    """Everybody whose MRR fell to nothing in [since, as_of], by day; who came back and left again is there twice."""
    book = books.load(as_of, terms=terms)
    moved = (each for each in day_ledger(book, since, as_of) if each.kind == CHURN)
    found = [Left(each.organization, each.on, each.opening) for each in moved]
    return sorted(found, key=lambda each: (each.on, each.organization_id))
