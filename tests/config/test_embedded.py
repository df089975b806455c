"""The embedded services, each test in a data folder of its own, seen from processes of their own."""

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PROVIDE = """
import json, os, time
from config import embedded
began = time.monotonic()
embedded.provide()
names = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS")
print(json.dumps({name: os.environ.get(name) for name in names} | {"seconds": time.monotonic() - began}))
"""


def begin(code: str, folder: Path, **environment: str) -> subprocess.Popen:
    inherited = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "VIRTUAL_ENV")}
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=CHECKOUT,
        env={**inherited, "BACKOFFICE_DATA_DIR": str(folder), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen) -> dict:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return json.loads(out or "null")


def provide(folder: Path, **environment: str) -> dict:
    return end(begin(PROVIDE, folder, **environment))


def postmaster(folder: Path) -> int:
    return int((folder / "services" / "postgres" / "data" / "postmaster.pid").read_text().split()[0])


def command_lines() -> list[str]:
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # ended in between
            found.append(each.read_text(errors="replace").replace("\0", " "))
    return found


def ask_redis(url: str, command: bytes) -> bytes:
    path = url.removeprefix("redis+socket://").partition("?")[0]
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(command + b"\r\n")
        return connection.recv(1000)


def remove(folder: Path) -> None:
    end(begin("from config import embedded; embedded.remove()", folder))
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def open_folder():
    """One that everybody may pass through, like a checkout under /srv."""
    top = Path(tempfile.mkdtemp(dir="/tmp"))
    top.chmod(0o755)
    yield top / "data"
    remove(top / "data")
    shutil.rmtree(top)


@pytest.fixture
def folder():
    with open_folder() as made:
        yield made


@pytest.fixture(scope="module")
def running():
    """A folder whose services run, for tests that only look, and what the first start gave."""
    with open_folder() as made:
        yield made, provide(made)


@pytest.fixture
def closed_folder():
    """Nobody but its owner may enter, like a home folder."""
    top = Path(tempfile.mkdtemp(dir="/tmp"))
    yield top / "data"
    remove(top / "data")
    shutil.rmtree(top)


def test_a_first_start_gives_a_durable_database_a_broker_and_keys(running):
    folder, given = running
    with psycopg.connect(given["DATABASE_URL"]) as connection:
        shown = {
            name: connection.execute("SELECT current_setting(%s)", [name]).fetchone()[0]
            for name in ("fsync", "synchronous_commit", "full_page_writes", "listen_addresses", "TimeZone")
        }
        encoding, locale = connection.execute(
            "SELECT pg_encoding_to_char(encoding), datlocale FROM pg_database WHERE datname = 'backoffice'"
        ).fetchone()
    assert shown == {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "listen_addresses": "",
        "TimeZone": "UTC",
    }
    assert (encoding, locale) == ("UTF8", "C.UTF-8")
    assert ask_redis(given["REDIS_URL"], b"CONFIG GET port") == b"*2\r\n$4\r\nport\r\n$1\r\n0\r\n"
    assert len(given["SECRET_KEY"]) >= 50
    assert stat.S_IMODE((folder / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "services" / "run").stat().st_mode) == 0o700


def test_the_encryption_key_is_a_fernet_key(running):
    from cryptography.fernet import Fernet

    _, given = running
    cipher = Fernet(given["FIELD_ENCRYPTION_KEYS"])
    assert cipher.decrypt(cipher.encrypt(b"secret")) == b"secret"


def test_a_second_call_finds_the_same_services_at_once(running):
    folder, first = running
    server = postmaster(folder)
    second = provide(folder)
    assert second["seconds"] < 0.5
    assert {**second, "seconds": 0} == {**first, "seconds": 0}
    assert postmaster(folder) == server


def test_the_environment_goes_first(running):
    folder, _ = running
    given = provide(folder, SECRET_KEY="mine", FIELD_ENCRYPTION_KEYS="also mine")
    assert (given["SECRET_KEY"], given["FIELD_ENCRYPTION_KEYS"]) == ("mine", "also mine")


def test_nothing_happens_with_a_database_of_ones_own(folder):
    given = provide(folder, DATABASE_URL="postgresql://elsewhere/theirs")
    assert given["DATABASE_URL"] == "postgresql://elsewhere/theirs"
    assert given["REDIS_URL"] is given["SECRET_KEY"] is None
    assert not folder.exists()


def test_four_processes_at_once_start_one_of_each(folder):
    answers = [end(each) for each in [begin(PROVIDE, folder) for _ in range(4)]]
    assert len({json.dumps({**each, "seconds": 0}) for each in answers}) == 1
    running = command_lines()
    assert sum(f"postgres -D {folder}/services/postgres/data" in each for each in running) == 1
    assert sum(f"unixsocket:{folder}/services/run/redis.sock" in each for each in running) == 1


