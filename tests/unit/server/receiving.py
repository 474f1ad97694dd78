"""A webhook's receiver on this machine: keeps what it gets, and answers as it is told."""

from __future__ import annotations

import contextlib
import json
import queue
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Posted:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    status: int = 204
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


def json_answer(value: object, status: int = 200) -> Answer:
    body = json.dumps(value).encode()
    return Answer(status, body, (("Content-Type", "application/json"),))


@dataclass
class Receiver:
    """What came so far, and what to say to what comes."""

    url: str
    posted: queue.SimpleQueue[Posted] = field(default_factory=queue.SimpleQueue)
    answer: Callable[[Posted], Answer] = lambda posted: Answer()

    def next(self) -> Posted:
        """Return the next that came, once it comes."""
        return self.posted.get(timeout=PATIENCE_SECONDS)

    def all(self) -> list[Posted]:
        """Return everything that came and was not looked at."""
        found = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self.posted.get_nowait())
        return found

    @property
    def texts(self) -> list[str]:
        return [posted.json["item"]["message"]["message"] for posted in self.all()]


@contextlib.contextmanager
def receiving(port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            posted = Posted(self.path, dict(self.headers), self.rfile.read(length))
            answer = receiver.answer(posted)
            receiver.posted.put(posted)
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            if answer.status != 204:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            # A client that hangs up early is none of a test's business.
            pass

    server = Server(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
