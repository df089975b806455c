"""What the balance of a close is made of: products, currencies, concentration (R5, R22, R23)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from heapq import nlargest
from itertools import accumulate

from revenue.mrr.grid import Grid, GridRow
from revenue.mrr.money import from_units, ratio
from revenue.mrr.timeline import Segment, Span

LARGEST = 10
Columns = dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class ProductCounts:
    """Active lines with a price above zero, and the organizations that have one."""

    lines: int
    organizations: int


@dataclass(frozen=True, slots=True)
class Concentration:
    """Shares of MRR with six places; None without any MRR (R22)."""

    top1_share: Decimal | None = None
    top10_share: Decimal | None = None
    hhi: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Composition:
    """One close. `mrr_by_product` is in the reporting currency, `mrr_by_currency` native; both stay
    unfloored, so they may differ from the total by discounts larger than their plans (R5)."""

    mrr_by_product: dict[str, Decimal] = field(default_factory=dict)
    product_counts: dict[str, ProductCounts] = field(default_factory=dict)
    mrr_by_currency: dict[str, Decimal] = field(default_factory=dict)
    concentration: Concentration = Concentration()


class Steps:
    """Sums per close and key; a value that holds over a stretch of closes is written at its two ends."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._steps: dict[str, list[int]] = {}

    def add(self, key: str, first: int, last: int, value: int) -> None:
        """`value` at every close in [first, last)."""
        steps = self._steps.get(key)
        if steps is None:
            steps = self._steps[key] = [0] * (self._size + 1)
        steps[first] += value
        steps[last] -= value

    def sums(self) -> dict[str, list[int]]:
        """Key to one sum per close."""
        return {key: list(accumulate(steps))[:-1] for key, steps in sorted(self._steps.items())}


def concentration(balances: list[int]) -> Concentration:
    """Of the balances of one close, in units, in any order (R22)."""
    squares = sum(balance * balance for balance in balances)
    return shares(nlargest(LARGEST, balances), squares, sum(balances))


def shares(largest: Sequence[int], squares: int, total: int) -> Concentration:
    """From the ten largest balances (largest first), the sum of all squares and of all balances, in units (R22).

    Where the largest were not looked up nothing is told.
    """
    if total == 0 or not largest:
        return Concentration()
    return Concentration(ratio(largest[0], total), ratio(sum(largest), total), ratio(squares, total * total))


def composition(products: Columns, currencies: Columns, parts: Concentration) -> Composition:
    """From the sums of one close: products as [lines, MRR, priced lines, organizations], currencies as [lines, native
    MRR], in units."""
    products, currencies = dict(sorted(products.items())), dict(sorted(currencies.items()))
    return Composition(
        {code: from_units(mrr) for code, (_rows, mrr, _lines, _who) in products.items()},
        {code: ProductCounts(lines, who) for code, (_rows, _mrr, lines, who) in products.items() if lines},
        {code: from_units(native) for code, (_rows, native) in currencies.items()},
        parts,
    )


class Collected:
    """Sums by product and by currency over the rows of a grid, for every close."""

    def __init__(self, grid: Grid) -> None:
        self._book = grid.book
        self._closes = grid.closes
        self._steps = [Steps(len(grid.closes)) for _ in range(6)]
        self._product_rows, self._product_mrr, self._lines, self._organizations, self._rows, self._native = self._steps
        for row in grid.rows:
            self._add(row)
        self._sums = [steps.sums() for steps in self._steps]

    def at(self, index: int) -> tuple[Columns, Columns]:
        """Products and currencies with a line that counts at a close."""
        rows, mrr, lines, organizations, currency_rows, native = self._sums
        nothing = [0] * len(self._closes)
        products = {
            code: [
                rows[code][index],
                mrr[code][index],
                *(each.get(code, nothing)[index] for each in (lines, organizations)),
            ]
            for code in rows
            if rows[code][index]
        }
        return products, {
            code: [currency_rows[code][index], native[code][index]]
            for code in currency_rows
            if currency_rows[code][index]
        }

    def _add(self, row: GridRow) -> None:
        for start, end, segment in row.runs():
            for span in segment.spans:
                self._add_span(span, start, end)
            for product_code in _priced(segment):
                self._organizations.add(product_code, start, end, 1)

    def _add_span(self, span: Span, start: int, end: int) -> None:
        self._product_rows.add(span.product_code, start, end, 1)
        self._rows.add(span.currency, start, end, 1)
        self._native.add(span.currency, start, end, span.native)
        if span.native > 0:
            self._lines.add(span.product_code, start, end, 1)
        if span.fixed is not None:
            self._product_mrr.add(span.product_code, start, end, span.fixed)
            return
        for index in range(start, end):
            value = self._book.span_value(span, self._closes[index])
            self._product_mrr.add(span.product_code, index, index + 1, value)


def _priced(segment: Segment) -> set[str]:
    return {span.product_code for span in segment.spans if span.native > 0}
