"""Sends ready-made requests over kept-open connections, from a process of its own, as cheaply as Python can."""

import multiprocessing
import resource
import select
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

LONGEST_HEAD = 64 * 1024


@dataclass(frozen=True)
class Driven:
    """What came of sending them all. Seconds of wall and of this process's CPU; latencies in seconds, sorted."""

    requests: int
    wall: float
    cpu: float
    latencies: list[float]
    refused: bytes = b""

    def percentile(self, share: float) -> float:
        return self.latencies[min(len(self.latencies) - 1, int(len(self.latencies) * share))]


def drive(port: int, requests: Sequence[bytes], connections: int) -> Driven:
    """As fast as they are answered: every connection sends its next request when it has the answer to its last."""
    return _apart(_drive, port, requests, connections)


def pace(port: int, requests: Sequence[bytes], per_second: float, connections: int = 32) -> Driven:
    """So many a second, however long the answers take; a latency counts from the moment a request was due."""
    return _apart(_pace, port, requests, per_second, connections)


def _apart(act: Callable, *arguments: object) -> Driven:
    """In a process of its own, so that its CPU can be told apart."""
    context = multiprocessing.get_context("fork")
    mine, theirs = context.Pipe(duplex=False)

    def run() -> None:
        before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        latencies, refused = act(*arguments)
        wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        theirs.send(Driven(len(latencies), wall, cpu, sorted(latencies), refused))

    process = context.Process(target=run)
    process.start()
    theirs.close()
    driven = mine.recv()
    process.join()
    if driven.refused:
        raise SystemExit(f"Refused, which is fast and must not be measured: {driven.refused[:300]!r}")
    return driven


class Connection:
    """One socket with the request on its way and what came back so far."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.left, self.answer, self.sent_at = memoryview(b""), b"", 0.0

    def begin(self, request: bytes) -> None:
        self.left, self.answer, self.sent_at = memoryview(request), b"", time.perf_counter()
        self.go_on()

    def go_on(self) -> None:
        while self.left:
            try:
                self.left = self.left[self.socket.send(self.left) :]
            except BlockingIOError:
                return

    def is_answered(self) -> bool:
        self.answer += self.socket.recv(LONGEST_HEAD)
        head, end, body = self.answer.partition(b"\r\n\r\n")
        if not end:
            return False
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        return not length or len(body) >= int(length)

    @property
    def is_good(self) -> bool:
        return self.answer.startswith(b"HTTP/1.1 20") and (
            b'"rejected":[{' not in self.answer and b'"result":"retry"' not in self.answer
        )


def _drive(port: int, requests: Sequence[bytes], count: int) -> tuple[list[float], bytes]:
    poll, waiting, latencies = select.epoll(), iter(requests), []
    connections = {}
    for request, _ in zip(waiting, range(count), strict=False):
        connection = Connection(port)
        connection.socket.setblocking(False)
        connections[connection.socket.fileno()] = connection
        connection.begin(request)
        poll.register(connection.socket, select.EPOLLIN | (select.EPOLLOUT if connection.left else 0))
    while connections:
        for number, event in poll.poll():
            connection = connections[number]
            if event & select.EPOLLOUT:
                connection.go_on()
            elif connection.is_answered():
                latencies.append(time.perf_counter() - connection.sent_at)
                if not connection.is_good:
                    return latencies, connection.answer
                if (request := next(waiting, None)) is None:
                    del connections[number]
                    poll.unregister(number)
                    connection.socket.close()
                    continue
                connection.begin(request)
            poll.modify(number, select.EPOLLIN | (select.EPOLLOUT if connection.left else 0))
    return latencies, b""


def _pace(port: int, requests: Sequence[bytes], per_second: float, count: int) -> tuple[list[float], bytes]:
    start, refused = time.perf_counter() + 0.2, []

    def act(number: int) -> list[float]:
        connection, latencies = Connection(port), []
        for place in range(number, len(requests), count):
            due = start + place / per_second
            time.sleep(max(0.0, due - time.perf_counter()))
            connection.begin(requests[place])
            while not connection.is_answered():
                pass
            latencies.append(time.perf_counter() - due)
            if not connection.is_good:
                refused.append(connection.answer)
        connection.socket.close()
        return latencies

    with ThreadPoolExecutor(count) as pool:
        latencies = [each for part in pool.map(act, range(count)) for each in part]
    return latencies, b"".join(refused[:1])
