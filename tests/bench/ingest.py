"""Events on their way in through the real web server, beside what COPY alone and what other views reach."""

import hashlib
import hmac
import json
import secrets
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

from django.db import connection
from django.utils import timezone

from orgs.keys import ensure_keys
from signals import rounds
from tests.bench import ingest_copy
from tests.bench.ingest_copy import Buffers
from tests.bench.ingest_load import drive, pace
from tests.bench.ingest_server import Server, another_database, database_cpu, serving
from tracker import rollups
from tracker.applications import NewApplication, create_application

BATCH, BATCHES, SINGLES = 500, 160, 6000
# Of batches and of singles. A connection stays with the web process that took it: few would leave one of them idle.
BATCHES_AT_ONCE, SINGLES_AT_ONCE = 16, 64
ROUNDS = 3
# From a checkpoint on: the first rounds write every page that they change as a whole.
FILL_ROUNDS = 6
FILLS = (10_000, 10_000_000)
USERS, ORGANIZATIONS, NAMES, PATHS = 500, 200, 20, 50
SINGLE, MANY = "/v1/events", "/v1/events/batch"
POSTHOG, SEGMENT = "/batch/", "/v1/batch"
ONE_INSERT, LIBRARY, SERIALIZER = (f"/v1/bench/{name}" for name in ("one-insert", "library", "serializer"))


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

    def batches(self, ids: Callable[[], str] | None = None, count: int = BATCHES) -> list[bytes]:
        return [self.request([sample(n, **key_of(ids)) for n in range(BATCH)], MANY) for _ in range(count)]

    def clients(self, path: str, call: Callable[[int], dict], count: int = BATCHES) -> list[bytes]:
        """Batches as clients of other families send them."""
        key, sent = self.fresh.write_key, timezone.now().isoformat()
        envelope = {"api_key": key, "sent_at": sent} if path == POSTHOG else {"writeKey": key, "sentAt": sent}
        return [self.request({**envelope, "batch": [call(n) for n in range(BATCH)]}, path) for _ in range(count)]


def captured(number: int) -> dict:
    """The sample as posthog-python sends it."""
    said = sample(number)
    return {
        "event": said["event"],
        "distinct_id": f"user-{number % USERS}",
        "uuid": str(uuid.uuid4()),
        "timestamp": timezone.now().isoformat(),
        "properties": {
            "$lib": "posthog-python",
            "$lib_version": "7.9.1",
            "$groups": {"company": said["customer_org_id"]},
            **said["properties"],
        },
    }


def tracked(number: int) -> dict:
    """The sample as Segment's Python client sends it."""
    said = sample(number)
    return {
        "type": "track",
        "event": said["event"],
        "userId": f"user-{number % USERS}",
        "messageId": str(uuid.uuid4()),
        "timestamp": timezone.now().isoformat(),
        "context": {
            "library": {"name": "analytics-python", "version": "2.4"},
            "groupId": said["customer_org_id"],
        },
        "properties": said["properties"],
    }


def key_of(ids: Callable[[], str] | None) -> dict[str, str]:
    return {"event_id": ids()} if ids else {}


def random_id() -> str:
    return str(uuid.uuid4())


def id_in_order_of_time() -> str:
    """Like a UUID of version 7: later ones stand behind earlier ones."""
    return str(uuid.UUID(int=time.time_ns() << 64 | secrets.randbits(64)))


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


def in_turns(acts: dict[str, Callable[[str], Line]], rounds: int = ROUNDS) -> dict[str, list[Line]]:
    """Every act a round, several rounds: what else the machine does meets all alike. Prints each one's cheapest."""
    found: dict[str, list[Line]] = {title: [] for title in acts}
    for _ in range(rounds):
        for title, act in acts.items():
            found[title].append(act(title))
    for lines in found.values():
        print(cheapest(lines), flush=True)
    return found


def cheapest(lines: list[Line]) -> Line:
    """With the shortest time of all rounds, which need not be that of the least CPU."""
    return replace(min(lines, key=lambda line: line.cpu), wall=min(line.wall for line in lines))


def best_of(acts: dict[str, Callable[[str], Line]]) -> list[Line]:
    return [cheapest(lines) for lines in in_turns(acts).values()]


def main(*, full: bool = False) -> None:
    sender = Sender(create_application("Bench", actor=None, now=timezone.now()))
    ensure_keys({f"org-{number}" for number in range(ORGANIZATIONS)}, timezone.now())
    print(HEAD)
    with serving() as server:
        warm_up(server, sender)
        compare_batches(server, sender)
    compare_singles(sender)
    # By default a commit waits only while five other transactions are open.
    compare_singles(sender, "a commit takes 2 ms", "-c commit_delay=2000 -c commit_siblings=0")
    with serving() as server:
        warm_up(server, sender)
        answer_times(server, sender)
        since = ingest_copy.last_id()
        drive(server.port, sender.batches(count=1), 1)
    if full:
        compare_fill(sender, Buffers(ingest_copy.exported(since), size=BATCH))


def warm_up(server: Server, sender: Sender) -> None:
    drive(server.port, sender.singles(count=640), SINGLES_AT_ONCE)
    drive(server.port, sender.batches(count=32), BATCHES_AT_ONCE)


def batches_line(server: Server, sender: Sender, title: str, ids: Callable[[], str] | None = None) -> Line:
    return through(server, title, sender.batches(ids), BATCH * BATCHES, BATCHES_AT_ONCE)


