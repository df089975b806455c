"""A server of the test's own that takes webhooks, and endpoints that call it."""

import http.server
import ipaddress
import threading
import time

from config.backoffice.models import WebhookEndpoint
from config.backoffice.outbox import webhooks
from tests.factories import NOW

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]

EVENT = "signal.opened"


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps what it got; answers with `status` after `pause` seconds, drips its body byte by byte when told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.status, self.pause, self.drip, self.answer = 200, 0.0, False, b"thanks"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?a=1"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Receiver = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.got.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        time.sleep(server.pause)
        self.send_response(server.status)
        if 300 <= server.status < 400:
            self.send_header("Location", server.url)
        self.end_headers()
        try:
            for piece in (
                [server.answer[i : i + 1] for i in range(len(server.answer))] if server.drip else [server.answer]
            ):
                self.wfile.write(piece)
                self.wfile.flush()
                time.sleep(0.1 if server.drip else 0)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        return


def endpoint(url: str, ada, name: str = "CRM", events=(EVENT,)) -> tuple[WebhookEndpoint, str]:
    made = WebhookEndpoint(name=name, url=url, events=list(events))
    return made, webhooks.save(made, actor=ada, now=NOW)


def tell(count: int = 1) -> None:
    webhooks.announce([(EVENT, {"signal": number}) for number in range(count)], NOW)


def clock(start=NOW):
    return lambda: start
