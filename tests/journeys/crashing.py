"""Clients that never give up, and what kills the processes of a running product under them."""

import hashlib
import hmac
import http.client
import json
import os
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from config.processes import tick_of
from tests.journeys.product import Product, wait_for

CLIENTS = 16
# So many of the clients send batches; large enough to go by COPY.
BATCHING = 4
BATCH = 60
PATIENCE = 120


class Client(threading.Thread):
    """Sends its events one after the other, each under a key of its own, again and again until it is acknowledged."""

    def __init__(self, product: Product, numbers: range, size: int, pause: float) -> None:
        super().__init__()
        self.product, self.numbers, self.size, self.pause = product, numbers, size, pause
        self.acknowledged: list[int] = []
        self.statuses: Counter = Counter()
        self.unkind: list[str] = []
        self.connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        for start in range(0, len(self.numbers), self.size):
            numbers = self.numbers[start : start + self.size]
            deadline = time.monotonic() + PATIENCE
            while not self.deliver(numbers) and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(self.pause)

    def deliver(self, numbers: range) -> bool:
        path, body = self.request(numbers)
        try:
            status, retry_after, answer = self.exchange(path, body)
        except (OSError, http.client.HTTPException) as error:
            self.statuses[type(error).__name__] += 1
            self.connection = None
            return False
        self.statuses[status] += 1
        if status == 503 and not retry_after:
            self.unkind.append("503 without Retry-After")
        if status not in (200, 201):
            return False
        if len(numbers) > 1 and answer["accepted"] + answer["duplicates"] != len(numbers):
            self.unkind.append(f"not all of a batch: {answer}")
        self.acknowledged += numbers
        return True

    def request(self, numbers: range) -> tuple[str, bytes]:
        events = [
            {
                "event": f"event_{number % 5}",
                "user_hash": hashlib.sha256(b"%d" % (number % 300)).hexdigest(),
                "customer_org_id": f"org-{number % 40}",
                "event_id": f"key-{number}",
                "properties": {"n": number},
            }
            for number in numbers
        ]
        if self.size == 1:
            return "/v1/events", json.dumps(events[0]).encode()
        return "/v1/events/batch", json.dumps(events).encode()

    def exchange(self, path: str, body: bytes) -> tuple[int, str | None, dict]:
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.product.port, timeout=10)
        signature = hmac.new(self.product.said["Secret"].encode(), body, hashlib.sha256).hexdigest()
        headers = {"x-app-uuid": self.product.application_uuid, "x-signature": signature}
        self.connection.request("POST", path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.getheader("Retry-After"), json.loads(answer.read())


class Crowd:
    """Sixteen clients that share `events` events between them and take about `seconds` when nothing is in the way."""

    last = 0

    def __init__(self, product: Product, events: int, seconds: float) -> None:
        each = events // CLIENTS
        self.numbers = range(Crowd.last, Crowd.last + each * CLIENTS)
        Crowd.last = self.numbers.stop
        self.clients = []
        for number in range(CLIENTS):
            size = BATCH if number < BATCHING else 1
            numbers = self.numbers[number * each : (number + 1) * each]
            self.clients.append(Client(product, numbers, size, seconds / max(each / size, 1)))

    def start(self) -> "Crowd":
        for client in self.clients:
            client.start()
        return self

    def is_sending(self) -> bool:
        return any(client.is_alive() for client in self.clients)

    def join(self) -> None:
        for client in self.clients:
            client.join()

    @property
    def acknowledged(self) -> list[int]:
        return [number for client in self.clients for number in client.acknowledged]

    @property
    def statuses(self) -> Counter:
        return sum((client.statuses for client in self.clients), Counter())

    @property
    def unkind(self) -> list[str]:
        return [each for client in self.clients for each in client.unkind]


def web_workers(product: Product) -> list[int]:
    """The processes that answer requests, the oldest first."""
    with suppress(OSError, ValueError, StopIteration):
        running = json.loads((product.folder / "processes.json").read_text())
        web = next(each["pid"] for each in running if each["name"] == "web")
        children = Path(f"/proc/{web}/task/{web}/children").read_text().split()
        return sorted(map(int, children), key=lambda pid: tick_of(pid) or 0)
    return []


def kill_a_web_worker(product: Product) -> int | None:
    """SIGKILL for the one that runs longest; its id, None when none ran this instant."""
    workers = web_workers(product)
    if not workers:
        return None
    with suppress(ProcessLookupError):
        os.kill(workers[0], signal.SIGKILL)
    return workers[0]


def postmaster(product: Product) -> int:
    lines = (product.folder / "services" / "postgres" / "data" / "postmaster.pid").read_text().split()
    return int(lines[0])


def kill_postgres(product: Product) -> tuple[int, int]:
    """kill -9 the server; its id and that of the one that runs in its place."""
    killed = postmaster(product)
    os.kill(killed, signal.SIGKILL)

    def another() -> int | None:
        with suppress(OSError, ValueError, IndexError):
            pid = postmaster(product)
            return pid if pid != killed and tick_of(pid) is not None else None
        return None

    return killed, wait_for("another PostgreSQL", another, 60)
