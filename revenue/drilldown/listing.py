"""A list behind a number: its columns, its rows, and the totals that are the numbers it was opened for."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import QuerySet

CHUNK = 2_000
ORGANIZATION, TEXT, KIND, DAY, MONTH = "organization", "text", "kind", "day", "month"
MONEY, SIGNED, SHARE, CHANGE = "money", "signed", "share", "change"
COUNT, QUOTIENT, INDEX = "count", "quotient", "index"
NATIVE, NATIVE_SIGNED = "native", "native_signed"
NUMERIC = frozenset({MONEY, SIGNED, SHARE, CHANGE, COUNT, QUOTIENT, INDEX, NATIVE, NATIVE_SIGNED})


Maker = Callable[[list[Any]], list[Sequence[Any]]]


class Native(NamedTuple):
    """Money in a currency of its own."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Column:
    """What stands over the values of one place in a row, and how they are written."""

    label: str
    kind: str = TEXT

    @property
    def is_numeric(self) -> bool:
        return self.kind in NUMERIC

    @property
    def css(self) -> str:
        return "bo-num" if self.is_numeric else "bo-nowrap" if self.kind in {DAY, MONTH} else ""


@dataclass(frozen=True, slots=True)
class Total:
    """One number that the list adds up to; `formula` says how, where it is not a plain sum or count."""

    measure: str
    label: str
    value: Any
    kind: str = MONEY
    formula: str = ""
    currency: str = ""

    @property
    def words(self) -> str:
        """The label within a sentence: "paying organizations", "change" of one; "MRR" stays."""
        said = self.label if self.label[:2].isupper() else self.label[:1].lower() + self.label[1:]
        return said.removesuffix("s") if self.kind == COUNT and self.value == 1 else said


@dataclass(frozen=True, slots=True)
class Choice:
    """A chip: what else the list can show, by the query of its address."""

    label: str
    query: str
    is_on: bool


@dataclass(frozen=True)
class Listing:
    """`rows` have a length and can be sliced; a row has one value a column. `more` stands under it."""

    name: str
    title: str
    currency: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Any]]
    totals: tuple[Total, ...]
    formula: str = ""
    choices: tuple[Choice, ...] = ()
    previous: Choice | None = None
    empty: str = "Nothing is counted here."
    more: "Listing | None" = None

    def header(self) -> list[str]:
        """Of a file: an organization has its id beside its name, native money its currency."""
        return [name for column in self.columns for name in names_of(column, self.currency)]

    def lines(self) -> Iterator[list[Any]]:
        """All rows for a file, read in chunks."""
        for start in range(0, len(self.rows), CHUNK):
            for row in self.rows[start : start + CHUNK]:
                yield [cell for value, column in zip(row, self.columns, strict=True) for cell in cells(value, column)]


def names_of(column: Column, currency: str) -> list[str]:
    if column.kind == ORGANIZATION:
        return ["external_org_id", "organization"]
    if column.kind in (NATIVE, NATIVE_SIGNED):
        return [column.label, "Currency"]
    return [f"{column.label} ({currency})" if column.kind in (MONEY, SIGNED) else column.label]


def cells(value: Any, column: Column) -> list[Any]:
    if column.kind == ORGANIZATION:
        return [value.external_id, value.name]
    if column.kind in (NATIVE, NATIVE_SIGNED):
        return list(value)
    return [value]


class QueryRows(Sequence):
    """Rows of a queryset, made into values page by page."""

    def __init__(
        self, found: QuerySet, make: Callable[[list[Any]], list[Sequence[Any]]], size: int | None = None
    ) -> None:
        self._found = found
        self._make = make
        self._size = size

    def __len__(self) -> int:
        if self._size is None:
            self._size = self._found.count()
        return self._size

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return self._make(list(self._found[at]))
        return self._make(list(self._found[at : at + 1]))[0]


class ListRows(Sequence):
    """The same over items that are at hand."""

    def __init__(self, items: Sequence[Any], make: Maker) -> None:
        self._items = items
        self._make = make

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return self._make(list(self._items[at]))
        return self._make([self._items[at]])[0]
