"""What a reader of the docs has: one folder, with hipkit's server running in it."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest

from tests.docs.reader import Reader
from tests.e2e.serving import Running, serving

NO_HURRY = ("--user-calls", "100000", "--messages", "100000")
"""The tests read all pages within seconds: HipChat's limits would stop them."""


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Start the one server of all pages, in the folder of all pages."""
    folder = tmp_path_factory.mktemp("reader")
    with serving(folder, *NO_HURRY, database="hipkit.db") as server:
        yield server


@pytest.fixture(scope="session")
def homeserver() -> Iterator[int]:
    """Answer in place of a homeserver, which the page about the relay only asks for its user."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Homeserver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


class Homeserver(BaseHTTPRequestHandler):
    """Takes every token."""

    def do_GET(self) -> None:
        """Name the user of the token."""
        body = b'{"user_id": "@relay:localhost"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *values: object) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def reader(running: Running, homeserver: int) -> Iterator[Reader]:
    """Stand in the folder, with the server's address and token in the environment.

    So a page's `HipChat()` works as it does in a reader's second terminal. What a page exports
    ends with it.
    """
    address = urlsplit(running.base_url)
    variables = {
        "HIPCHAT_BASE_URL": f"http://{address.netloc}/v2",
        "HIPCHAT_TOKEN": running.token,
    }
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        patch.dict(os.environ, variables),
        logging_as_before(),
    ):
        monkeypatch.chdir(running.folder)
        yield Reader(
            folder=running.folder,
            port=f":{address.port}",
            homeserver_port=f":{homeserver}",
        )


@contextlib.contextmanager
def logging_as_before() -> Iterator[None]:
    """Take back what a page does to logging: other tests in this process read logs too."""
    before = {log: (log.handlers[:], log.level, log.disabled) for log in _loggers()}
    yield
    for log in _loggers():
        log.handlers[:], level, log.disabled = before.get(log, ([], 0, False))
        log.setLevel(level)  # It also forgets what loggers remember of levels.


def _loggers() -> list[logging.Logger]:
    known = (logging.getLogger(), *logging.Logger.manager.loggerDict.values())
    return [log for log in known if isinstance(log, logging.Logger)]
