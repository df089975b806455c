"""The web server as `make run` starts it, on the bench's database, and what CPU it and PostgreSQL take."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

TICK = os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(*, database: str = "", database_options: str = "") -> Iterator["Server"]:
    """A server that runs until the end of the block, on the bench's database or the one that is named;
    `database_options` are those of its connections."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    told, database = connection.settings_dict, database or connection.settings_dict["NAME"]
    options = f"&options={quote(database_options)}" if database_options else ""
    environment = {
        "DATABASE_URL": f"postgresql://{told['USER']}@/{database}?host={told['HOST']}{options}",
        "DJANGO_SETTINGS_MODULE": "tests.bench.ingest_settings",
        "LOG_LEVEL": "WARNING",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "config.web", "--port", str(port)],
        cwd=settings.BASE_DIR,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait(port)
        yield Server(port, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def another_database() -> Iterator[None]:
    """Inside the block a copy of the bench's database is connected to. No server may run when the block begins."""
    name, copy = connection.settings_dict["NAME"], f"{connection.settings_dict['NAME']}_copy"
    connection.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {copy}")
        cursor.execute(f"CREATE DATABASE {copy} TEMPLATE {name}")
    connection.settings_dict["NAME"] = copy
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = name
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE {copy} WITH (FORCE)")


def _wait(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("The web server does not start.")


class Server:
    """Where it listens, and the CPU that was used for it so far."""

    def __init__(self, port: int, pid: int) -> None:
        self.port, self.pid = port, pid

    def web_cpu(self) -> float:
        return sum(cpu for group, _, cpu in _processes() if group == self.pid)


def database_cpu() -> float:
    """Of PostgreSQL and all its children, ended ones too."""
    postmaster = _postmaster()
    return sum(cpu for _, parent, cpu in _processes(postmaster) if parent == postmaster)


def _postmaster() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [backend] = cursor.fetchone()
    return int(Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[1])


def _processes(ancestor: int = 0) -> Iterator[tuple[int, int, float]]:
    """Process group, parent and CPU seconds of every process; the ancestor's own come with its ended children's."""
    for each in Path("/proc").glob("[0-9]*/stat"):
        try:
            parts = each.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        times = [int(part) / TICK for part in parts[11:15]]
        if int(each.parent.name) == ancestor:
            yield int(parts[2]), ancestor, sum(times)
        else:
            yield int(parts[2]), int(parts[1]), times[0] + times[1]
