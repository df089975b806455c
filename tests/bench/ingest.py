"""Events on their way in through the real web server, beside what COPY alone and what other views reach."""

import hashlib
import hmac
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone

from orgs.keys import ensure_keys
from tests.bench import ingest_copy
from tests.bench.ingest_copy import Buffers
from tests.bench.ingest_load import drive
from tests.bench.ingest_server import Server, database_cpu, serving
from tracker.applications import NewApplication, create_application

BATCH, BATCHES, SINGLES = 500, 160, 6000
ROUNDS = 3
USERS, ORGANIZATIONS, NAMES, PATHS = 500, 200, 20, 50
SINGLE, MANY = "/v1/events", "/v1/events/batch"


def sample(number: int, **values: object) -> dict:
    """One of 500 users in 200 organizations; about 250 bytes."""
    return {
        "event": f"event_{number % NAMES}",
        "user_hash": hashlib.sha256(b"%d" % (number % USERS)).hexdigest(),
        "customer_org_id": f"org-{number % ORGANIZATIONS}",
        "path": f"/reports/{number % PATHS}",
        "properties": {"source": "bench", "number": number},
        **values,
    }


@dataclass(frozen=True)
class Sender:
    """Writes signed requests."""

    fresh: NewApplication

    def request(self, body: object, path: str) -> bytes:
        raw = json.dumps(body, separators=(",", ":")).encode()
        signature = hmac.new(self.fresh.secret.encode(), raw, hashlib.sha256).hexdigest()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"x-app-uuid: {self.fresh.application.uuid}\r\nx-signature: {signature}\r\n"
            f"Content-Length: {len(raw)}\r\n\r\n"
        )
        return head.encode() + raw

    def singles(self, path: str = SINGLE, count: int = SINGLES) -> list[bytes]:
        return [self.request(sample(number), path) for number in range(count)]

    def batches(self, *, keyed: bool = False, count: int = BATCHES) -> list[bytes]:
        return [self.request([sample(n, **key_of(n, keyed)) for n in range(BATCH)], MANY) for _ in range(count)]


def key_of(number: int, keyed: bool) -> dict[str, str]:
    return {"event_id": str(uuid.uuid4())} if keyed else {}


@dataclass
class Line:
    """One line of the table, the best of its rounds by CPU."""

    title: str
    events: int
    wall: float
    client: float
    web: float
    database: float

    @property
    def cpu(self) -> float:
        return self.web + self.database

    @property
    def rate(self) -> float:
        return self.events / self.wall

    def __str__(self) -> str:
        each = [1e6 * part / self.events for part in (self.client, self.web, self.database, self.cpu)]
        return f"{self.title:44} {self.rate:>9,.0f}/s  " + "".join(f"{part:>9.1f}" for part in each)


HEAD = f"{'':44} {'events':>11}  {'client':>9}{'web':>9}{'database':>9}{'web+db':>9}   µs CPU an event"


def through(server: Server, title: str, requests: list[bytes], events: int, connections: int) -> Line:
    web, database = server.web_cpu(), database_cpu()
    driven = drive(server.port, requests, connections)
    return Line(title, events, driven.wall, driven.cpu, server.web_cpu() - web, database_cpu() - database)


def by_copy(title: str, commits: list[Buffers]) -> Line:
    told = ingest_copy.copy(commits)
    return Line(title, told.events, told.wall, told.client, 0.0, told.database)


def best_of(acts: dict[str, Callable[[str], Line]], rounds: int = ROUNDS) -> dict[str, Line]:
    """Every act a round, several rounds: what else the machine does meets all alike. Prints each one's cheapest."""
    found: dict[str, list[Line]] = {title: [] for title in acts}
    for _ in range(rounds):
        for title, act in acts.items():
            found[title].append(act(title))
    best = {title: min(lines, key=lambda line: line.cpu) for title, lines in found.items()}
    for title, line in best.items():
        line.wall = min(each.wall for each in found[title])
        print(line, flush=True)
    return best


def main(*, full: bool = False) -> None:
    sender = Sender(create_application("Bench", actor=None, now=timezone.now()))
    ensure_keys({f"org-{number}" for number in range(ORGANIZATIONS)}, timezone.now())
    print(HEAD)
    with serving() as server:
        warm_up(server, sender)
        compare_batches(server, sender)
        compare_singles(server, sender)


def warm_up(server: Server, sender: Sender) -> None:
    drive(server.port, sender.singles(count=640), 64)
    drive(server.port, sender.batches(count=16), 8)


def compare_batches(server: Server, sender: Sender) -> None:
    since = ingest_copy.last_id()
    drive(server.port, sender.batches(count=1), 1)
    plain = Buffers(ingest_copy.exported(since), size=BATCH)
    events = BATCH * BATCHES
    best = best_of(
        {
            f"COPY alone, commits of {BATCH}": lambda title: by_copy(title, [plain] * BATCHES),
            f"batches of {BATCH}": lambda title: through(server, title, sender.batches(), events, 8),
            f"COPY alone with ids, commits of {BATCH}": lambda title: by_copy(
                title, [with_keys(plain, sender) for _ in range(BATCHES)]
            ),
            f"batches of {BATCH} with ids": lambda title: through(server, title, sender.batches(keyed=True), events, 8),
        }
    )
    copied, batches, copied_keys, keyed = best.values()
    print(f"  batches reach {batches.rate / copied.rate:.0%} of COPY, with ids {keyed.rate / copied_keys.rate:.0%}")


def with_keys(plain: Buffers, sender: Sender) -> Buffers:
    application_id, now = sender.fresh.application.id, timezone.now().isoformat()
    lines = [f"{application_id}\t{uuid.uuid4()}\t1\t\\\\x{n:032x}\t{now}\n" for n in range(BATCH)]
    return Buffers(plain.events, "".join(lines).encode(), BATCH)


def compare_singles(server: Server, sender: Sender) -> None:
    best_of(
        {
            "singles, 64 connections": lambda title: through(server, title, sender.singles(), SINGLES, 64),
        }
    )
