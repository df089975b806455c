"""A running product of a test's own: database, broker, web, worker and beat in a folder that goes with the test."""

import hashlib
import hmac
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parent.parent.parent
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what: str, ask: Callable[[], Any], seconds: float, every: float = 0.25) -> Any:
    """Ask until the answer is true; the answer. Fails with what was waited for."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(every)
    raise AssertionError(f"{what} did not happen within {seconds:.0f} seconds")


@dataclass
class Product:
    """`manage.py run` in a folder; what it printed stands in `said`."""

    folder: Path
    port: int = field(default_factory=free_port)
    said: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        own = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "DJANGO_SETTINGS_MODULE"}
        kept = {name: value for name, value in os.environ.items() if name not in own}
        return {**kept, "BACKOFFICE_DATA_DIR": str(self.folder), "PORT": str(self.port)}

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "run"],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            name, _, value = line.strip().partition(" ")
            self.said[name.rstrip(":")] = value.strip()
            if line.startswith("Ready:"):
                return
        raise AssertionError("The product did not start:\n" + "".join(lines))

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=20)

    @property
    def login(self) -> tuple[str, str]:
        name, password = self.said["Login"].split()
        return name, password

    @property
    def application_uuid(self) -> str:
        return re.search(r"[0-9a-f-]{36}", self.said["Application"]).group()

    def send(self, events: list[dict[str, Any]]) -> dict[str, Any]:
        """One signed batch over HTTP; its receipt."""
        body = json.dumps(events).encode()
        request = urllib.request.Request(
            f"{self.address}/v1/events/batch",
            data=body,
            headers={
                "Content-Type": "application/json",
                "x-app-uuid": self.application_uuid,
                "x-signature": hmac.new(self.said["Secret"].encode(), body, hashlib.sha256).hexdigest(),
            },
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def command(self, *arguments: str) -> str:
        """A manage.py command beside the running product."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        ).stdout

    def database(self) -> psycopg.Connection:
        """A connection to the product's own database."""
        say_url = "import os; from config import embedded; embedded.provide(); print(os.environ['DATABASE_URL'])"
        url = subprocess.run(
            [sys.executable, "-c", say_url], cwd=ROOT, env=self.environment, check=True, capture_output=True, text=True
        ).stdout.strip()
        return psycopg.connect(url, autocommit=True)
