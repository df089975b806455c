"""The processes of a running install: started in groups of their own, known by file, ended for certain.

The supervisor, its janitor and the next start all end them with the same function, from the same file.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from config.embedded import data_dir
from config.embedded.keys import write_private
from config.embedded.place import CHECKOUT

LARGEST_LOG = 10_000_000
# A large body goes back to the system when it is read, however large ones before it were: with glibc's moving threshold
# a later one would lie in the heap and be copied when it grows.
MEMORY = {"MALLOC_MMAP_THRESHOLD_": "1048576", "MALLOC_ARENA_MAX": "2"}
ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "PYTHONUNBUFFERED": "1",
    # System checks load every view, in each process anew; they belong to `make check`.
    "CELERY_SKIP_CHECKS": "1",
    **MEMORY,
}


@dataclass(frozen=True)
class Program:
    """What to run: a Python module and its arguments; `patience` seconds lie between asking it to end and SIGKILL."""

    name: str
    arguments: tuple[str, ...]
    patience: float


@dataclass(frozen=True)
class Started:
    """A process, told from a later one of the same number by the clock tick of its start."""

    name: str
    pid: int
    tick: int
    patience: float


def programs(port: int) -> list[Program]:
    """Everything that runs beside PostgreSQL and Redis, in the order of starting and of ending."""
    # One worker has nobody to agree with, and waiting for others costs a second at every start.
    worker = "celery -A config worker --concurrency 2 --loglevel INFO --without-mingle --without-gossip"
    beat = "celery -A config beat --loglevel INFO --pidfile= --schedule"
    return [
        Program("web", ("config.web", "--port", str(port)), 3),
        Program("worker", tuple(worker.split()), 3),
        Program("beat", (*beat.split(), str(data_dir() / "beat-schedule")), 1),
    ]


def start(program: Program) -> subprocess.Popen:
    """Start a program in a session of its own, its output in `.data/logs/`."""
    with open(log_file(program.name), "ab") as log:
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", *program.arguments],
            cwd=CHECKOUT,
            env={**os.environ, **ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def log_file(name: str) -> Path:
    """The log of a program; a large one makes way once a start."""
    path = data_dir() / "logs" / f"{name}.log"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if path.exists() and path.stat().st_size > LARGEST_LOG:
        path.rename(path.with_suffix(".log.1"))
    return path


def describe(program: Program, process: subprocess.Popen) -> Started:
    return Started(program.name, process.pid, tick_of(process.pid) or 0, program.patience)


def remember(started: Iterable[Started]) -> None:
    """Write down what runs, for whoever has to end it should this process die."""
    fresh = _record().with_suffix(".new")
    write_private(fresh, json.dumps([asdict(each) for each in started]))
    fresh.replace(_record())


def remembered() -> list[Started]:
    try:
        return [Started(**each) for each in json.loads(_record().read_text())]
    except FileNotFoundError:
        return []


def end_remembered() -> None:
    """End what the file names, one after the other; forget it."""
    for each in remembered():
        end(each)
    _record().unlink(missing_ok=True)


def end(started: Started) -> None:
    """Ask a process to end, wait for it, then kill what is left of its group."""
    if not is_alive(started):
        _signal_group(started, signal.SIGKILL)
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(started.pid, signal.SIGTERM)
    deadline = time.monotonic() + started.patience
    while is_alive(started) and time.monotonic() < deadline:
        time.sleep(0.02)
    _signal_group(started, signal.SIGKILL)


def is_alive(started: Started) -> bool:
    return tick_of(started.pid) == started.tick


def _signal_group(started: Started, sign: signal.Signals) -> None:
    """Signal the members of the group, unless its number has become that of somebody else's."""
    if tick_of(started.pid) not in (None, started.tick):
        return
    for each in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            _, state, group, tick = _stat(each)
            if group == started.pid and tick >= started.tick and state != "Z":
                os.kill(int(each.parent.name), sign)


def tick_of(pid: int) -> int | None:
    """When a living process started, in clock ticks since boot; None for a dead one."""
    try:
        _, state, _, tick = _stat(Path(f"/proc/{pid}/stat"))
    except (OSError, ValueError):
        return None
    return None if state == "Z" else tick


def _stat(path: Path) -> tuple[str, str, int, int]:
    """Name, state, process group and start of a process (proc(5)); the name may hold anything, brackets too."""
    head, _, tail = path.read_text().rpartition(")")
    fields = tail.split()
    return head, fields[0], int(fields[2]), int(fields[19])


def _record() -> Path:
    return data_dir() / "processes.json"
