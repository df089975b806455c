"""Exchange-rate tables as people have them: `date,currency,per_eur`, or the ECB's own wide CSV (R24)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from revenue.fx import BASE, Rate

LONG_COLUMNS = ("date", "currency", "per_eur")
NOT_QUOTED = {"", "N/A", "-"}
# The ECB's daily file writes "31 January 2024"; its history file writes ISO dates.
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_CODE = re.compile(r"[A-Z]{3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class RateProblem:
    """A refused cell: file line (the header is 1), column, value, reason."""

    line: int
    column: str
    value: str
    message: str


def read_rates(header: Sequence[str], rows: Iterable[Sequence[str]]) -> tuple[list[Rate], list[RateProblem]]:
    """Rates and refusals of a table in either shape; cells without a quotation are skipped.

    Raises ValueError when the header is neither.
    """
    names = [name.strip() for name in header]
    lowered = [name.lower() for name in names]
    if set(LONG_COLUMNS) <= set(lowered):
        places = [lowered.index(column) for column in LONG_COLUMNS]
        return _collect(_long_cells(places, rows))
    if lowered[:1] == ["date"] and any(_CODE.fullmatch(name) for name in names[1:]):
        return _collect(_wide_cells(names, rows))
    raise ValueError("Expected the columns date,currency,per_eur or the ECB's table: Date,USD,JPY,…")


def _long_cells(places: list[int], rows: Iterable[Sequence[str]]) -> Iterable[tuple[int, str, str, str, str]]:
    for line, row in enumerate(rows, start=2):
        cells = [row[place].strip() if place < len(row) else "" for place in places]
        if any(cells):
            day, currency, per_eur = cells
            yield line, "per_eur", day, currency.upper(), per_eur


def _wide_cells(names: list[str], rows: Iterable[Sequence[str]]) -> Iterable[tuple[int, str, str, str, str]]:
    for line, row in enumerate(rows, start=2):
        for name, cell in zip(names[1:], row[1:], strict=False):
            if _CODE.fullmatch(name) and cell.strip() not in NOT_QUOTED:
                yield line, name, row[0].strip(), name, cell.strip()


def _collect(cells: Iterable[tuple[int, str, str, str, str]]) -> tuple[list[Rate], list[RateProblem]]:
    rates: dict[tuple[date, str], Rate] = {}
    problems = []
    for line, column, day, currency, per_eur in cells:
        try:
            rate = Rate(_day(day), _code(currency), _per_eur(per_eur, currency))
        except _CellError as error:
            problems.append(RateProblem(line, error.column or column, error.value, error.message))
            continue
        if rates.setdefault((rate.day, rate.currency), rate).per_eur != rate.per_eur:
            problems.append(RateProblem(line, column, per_eur, f"{currency} has another rate on {day} above."))
    return list(rates.values()), problems


class _CellError(Exception):
    def __init__(self, column: str, value: str, message: str) -> None:
        super().__init__(message)
        self.column, self.value, self.message = column, value, message


def _day(text: str) -> date:
    try:
        if text[:4].isdigit():
            return date.fromisoformat(text)
        number, month, year = text.split()
        return date(int(year), _MONTHS[month[:3].lower()], int(number))
    except (ValueError, KeyError) as error:
        raise _CellError("date", text, "Give a day that exists, as YYYY-MM-DD.") from error


def _code(text: str) -> str:
    if not _CODE.fullmatch(text):
        raise _CellError("currency", text, "Give a currency code of three letters.")
    return text


def _per_eur(text: str, currency: str) -> Decimal:
    try:
        value = Decimal(text) if text.isascii() and "_" not in text else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value <= 0:
        raise _CellError("", text, f"Give a number above zero: units of {currency} for 1 EUR.")
    if currency == BASE and value != 1:
        raise _CellError("", text, "1 EUR is always 1 EUR.")
    return value
