"""The road between a client and the server, with accidents that a script foresees."""

import http.client
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.tracker.serving import Server

ERROR = b'{"code":"unavailable","message":"Later.","detail":"Later.","field":""}'
NOT_PASSED_ON = {"connection", "transfer-encoding", "content-length", "host"}


class Road:
    """Takes requests on `url`; the n-th batch meets the n-th accident, those after the last one pass.

    `503`: answered so, the server never sees it. `twice`: the server gets it two times. `lost`: stored, but the answer
    does not come back. `restart`: the server is killed with half the batch read, and started again.
    """

    def __init__(self, server: Server, accidents: Iterable[str]) -> None:
        self.server, self.accidents = server, list(accidents)
        self.met: list[str] = []
        self.statuses: list[int] = []
        self.lock = threading.Lock()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()

    def handler(self) -> type[BaseHTTPRequestHandler]:
        road = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                with road.lock:
                    road.pass_on(self)

            do_GET = do_POST

            def log_message(self, *args: object) -> None:
                pass

        return Handler

    def pass_on(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        accident = self.accidents.pop(0) if self.accidents and request.command == "POST" else ""
        if accident:
            self.met.append(accident)
        if accident == "503":
            reply(request, 503, [("Retry-After", "1"), ("Content-Type", "application/json")], ERROR)
            return
        if accident == "restart":
            self.send_half(request, body)
            self.server.kill()
            self.server.start()
        else:
            status, headers, answer = self.send(request, body)
            if accident == "twice":
                status, headers, answer = self.send(request, body)
            self.statuses.append(status)
            if accident != "lost":
                reply(request, status, headers, answer)
                return
        request.close_connection = True
        request.connection.close()

    def send(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, list, bytes]:
        connected = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        connected.request(request.command, request.path, body, dict(self.headers(request)))
        answer = connected.getresponse()
        try:
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connected.close()

    def send_half(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        connected = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        connected.putrequest(request.command, request.path)
        for name, value in self.headers(request):
            connected.putheader(name, value)
        connected.putheader("Content-Length", str(len(body)))
        connected.endheaders(body[: len(body) // 2])

    @staticmethod
    def headers(request: BaseHTTPRequestHandler) -> list[tuple[str, str]]:
        return [(name, value) for name, value in request.headers.items() if name.lower() not in NOT_PASSED_ON]


def reply(request: BaseHTTPRequestHandler, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
    request.send_response_only(status)
    for name, value in headers:
        if name.lower() not in NOT_PASSED_ON:
            request.send_header(name, value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
