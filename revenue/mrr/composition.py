"""What the balance of a close is made of: products, currencies, concentration (R5, R22, R23)."""

from dataclasses import dataclass, field
from decimal import Decimal
from heapq import nlargest
from itertools import accumulate

from revenue.mrr.book import Book
from revenue.mrr.grid import Grid, GridRow
from revenue.mrr.money import from_units, ratio
from revenue.mrr.timeline import Segment, Span


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
    total = sum(balances)
    if total == 0:
        return Concentration()
    largest = nlargest(10, balances)
    squares = sum(balance * balance for balance in balances)
    return Concentration(ratio(largest[0], total), ratio(sum(largest), total), ratio(squares, total * total))


def compositions(grid: Grid, first: int) -> list[Composition]:
    """One per close from index `first` on."""
    collected = _Collected(grid.book, grid.closes)
    for row in grid.rows:
        collected.add(row, first)
    balances = zip(*(row.balances[first:] for row in grid.rows), strict=True)
    concentrations = [concentration([value for value in close if value]) for close in balances]
    concentrations += [Concentration()] * (len(grid.closes) - first - len(concentrations))
    sums = collected.sums()
    return [_composition(sums, first + offset, concentrations[offset]) for offset in range(len(grid.closes) - first)]


class _Collected:
    """Sums by product and by currency while the rows of the grid go by."""

    def __init__(self, book: Book, closes: list[int]) -> None:
        self._book = book
        self._closes = closes
        self._product_mrr, self._product_rows, self._lines, self._organizations, self._native, self._rows = (
            Steps(len(closes)) for _ in range(6)
        )

    def add(self, row: GridRow, first: int) -> None:
        for start, end, segment in row.runs(first):
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

    def sums(self) -> tuple[dict[str, list[int]], ...]:
        collected = (self._product_rows, self._product_mrr, self._lines, self._organizations)
        return tuple(steps.sums() for steps in (*collected, self._rows, self._native))


def _priced(segment: Segment) -> set[str]:
    return {span.product_code for span in segment.spans if span.native > 0}


def _composition(sums: tuple[dict[str, list[int]], ...], index: int, shares: Concentration) -> Composition:
    rows, mrr, lines, organizations, currency_rows, native = sums
    return Composition(
        {code: from_units(mrr[code][index]) for code in rows if rows[code][index]},
        {code: ProductCounts(lines[code][index], organizations[code][index]) for code in lines if lines[code][index]},
        {code: from_units(native[code][index]) for code in currency_rows if currency_rows[code][index]},
        shares,
    )
