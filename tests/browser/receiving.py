"""A small program on this machine that a browser can be sent to, on an origin of its own."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        # As many programs do: on to another origin of theirs at once.
        moves = self.path.startswith("/back?")
        self.send_response(302 if moves else 200)
        if moves:
            port = cast("ThreadingHTTPServer", self.server).server_port
            self.send_header("Location", f"http://localhost:{port}/done{self.path[5:]}")
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "7")
        self.end_headers()
        self.wfile.write(b"arrived")

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextlib.contextmanager
def receiving() -> Iterator[str]:
    """Serve while the block runs, and give the address that codes are sent to."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/back"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
