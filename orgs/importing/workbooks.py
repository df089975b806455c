"""The first sheet of an Excel workbook as rows of text; or one sentence why not. Pure.

A workbook knows numbers and days, not how they were typed. A number that is too long for it becomes one in scientific
notation, which every column refuses with its line.
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from io import BytesIO
from itertools import islice
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell.read_only import EmptyCell, ReadOnlyCell

from config.backoffice.formatting import plural
from orgs.importing.decoding import FileRefused

MARK = b"PK\x03\x04"
NAME = "xl/workbook.xml"
# Of the unpacked sheets: far above what 200 000 rows need, far below what fills a worker.
MOST_UNPACKED = 400_000_000
MOST_SHARED_TEXT = 100_000_000
# A spreadsheet keeps fifteen digits of a number.
MOST_DIGITS = 10**15
FORMULA = re.compile(rb"<f[ >/]")
REMEDY = "Save the sheet as “CSV UTF-8” and upload that."


def is_workbook(content: bytes) -> bool:
    if not content.startswith(MARK):
        return False
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            return NAME in archive.namelist()
    except zipfile.BadZipFile:
        return False


def refuse_oversized(content: bytes) -> None:
    """What unpacks to more than any honest sheet is not unpacked. Raises FileRefused."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        sizes = {each.filename: each.file_size for each in archive.infolist()}
    if sum(sizes.values()) > MOST_UNPACKED or sizes.get("xl/sharedStrings.xml", 0) > MOST_SHARED_TEXT:
        raise FileRefused("The Excel workbook is too large when unpacked.", REMEDY)


@dataclass(frozen=True)
class Table:
    """Rows with something in them, each with its number in the sheet; as wide as the widest cell in use."""

    rows: list[tuple[int, list[str]]]
    notice: str
    delimiter: str = ","

    def records(self) -> Iterator[tuple[int, list[str]]]:
        return iter(self.rows)


def read_table(content: bytes, most_rows: int) -> Table:
    """The first sheet, at most one row more than `most_rows`. Raises FileRefused for a broken or protected workbook."""
    refuse_oversized(content)
    try:
        book = load_workbook(BytesIO(content), read_only=True, data_only=True)
        sheet = first_visible(book)
        refuse_uncalculated(content, sheet.title)
        numbered = ((number, [text_of(cell) for cell in row]) for number, row in enumerate(sheet.iter_rows(), start=1))
        # The header is a row of its own.
        rows = list(islice((each for each in numbered if any(each[1])), most_rows + 2))
    except FileRefused:
        raise
    except Exception as error:  # the library raises whatever a damaged part makes it stumble over
        raise FileRefused("The Excel workbook cannot be read; it may be damaged or protected.", REMEDY) from error
    if not rows:
        raise FileRefused("The first sheet of the Excel workbook is empty.", "Put the table on the first sheet.")
    width = max(len(cells) for _, cells in rows)
    for _, cells in rows:
        cells.extend([""] * (width - len(cells)))
    others = len(book.worksheets) - 1
    left = f" {plural(others, 'other sheet')} not read." if others else ""
    return Table(rows, f"Read from the sheet “{sheet.title}” of the Excel workbook.{left}")


def first_visible(book: Workbook) -> Any:
    """What people see first when they open it."""
    return next((sheet for sheet in book.worksheets if sheet.sheet_state == "visible"), book.worksheets[0])


def refuse_uncalculated(content: bytes, title: str) -> None:
    """A formula that no program has calculated has no value; that is not an empty cell. Raises FileRefused."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        parts = [name for name in archive.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")]
        if not any(FORMULA.search(piece) for name in parts for piece in pieces(archive, name)):
            return
    formulas = load_workbook(BytesIO(content), read_only=True)[title].iter_rows()
    values = load_workbook(BytesIO(content), read_only=True, data_only=True)[title].iter_rows()
    for row, found in zip(formulas, values, strict=True):
        for cell, value in zip(row, found, strict=True):
            if cell.value is not None and value.value is None:
                raise FileRefused(
                    f"The formula in cell {cell.coordinate} of the Excel workbook was never calculated.",
                    "Open the workbook in a spreadsheet, save it and upload it again.",
                )


def pieces(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """A part of the workbook bit by bit, each with the end of the one before: unpacked it may be large."""
    with archive.open(name) as part:
        end = b""
        while piece := part.read(1 << 20):
            yield end + piece
            end = piece[-8:]


def text_of(cell: ReadOnlyCell | EmptyCell) -> str:
    """The cell as people would type it: whole numbers without “.0”, days as YYYY-MM-DD."""
    value: Any = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value, cell.number_format)
    if isinstance(value, datetime):
        return str(value.date()) if value.time() == time() else value.isoformat(sep=" ", timespec="seconds")
    return str(value)


def number_text(value: int | float, number_format: str) -> str:
    """Digits, with the leading zeros that the sheet shows; in scientific notation where there are too many."""
    if abs(value) >= MOST_DIGITS:
        return f"{value:E}"
    if value == int(value):
        digits = str(int(value))
        shown = number_format.split(";", maxsplit=1)[0]
        return digits.zfill(len(shown)) if set(shown) == {"0"} else digits
    return f"{value:.10f}".rstrip("0").rstrip(".")
