"""Lists as CSV: streamed, and safe to open in a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import StreamingHttpResponse

# A cell that begins like this may be executed as a formula; the quote is taken away again on import.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00")
MARK = "'"


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
