"""Furniture around Django's connection: named locks, raw statements and COPY, always with parameters."""

import select
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import OperationalError, connection, transaction
from psycopg import sql
from psycopg.adapt import Dumper
from psycopg.pq import Format


def lock_key(name: str) -> int:
    """A stable 32-bit number for an advisory lock's name."""
    return zlib.crc32(name.encode()) - 2**31


def lock(name: str) -> None:
    """Wait for the named lock; it is held until the transaction ends."""
    run("SELECT pg_advisory_xact_lock(%(key)s)", {"key": lock_key(name)})


def lock_shared(name: str) -> None:
    """Wait until nobody holds the named lock by `lock`; others may hold it like this at the same time."""
    run("SELECT pg_advisory_xact_lock_shared(%(key)s)", {"key": lock_key(name)})


def run(statement: str, params: Mapping[str, Any] | None = None) -> int:
    """Execute one statement; the number of rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.rowcount


def rows(statement: str, params: Mapping[str, Any] | None = None) -> list[tuple]:
    """All rows of one statement, as tuples."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchall()


def close_if_cut_off() -> None:
    """Close this thread's connection when the server ended it while it was idle: then there is something to read.

    Django's own health check asks the server, which takes a round trip; this takes none.
    """
    held = connection.connection
    if held is None or connection.in_atomic_block:
        return
    if not held.closed:
        waiting = select.poll()
        waiting.register(held.fileno(), select.POLLIN)
        if not waiting.poll(0):
            return
    connection.close()


def prepared_rows(statement: str, params: Mapping[str, Any]) -> list[tuple]:
    """All rows of one statement that runs very often, if it has any: the server keeps its plan for this connection."""
    close_if_cut_off()  # Django looks only where it makes the cursor
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement, params, prepare=True)
        return cursor.fetchall() if cursor.description else []


class Binary(bytes):
    """A parameter that is in PostgreSQL's binary form already; a cast in the statement says of which type."""


class _BinaryDumper(Dumper):
    format = Format.BINARY
    oid = 0

    def dump(self, obj: Binary) -> bytes:
        return obj


psycopg.adapters.register_dumper(Binary, _BinaryDumper)


def copy_binary(table: str, columns: Sequence[str], rows: bytes) -> None:
    """COPY rows that are in PostgreSQL's binary form, head and end included, into a table."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        copy.write(rows)


def copy_into(table: str, columns: Sequence[str], records: Iterable[Sequence[Any]], types: Sequence[str] = ()) -> None:
    """COPY records into a table; `types` names PostgreSQL types where a value's own is not clear (json, uuid)."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        if types:
            copy.set_types(types)
        for record in records:
            copy.write_row(record)


class TooSlow(Exception):
    """A statement was stopped because it ran longer than it may."""


@contextmanager
def in_time(seconds: float) -> Iterator[None]:
    """A transaction that stops any statement that runs longer. Raises TooSlow; other failures stay what they are."""
    try:
        with transaction.atomic():
            run("SELECT set_config('statement_timeout', %(ms)s, true)", {"ms": str(int(seconds * 1000))})
            yield
            run("SELECT set_config('statement_timeout', '0', true)")
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
            raise TooSlow from error
        raise
