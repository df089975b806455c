"""Cleans up after a supervisor that was killed: `python -m config.janitor [embedded]`.

A shell waits for the end of a pipe whose other side only the supervisor holds, and becomes this. It shares the lock of
the install, so that the next start waits until everything is down.
"""

import sys

from config import embedded, processes

# Costs nothing while it waits. The supervisor says a line when it has stopped everything itself.
WAIT = 'trap "" INT TERM HUP; read -r _ || exec "$@"'
ALL_IS_DONE = b"done\n"


def command(*, has_embedded: bool) -> list[str]:
    """What the supervisor starts, with the pipe as its input."""
    what = [sys.executable, "-m", "config.janitor", *(["embedded"] if has_embedded else [])]
    return ["/bin/sh", "-c", WAIT, "janitor", *what]


def main() -> None:
    processes.end_remembered()
    if "embedded" in sys.argv:
        embedded.stop()


if __name__ == "__main__":
    main()