def clients_line(server: Server, sender: Sender, title: str, path: str, call: Callable[[int], dict]) -> Line:
    return through(server, title, sender.clients(path, call), BATCH * BATCHES, BATCHES_AT_ONCE)


def compare_batches(server: Server, sender: Sender) -> None:
    since = ingest_copy.last_id()
    drive(server.port, sender.batches(count=1), 1)
    plain = Buffers(ingest_copy.exported(since), size=BATCH)
    copied, batches, copied_keys, keyed, *_ = best_of(
        {
            f"COPY alone, commits of {BATCH}": lambda title: by_copy(title, [plain] * BATCHES),
            f"batches of {BATCH}": lambda title: batches_line(server, sender, title),
            f"COPY alone, events and ids, commits of {BATCH}": lambda title: by_copy(
                title, [with_keys(plain) for _ in range(BATCHES)]
            ),
            f"batches of {BATCH}, each event with its id": lambda title: batches_line(server, sender, title, random_id),
            f"batches of {BATCH} of PostHog's clients": lambda title: clients_line(
                server, sender, title, POSTHOG, captured
            ),
            f"batches of {BATCH} of Segment's clients": lambda title: clients_line(
                server, sender, title, SEGMENT, tracked
            ),
        }
    )
    print(f"  batches reach {batches.rate / copied.rate:.0%} of COPY, with ids {keyed.rate / copied_keys.rate:.0%}\n")


def with_keys(plain: Buffers) -> Buffers:
    now = timezone.now().isoformat()
    lines = [f"1\t{now}\t{uuid.uuid4()}\t{uuid.UUID(int=n)}\n" for n in range(BATCH)]
    return Buffers(plain.events, "".join(lines).encode(), BATCH)


def compare_singles(sender: Sender, words: str = "", database_options: str = "") -> None:
    """The product's view, and the others on a server of their own: one of them changes its process."""

    def line(address: str) -> Callable[[str], Line]:
        servers = own if address.endswith("one-insert") else shared
        return lambda title: through(servers, title, sender.singles(address), SINGLES, SINGLES_AT_ONCE)

    with serving(database_options=database_options) as shared, serving(database_options=database_options) as own:
        warm_up(shared, sender)
        drive(own.port, sender.singles(ONE_INSERT, 640), SINGLES_AT_ONCE)
        acts = {"singles, 64 connections": line(SINGLE), "… one INSERT a request": line(ONE_INSERT)}
        if not words:
            acts |= {"… run by REST framework": line(LIBRARY), "a stock ModelSerializer view": line(SERIALIZER)}
        shared_commits, one_insert, *others = best_of(
            {f"{title}{words and ', '}{words}": act for title, act in acts.items()}
        )
    print(f"  shared commits reach {shared_commits.rate / one_insert.rate:.2f} times one INSERT a request", end="")
    for library, stock in [others] if others else []:
        more = library.web / shared_commits.web - 1
        print(f"\n  REST framework adds {more:.0%} CPU to the web process", end="")
        print(f"; a stock view takes {stock.cpu / shared_commits.cpu:.1f} times the CPU", end="")
    print("\n")


def answer_times(server: Server, sender: Sender) -> None:
    """200 singles a second for ten seconds, while what people look at is counted and scored again and again."""
    ended = threading.Event()
    worker = threading.Thread(target=keep_counting, args=(ended,))
    worker.start()
    driven = pace(server.port, sender.singles(count=2000), 200)
    ended.set()
    worker.join()
    told = ", ".join(f"p{share * 100:g} {driven.percentile(share) * 1000:.1f} ms" for share in (0.5, 0.95, 0.99))
    print(f"singles at 200 requests/s while roll-up and scan run: {told}\n")


def keep_counting(ended: threading.Event) -> None:
    while not ended.is_set():
        now = timezone.now()
        rollups.roll_up(now)
        rounds.scan_round(now, now)
    connection.close()


def compare_fill(sender: Sender, batch: Buffers) -> None:
    """What an event costs with ten thousand events and keys stored, and in the same minutes with ten million."""
    few, many = FILLS
    small = connection.settings_dict["NAME"]
    ingest_copy.empty()
    ingest_copy.fill(batch, few)
    with another_database():
        ingest_copy.fill(batch, many)
        with serving() as full, serving(database=small) as other:
            for server in (full, other):
                warm_up(server, sender)
            acts = fill_acts(other, sender, f"{few:,} stored") | fill_acts(full, sender, f"{many:,} stored")
            lines = list(in_turns(acts, FILL_ROUNDS).values())
        connection.close()
    for cheap, dear in zip(lines[: len(lines) // 2], lines[len(lines) // 2 :], strict=True):
        each = [beside.cpu / line.cpu for line, beside in zip(cheap, dear, strict=True)]
        whole = sum(line.cpu for line in dear) / sum(line.cpu for line in cheap)
        told = ", ".join(f"{ratio:.2f}" for ratio in each)
        print(f"  {dear[0].title}: {whole:.2f} times the CPU; round after round {told}")


def fill_acts(server: Server, sender: Sender, stored: str) -> dict[str, Callable[[str], Line]]:
    """Random ids are the hard case: each looks at a page of the key index that nobody else touched lately."""
    return {
        f"singles, {stored}": lambda title: through(server, title, sender.singles(), SINGLES, SINGLES_AT_ONCE),
        f"batches, {stored}": lambda title: batches_line(server, sender, title),
        f"… ids in order of time, {stored}": lambda title: batches_line(server, sender, title, id_in_order_of_time),
        f"… random ids, {stored}": lambda title: batches_line(server, sender, title, random_id),
    }
