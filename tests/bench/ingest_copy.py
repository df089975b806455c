"""What COPY alone reaches into the same tables, from one connection with commits of the same size."""

import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from tests.bench.ingest_server import database_cpu


@dataclass(frozen=True)
class Copied:
    """Seconds for so many events: wall, of this process, of PostgreSQL."""

    events: int
    wall: float
    client: float
    database: float


@dataclass(frozen=True)
class Buffers:
    """The same rows as text for COPY, ready to send: nothing is left to do but that."""

    events: bytes
    keys: bytes = b""
    size: int = 0


COLUMNS = (
    "application_id, key_id, name, user_hash, path, session_id, environment, plan, occurred_at, received_at, properties"
)
EVENTS = f"COPY (SELECT {COLUMNS} FROM tracker_event WHERE id > %s ORDER BY id) TO STDOUT"
INTO_EVENTS = f"COPY tracker_event ({COLUMNS}) FROM STDIN"
INTO_KEYS = "COPY tracker_eventkey (event_id, received_at, digest, fingerprint) FROM STDIN"

KEYS = """
INSERT INTO tracker_eventkey (event_id, received_at, digest, fingerprint)
SELECT n, now(), gen_random_uuid(), md5(n::text)::uuid FROM generate_series(1, %(count)s) AS n
"""

WITHOUT_INDEX = "ALTER TABLE tracker_eventkey DROP CONSTRAINT tracker_eventkey_pkey"
WITH_INDEX = """
ALTER TABLE tracker_eventkey ADD CONSTRAINT tracker_eventkey_pkey PRIMARY KEY (digest) WITH (fillfactor = 70);
ALTER INDEX tracker_eventkey_pkey RESET (fillfactor)
"""


def last_id() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM tracker_event_id_seq")
        return cursor.fetchone()[0]


def exported(since: int) -> bytes:
    """What the product stored after this id, as COPY writes it."""
    with connection.cursor() as cursor, cursor.copy(EVENTS, [since]) as copy:
        return b"".join(copy)


def copy(commits: Sequence[Buffers]) -> Copied:
    """One commit after the other."""
    wall, client, database = time.perf_counter(), _cpu(), database_cpu()
    with connection.cursor() as cursor:
        for each in commits:
            cursor.execute("BEGIN")
            with cursor.copy(INTO_EVENTS) as into:
                into.write(each.events)
            if each.keys:
                with cursor.copy(INTO_KEYS) as into:
                    into.write(each.keys)
            cursor.execute("COMMIT")
    wall, client = time.perf_counter() - wall, _cpu() - client
    return Copied(sum(each.size for each in commits), wall, client, database_cpu() - database)


def empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE tracker_event, tracker_eventkey")


def fill(batch: Buffers, events: int) -> None:
    """So many events and keys in all. The index of the keys is built behind them, as loosely as random keys leave one;
    then everything is vacuumed, so that the server does not while something is measured, and written out, so that the
    first touch of any page costs the same however many there are."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tracker_event")
        missing = events - cursor.fetchone()[0]
        with cursor.copy(INTO_EVENTS) as into:
            for _ in range(missing // batch.size):
                into.write(batch.events)
        cursor.execute(WITHOUT_INDEX)
        cursor.execute(KEYS, {"count": missing})
        cursor.execute(WITH_INDEX)
        cursor.execute("VACUUM ANALYZE tracker_event, tracker_eventkey")
        cursor.execute("CHECKPOINT")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