def test_committed_rows_outlive_a_killed_server(folder):
    given = provide(folder)
    with psycopg.connect(given["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    server = postmaster(folder)
    os.kill(server, signal.SIGKILL)
    again = provide(folder)
    assert postmaster(folder) != server
    with psycopg.connect(again["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


def test_a_pid_file_from_before_a_reboot_is_no_obstacle(folder):
    provide(folder)
    file = folder / "services" / "postgres" / "data" / "postmaster.pid"
    lines = file.read_text().splitlines()
    end(begin("from config import embedded; embedded.stop()", folder))
    assert not file.exists()
    # The number now belongs to a process that lives and is no PostgreSQL: this one.
    file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    with psycopg.connect(provide(folder)["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_stop_ends_both_and_keeps_the_data(folder):
    given = provide(folder)
    with psycopg.connect(given["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 8 AS number")
    assert ask_redis(given["REDIS_URL"], b"SET kept 9") == b"+OK\r\n"
    end(begin("from config import embedded; embedded.stop()", folder))
    assert [each for each in command_lines() if str(folder) in each] == []
    provide(folder)
    with psycopg.connect(given["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (8,)
    assert ask_redis(given["REDIS_URL"], b"GET kept") == b"$1\r\n9\r\n"


def test_a_killed_first_start_leaves_nothing_half_made(folder):
    process = begin(PROVIDE, folder)
    while not (folder / "services" / "postgres" / "data.new").exists():
        time.sleep(0.005)
    process.kill()
    process.wait()
    with psycopg.connect(provide(folder)["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_deep_checkout_gets_a_short_socket_folder(folder):
    deep = folder / ("a" * 60) / ("b" * 60) / "with, a comma and a space"
    given = provide(deep)
    assert provide(deep)["DATABASE_URL"] == given["DATABASE_URL"]
    sockets = (deep / "services" / "run").resolve()
    assert sockets.parent == Path("/tmp")
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    with psycopg.connect(given["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert ask_redis(given["REDIS_URL"], b"PING") == b"+PONG\r\n"
    remove(deep)
    assert not sockets.exists()


def test_redis_needs_no_system_package_and_says_so_without_one(folder):
    code = """
import json
from config.embedded import place, redis
redis.shutil.which = redis.find_spec = lambda *arguments, **options: None
try:
    redis.binary(None)
except place.EmbeddedError as error:
    print(json.dumps(str(error)))
"""
    assert "apt-get install redis-server" in end(begin(code, folder))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes users")
def test_root_starts_both_as_nobody(running):
    folder, _ = running
    facts = Path(f"/proc/{postmaster(folder)}").stat()
    assert pwd.getpwuid(facts.st_uid).pw_name == "nobody"
    assert (folder / "services" / "redis" / "appendonly.aof").stat().st_uid == facts.st_uid


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes users")
def test_root_in_a_closed_folder_places_the_data_where_nobody_may_go(closed_folder):
    given = provide(closed_folder)
    home = (closed_folder / "services").resolve()
    assert home.parent == Path("/var/lib/customer-backoffice")
    with psycopg.connect(given["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 9 AS number")
    end(begin("from config import embedded; embedded.stop()", closed_folder))
    provide(closed_folder)
    with psycopg.connect(given["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (9,)
    remove(closed_folder)
    assert not home.exists()


def test_a_folder_of_somebody_else_is_refused_in_one_sentence(folder):
    folder.mkdir()
    owner = pwd.getpwnam("daemon") if os.geteuid() == 0 else None
    if owner is None:
        pytest.skip("only root gives folders away")
    (folder / "services").mkdir()
    os.chown(folder / "services", owner.pw_uid, owner.pw_gid)
    out, err = begin(PROVIDE, folder).communicate(timeout=60)
    assert out == ""
    assert err.strip() == (
        f"The embedded PostgreSQL and Redis cannot be used: {folder}/services belongs to daemon:"
        " run as that user, not as root, or set BACKOFFICE_DATA_DIR to another folder."
    )


def test_a_new_server_waits_until_the_children_of_a_killed_one_are_gone(folder):
    """A backend that outlives its server may still write; two at once would ruin the data."""
    given = provide(folder)
    data = folder / "services" / "postgres" / "data"
    child = next(each for each in Path("/proc").glob("[0-9]*") if is_checkpointer(each, data))
    os.kill(int(child.name), signal.SIGSTOP)
    os.kill(postmaster(folder), signal.SIGKILL)
    starting = begin(PROVIDE, folder)
    with pytest.raises(subprocess.TimeoutExpired):
        starting.wait(timeout=1.5)
    os.kill(int(child.name), signal.SIGCONT)
    assert end(starting)["DATABASE_URL"] == given["DATABASE_URL"]
    assert not is_checkpointer(child, data)


def is_checkpointer(process: Path, data: Path) -> bool:
    try:
        return os.readlink(process / "cwd") == str(data) and "checkpointer" in (process / "cmdline").read_text()
    except OSError:
        return False
