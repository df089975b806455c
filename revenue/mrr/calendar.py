"""Months and their closes (R8). Ordinals are proleptic days as in `date.toordinal`."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Month:
    """One month judged at its close: the last day, or `as_of` while it runs (`partial`)."""

    first: date
    close: date
    partial: bool

    @property
    def label(self) -> str:
        """ "2024-02"."""
        return self.first.strftime("%Y-%m") if self.first.year >= 1000 else self.first.isoformat()[:7]


def month_start(day: date) -> date:
    """The first day of the month `day` lies in."""
    return day.replace(day=1)


def add_months(first: date, count: int) -> date:
    """The first day of the month `count` months after the one `first` begins; at the earliest 0001-01."""
    months = max(first.year * 12 + first.month - 1 + count, 12)
    return date(months // 12, months % 12 + 1, 1)


def months_between(first: date, last: date) -> int:
    """How many months `last` lies after `first`."""
    return (last.year - first.year) * 12 + last.month - first.month


def months(first: date, as_of: date) -> list[Month]:
    """Every month from the one of `first` to the one of `as_of`, both included."""
    found = []
    for offset in range(months_between(first, as_of) + 1):
        start = add_months(month_start(first), offset)
        end = start.replace(day=monthrange(start.year, start.month)[1])
        found.append(Month(start, min(end, as_of), as_of < end))
    return found


def opening_of(first: date) -> int:
    """Ordinal of the close before the period that begins on `first`."""
    return (first - timedelta(days=1)).toordinal() if first > date.min else 0
