"""Files of routes, and a target that listens on this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

from hipkit.api.secret import Secret
from hipkit.relay.message import RelayFile, RelayMessage
from hipkit.relay.targets import TARGETS
from hipkit.relay.targets.protocol import (
    Answer,
    ChecksToken,
    HttpCall,
    Rendered,
    RenderOptions,
    Reply,
    Settings,
    Target,
)
from tests.unit.relay.fake_target import FakeTarget

HOOK = "/hooks/s3cret"

Written = Callable[..., str]
"""Writes a file, and returns its path."""


class SinkSettings(Settings, frozen=True, kw_only=True):
    """Where the sink is."""

    url: Secret
    channel: str = "town-square"


class SinkTarget(Target[SinkSettings]):
    """Takes messages as JSON at an address that is a secret."""

    name: ClassVar[str] = "sink"
    settings: ClassVar[type[Settings]] = SinkSettings
    pace_seconds: ClassVar[float] = 1
    is_idempotent: ClassVar[bool] = False
    uploads_bytes: ClassVar[int] = 0

    def render(
        self, message: RelayMessage, settings: SinkSettings, options: RenderOptions
    ) -> Rendered:
        """Return a POST of who says what, and where."""
        body = {
            "channel": settings.channel,
            "color": message.color,
            "label": message.label,
            "text": str(message.body),
        }
        return HttpCall(
            method="POST",
            url=settings.url,
            headers=(("Content-Type", "application/json"), ("Authorization", "s3cret")),
            body=msgspec.json.encode(body),
        )

    def render_upload(self, file: RelayFile, settings: SinkSettings) -> HttpCall:
        """Raise: nothing is uploaded."""
        raise NotImplementedError

    def read(self, reply: Reply) -> Answer:
        """Return what a status means."""
        return FakeTarget().read(reply)

    def read_upload(self, reply: Reply) -> Answer:
        """Raise: nothing is uploaded."""
        raise NotImplementedError

    def host(self, settings: SinkSettings) -> str:
        """Return the host."""
        return "127.0.0.1"


class AskedSinkTarget(SinkTarget, ChecksToken[SinkSettings]):
    """The same, and tells whether it takes the address."""

    def render_check(self, settings: SinkSettings) -> HttpCall:
        """Return a GET."""
        return HttpCall(method="GET", url=Secret(f"{settings.url.reveal()}/me"))

    def read_check(self, reply: Reply) -> Answer:
        """Return what a status means."""
        return FakeTarget().read(reply)


class Sink(ThreadingHTTPServer):
    """Receives what is sent to it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 200
        self.received: list[bytes] = []
        self.asked: list[str] = []
        self.arrived = threading.Semaphore(0)

    @property
    def url(self) -> str:
        """The address of its hook."""
        return f"http://127.0.0.1:{self.server_port}{HOOK}"


class Handler(BaseHTTPRequestHandler):
    """Stores bodies."""

    server: Sink

    def do_POST(self) -> None:
        """Answer with the status that a test set."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(body)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.arrived.release()

    def do_GET(self) -> None:
        """Answer with the status that a test set."""
        self.server.asked.append(self.path)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *values: object) -> None:
        """Log nothing."""


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    with Sink() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setitem(TARGETS, "sink", SinkTarget())
        monkeypatch.setenv("SINK", server.url)
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def asking_sink(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> Sink:
    monkeypatch.setitem(TARGETS, "sink", AskedSinkTarget())
    return sink


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Write a file with one route to the sink, and more text after it."""

    def write(more: str = "", *, allowed: bool = True) -> str:
        path = tmp_path / "relay.toml"
        path.write_text(
            '[[route]]\nname = "ops"\nrooms = "Dev Ops"\nto = "sink"\nurl = "env:SINK"\n'
            f"allow_private_network = {str(allowed).lower()}\n{more}"
        )
        return str(path)

    return write
