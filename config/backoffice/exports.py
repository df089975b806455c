"""Lists as CSV and XLSX: streamed, safe to open in a spreadsheet, told to the audit trail."""

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from config.backoffice import audit

# A cell that begins like this may be executed as a formula; the quote is taken away again on import.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00")
MARK = "'"
FORMATS = ("csv", "xlsx")
# What a sheet of a workbook holds, the header included; a longer list is exported as CSV.
MOST_SHEET_ROWS = 1_048_576
LONGEST_SHEET_CELL = 32_767
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class _Echo:
    def write(self, line: str) -> str:
        return line


def safe(value: Any) -> str:
    """A cell's text; what a spreadsheet could take for a formula gets a single quote in front."""
    if value is None:
        return ""
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    if isinstance(value, int | float | Decimal):
        return text
    return f"{MARK}{text}" if text.startswith(DANGEROUS) or is_marked(text) else text


def plain(text: str) -> str:
    """The cell before `safe`."""
    return text[1:] if is_marked(text) else text


def is_marked(text: str) -> bool:
    return text.startswith(MARK) and text.lstrip(MARK).startswith(DANGEROUS)


def lines(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff"
    yield writer.writerow([safe(name) for name in header])
    for row in rows:
        yield writer.writerow([safe(value) for value in row])


def csv_response(file_name: str, header: Iterable[str], rows: Iterable[Iterable[Any]]) -> StreamingHttpResponse:
    """A download; `file_name` without odd characters."""
    response = StreamingHttpResponse(lines(header, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response


def download(
    request: HttpRequest,
    name: str,
    header: Iterable[str],
    rows: Iterable[Iterable[Any]],
    *,
    file_format: str,
    now: datetime,
) -> HttpResponse:
    """A list as a file named after it and the day; who took it, and which filters were on, is kept in the audit trail.

    Raises Http404 for a format that is not in FORMATS.
    """
    if file_format not in FORMATS:
        raise Http404
    told = {"list": name, "format": file_format, "filters": dict(request.GET.items())}
    audit.record(request.user, "list.exported", request.user, now=now, detail=told)
    file_name = f"{name}-{now:%Y-%m-%d}.{file_format}"
    if file_format == "csv":
        return csv_response(file_name, header, rows)
    return FileResponse(workbook(name, header, rows), as_attachment=True, filename=file_name, content_type=XLSX)


def workbook(title: str, header: Iterable[str], rows: Iterable[Iterable[Any]]) -> Any:
    """A file with one sheet, written row by row to the disk: memory stays small however long the list is."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.append([cell(name) for name in header])
    for number, row in enumerate(rows, start=2):
        if number == MOST_SHEET_ROWS:
            sheet.append(["Cut off: a sheet holds no more rows. Export the list as CSV."])
            break
        sheet.append([cell(value) for value in row])
    file = TemporaryFile()  # noqa: SIM115  the response closes it
    book.save(file)
    file.seek(0)
    return file


def cell(value: Any) -> Any:
    """A number as a number; all else as safe text without what a workbook cannot hold."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return value
    return ILLEGAL_CHARACTERS_RE.sub("\ufffd", safe(value))[:LONGEST_SHEET_CELL]
