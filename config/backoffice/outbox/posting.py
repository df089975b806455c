"""One POST to an address that was checked: no redirects, no proxy, an end to waiting, a bounded answer."""

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from urllib.parse import SplitResult

from config.backoffice.outbox import addresses
from config.backoffice.outbox.addresses import IPAddress, Network

SECONDS = 10.0
MOST_ANSWER = 16 * 1024


class NotSent(Exception):
    """No answer came; the message says why."""


@dataclass(frozen=True)
class Answer:
    """What the other side said; `text` is the beginning of its body."""

    status: int
    text: str
    duration_ms: int

    @property
    def is_yes(self) -> bool:
        return 200 <= self.status < 300


class Pinned(http.client.HTTPConnection):
    """A connection to one address, under the name that the certificate has to show."""

    def __init__(self, parts: SplitResult, address: IPAddress, seconds: float) -> None:
        super().__init__(str(parts.hostname), parts.port or addresses.PORTS[parts.scheme], timeout=seconds)
        self.address = str(address)
        self.is_over = False
        # Kept here: the library lets go of its socket while the answer is still read from it.
        self.wire: socket.socket | None = None
        self.is_tls = parts.scheme == "https"

    def connect(self) -> None:
        self.sock = self.wire = socket.create_connection((self.address, self.port), self.timeout)
        if self.is_tls:
            tls = ssl.create_default_context()
            shaken = tls.wrap_socket(self.wire, server_hostname=self.host, do_handshake_on_connect=False)
            self.sock = self.wire = shaken
            shaken.do_handshake()

    def give_up(self) -> None:
        """End all waiting, also of a thread that reads an answer byte by byte."""
        self.is_over = True
        if self.wire is not None:
            try:
                socket.socket.shutdown(self.wire, socket.SHUT_RDWR)
            except OSError:
                return


def post(
    url: str, body: bytes, headers: Mapping[str, str], allowed: Sequence[Network], seconds: float = SECONDS
) -> Answer:
    """Send it and read the answer, in `seconds` at most. Raises Forbidden or NotSent."""
    parts = addresses.read(url)
    connection = Pinned(parts, addresses.choose(parts, allowed), seconds)
    started = perf_counter()
    watchdog = threading.Timer(seconds, connection.give_up)
    watchdog.daemon = True
    watchdog.start()
    try:
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        connection.request("POST", path, body, dict(headers))
        response = connection.getresponse()
        text = response.read(MOST_ANSWER).decode("utf-8", "replace").replace("\0", "\ufffd")
        status = response.status
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, TimeoutError) or connection.is_over:
            raise NotSent(f"No answer within {seconds:g} seconds.") from error
        raise NotSent(f"{type(error).__name__}: {error}") from error
    finally:
        watchdog.cancel()
        connection.close()
    if connection.is_over:  # the end of the answer was our own doing
        raise NotSent(f"No answer within {seconds:g} seconds.")
    return Answer(status, text, int((perf_counter() - started) * 1000))
