"""Values in PostgreSQL's binary form: the cells of a row for COPY, and with the same bytes the elements of an array.

A cell is its length in four bytes and then the value; NULL has the length -1. The server reads them without parsing
text, and nothing has to be escaped. Forms: `*_send` in PostgreSQL's src/backend/utils/adt, and the manual on COPY.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Any
from uuid import UUID

NULL = b"\xff\xff\xff\xff"
COPY_HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
COPY_END = b"\xff\xff"
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
TEXT, BYTES, NUMBER, UID, MOMENT, JSON = 25, 17, 20, 2950, 1184, 3802  # pg_type.oid

_length = Struct(">i").pack
_number = Struct(">iq").pack
_array = Struct(">5i").pack


def text(value: str | None) -> bytes:
    if value is None:
        return NULL
    raw = value.encode()
    return _length(len(raw)) + raw


def raw(value: bytes | None) -> bytes:
    return NULL if value is None else _length(len(value)) + value


def number(value: int | None) -> bytes:
    """A bigint."""
    return NULL if value is None else _number(8, value)


def uuid(value: UUID | bytes | None) -> bytes:
    if value is None:
        return NULL
    return b"\x00\x00\x00\x10" + (value if type(value) is bytes else value.bytes)


def moment(value: datetime) -> bytes:
    """A timestamptz: microseconds since 2000."""
    return _number(8, (value - EPOCH) // MICROSECOND)


def json(value: str | None) -> bytes:
    """A jsonb from its text, which follows the number of the form."""
    if value is None:
        return NULL
    written = value.encode()
    return _length(len(written) + 1) + b"\x01" + written


def array(kind: int, cells: Iterable[bytes]) -> bytes:
    """An array of one dimension; `kind` is the type of its elements."""
    elements = list(cells)
    return _array(1, 0, kind, len(elements), 1) + b"".join(elements)


def copied(rows: Sequence[tuple[bytes, ...]]) -> bytes:
    """All that COPY reads for these rows; each begins with the number of its columns."""
    if not rows:
        return COPY_HEAD + COPY_END
    count = len(rows[0]).to_bytes(2, "big")
    return b"".join([COPY_HEAD, *[count + b"".join(row) for row in rows], COPY_END])


MOST_KEPT, LONGEST_KEPT = 4000, 255


class Remembered(dict):
    """The cells of values that repeat: each is written once. No more is kept than 3 MB."""

    def __init__(self, write: Callable[[Any], bytes]) -> None:
        super().__init__()
        self.write = write

    def __missing__(self, value: Any) -> bytes:
        cell = self.write(value)
        if len(cell) <= LONGEST_KEPT:
            if len(self) >= MOST_KEPT:
                self.clear()
            self[value] = cell
        return cell
