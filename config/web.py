"""The web server: `python -m config.web [--host 127.0.0.1] [--port 8000]`."""

import argparse
import gc
import os

from django.urls import get_resolver
from granian import Granian
from granian.constants import Interfaces

from config.wsgi import application

# Workers are forks of this process: what is loaded before, every view too, is loaded once for all of them.
LOADED = (application, get_resolver().url_patterns)

THREADS = 64
# A batch makes thousands of objects, and threads hold several batches at once: looked through every 700, as Python
# does, they cost a fifth of the CPU, and nearly all of them end without it.
OBJECTS_BETWEEN_COLLECTIONS = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="config.web")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    workers = min(os.cpu_count() or 1, 4)
    gc.collect()
    gc.freeze()  # what is loaded stays; it need not be looked through again
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    Granian(
        "config.wsgi:application",
        address=options.host,
        port=options.port,
        interface=Interfaces.WSGI,
        workers=workers,
        # A thread keeps its database connection, so that their number is bounded; the more requests a process
        # holds, the more share a commit.
        blocking_threads=THREADS // workers,
        blocking_threads_idle_timeout=600,
        respawn_failed_workers=True,
        workers_kill_timeout=2,
        websockets=False,
    ).serve()


if __name__ == "__main__":
    main()
