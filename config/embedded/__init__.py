"""A real PostgreSQL and Redis for trying the product out and for its tests; nothing to install beforehand.

Both live in `.data/` (or `BACKOFFICE_DATA_DIR`), listen on Unix sockets alone and keep every promise of
durability (`fsync` and `synchronous_commit` are on). With `DATABASE_URL` in the environment none is used.

Imports no Django: this runs before the settings can be read.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from config.embedded import keys, postgres, redis
from config.embedded.place import EmbeddedError, Place, data_dir, find_place, make_place, remove_place

__all__ = ["EmbeddedError", "data_dir", "is_up", "provide", "provided", "remove", "stop"]

_provided = False


def provide() -> None:
    """Make the environment name a database and a broker, starting the embedded ones when they are not up.

    Does nothing at all when `DATABASE_URL` came from outside. Called again, it starts again what has died since.
    Safe to call from any number of processes at once.
    Raises SystemExit with one sentence when the services cannot be had.
    """
    global _provided  # noqa: PLW0603  one fact per process: where its DATABASE_URL came from
    if "DATABASE_URL" in os.environ and not _provided:
        return
    try:
        place = _running_place()
        secrets = keys.read_or_make(data_dir())
    except (EmbeddedError, OSError) as error:
        raise SystemExit(f"The embedded PostgreSQL and Redis cannot be used: {error}") from error
    os.environ["DATABASE_URL"] = postgres.url(place)
    os.environ.setdefault("REDIS_URL", redis.url(place))
    for name, value in secrets.items():
        os.environ.setdefault(name, value)
    _provided = True


def provided() -> bool:
    """Whether this process got its services from `provide()`, not from its environment."""
    return _provided


def is_up() -> bool:
    """Whether both services answer now."""
    place = find_place()
    return place is not None and redis.answers(place) and postgres.answers(place)


def stop() -> None:
    """Stop Redis, then PostgreSQL, where they run. Data stays."""
    if not data_dir().exists():
        return
    with _alone():
        place = find_place()
        if place is None:
            return
        redis.stop(place)
        postgres.stop(place)


def remove() -> None:
    """Stop both and delete their data for good."""
    stop()
    remove_place()


def _running_place() -> Place:
    if (place := find_place()) and is_up():
        return place
    data_dir().mkdir(parents=True, exist_ok=True)
    with _alone() as lock:
        place = make_place()
        postgres.start(place, lock)
        redis.start(place)
        return place


@contextmanager
def _alone(patience: float = 90) -> Iterator[int]:
    """One process at a time starts or stops; the kernel frees the lock of a killed one. Gives the lock."""
    try:
        lock = os.open(data_dir() / "embedded.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except PermissionError as error:
        raise EmbeddedError(
            f"{data_dir()} belongs to another user;"
            " run as that user, or set BACKOFFICE_DATA_DIR to a folder of your own."
        ) from error
    try:
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise EmbeddedError(
                        f"another process has been starting or stopping them for {patience:.0f} s"
                        f" (it holds {data_dir() / 'embedded.lock'})."
                    ) from None
                time.sleep(0.02)
        yield lock
    finally:
        os.close(lock)
