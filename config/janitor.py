"""Cleans up after a supervisor that was killed: `python -m config.janitor PIPE LOCK EMBEDDED`, started by it.

Waits for the end of a pipe whose other side only the supervisor holds. The lock of the install is shared with it, so
that the next start waits until everything is down.
"""

import os
import signal
import sys

from config import embedded, processes

ALL_IS_DONE = b"."


def main(pipe: int, has_embedded: bool) -> None:
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)
    if os.read(pipe, 1) == ALL_IS_DONE:
        return
    processes.end_remembered()
    if has_embedded:
        embedded.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] == "embedded")
