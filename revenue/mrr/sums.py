"""What adds up over organizations, month by month: sums of two sets of organizations are the sums of their union.

Everything a month shows is made of these sums and of its largest balances (R11, R14-R22), so a change of a hundred
organizations is a subtraction and an addition, exact because everything is an integer of 0.0001 ("units").
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from revenue.mrr.composition import Collected
from revenue.mrr.grid import Grid, OrganizationMonth
from revenue.mrr.movements import KINDS, Tally


@dataclass(slots=True)
class MonthSums:
    """One month of a set of organizations, in units.

    `activity`: amounts of the day ledger by kind (R14). `retained`, `kept`: what those paying a year ago pay now at
    the rates of then, and the same capped (R16). `squares`: of the closing balances (R22). `products`: code to
    [lines, MRR, priced lines, organizations with one]; `currencies`: code to [lines, native MRR].
    """

    tally: Tally = field(default_factory=Tally)
    activity: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    in_and_out: int = 0
    retained: int = 0
    kept: int = 0
    squares: int = 0
    products: dict[str, list[int]] = field(default_factory=dict)
    currencies: dict[str, list[int]] = field(default_factory=dict)

    def count(self, month: OrganizationMonth) -> None:
        """Add one organization's month."""
        tally, opening, closing = self.tally, month.opening, month.closing
        if opening:
            tally.start += opening
            tally.paying_start += 1
        if closing:
            tally.end += closing
            tally.paying_end += 1
            self.squares += closing * closing
        if month.kind is not None or month.fx_impact:
            tally.count(month.kind, month.amount, month.fx_impact)
        if month.retained:
            self.retained += month.retained
            self.kept += min(month.year_ago, month.retained)

    def add(self, other: "MonthSums", sign: int = 1) -> None:
        """The union with another set of organizations; with -1, this set without that one."""
        self.tally.add(other.tally, sign)
        _add_values(self.activity, other.activity, sign)
        for name in ("in_and_out", "retained", "kept", "squares"):
            setattr(self, name, getattr(self, name) + sign * getattr(other, name))
        _add_columns(self.products, other.products, sign)
        _add_columns(self.currencies, other.currencies, sign)

    def dump(self) -> dict[str, Any]:
        """Plain JSON values; `load` reads them back."""
        names = ("activity", "in_and_out", "retained", "kept", "squares", "products", "currencies")
        return {"tally": self.tally.dump(), **{name: getattr(self, name) for name in names}}

    @classmethod
    def load(cls, data: dict[str, Any]) -> "MonthSums":
        return cls(**{**data, "tally": Tally.load(data["tally"])})


def sums(grid: Grid, months: Iterable[OrganizationMonth] | None = None) -> list[MonthSums]:
    """One per close of the grid; the one at index 0 has no opening. `months`: the answer of `organization_months`
    where the caller has it (or looks at it in passing)."""
    found = [MonthSums() for _ in grid.closes]
    for month in organization_months(grid) if months is None else months:
        found[month.close_index].count(month)
    for month_sums, activity, passed in zip(found, grid.day_sums(), grid.in_and_out(), strict=True):
        month_sums.activity, month_sums.in_and_out = activity, passed
    collected = Collected(grid)
    for index, month_sums in enumerate(found):
        month_sums.products, month_sums.currencies = collected.at(index)
    return found


def organization_months(grid: Grid) -> Iterator[OrganizationMonth]:
    """Every organization's month with a balance at either end."""
    for row in grid.rows:
        yield from grid.months_of(row)


def add_all(first: Sequence[MonthSums], second: Sequence[MonthSums], sign: int = 1) -> None:
    """Add `second` to `first` month by month, in place."""
    for into, other in zip(first, second, strict=True):
        into.add(other, sign)


def _add_values(into: dict[str, int], other: dict[str, int], sign: int) -> None:
    for key, value in other.items():
        into[key] += sign * value


def _add_columns(into: dict[str, list[int]], other: dict[str, list[int]], sign: int) -> None:
    """Add column by column; what no line is counted in any more goes."""
    for key, values in other.items():
        own = into.get(key, [0] * len(values))
        into[key] = [mine + sign * value for mine, value in zip(own, values, strict=True)]
        if not into[key][0]:
            del into[key]
