"""Drives any transport from a plain test function: async ones in an event loop of their own."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import select
import socket
import stat
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from hipkit.transports.protocol import (
    AsyncTransport,
    Body,
    Options,
    RawResponse,
    Request,
    Sink,
    Transport,
    TransportError,
)
from tests.contract.transports.scripted_server import PATIENCE_SECONDS, ScriptedServer

PATIENT = Options(timeout_seconds=PATIENCE_SECONDS)
SECRETS = ("s3cret-target", "s3cret-header", "s3cret-body")
SECRET_HEADERS = (("Authorization", "Bearer s3cret-header"),)


@dataclass(frozen=True)
class Kind:
    """A transport under test."""

    library: str
    module: str
    name: str
    is_async: bool

    def __str__(self) -> str:
        return f"{self.library}-async" if self.is_async else self.library

    def make(self, **settings: Any) -> Any:
        """Make the transport; a library that is not installed fails the test."""
        module = importlib.import_module(f"hipkit.transports.{self.module}")
        return getattr(module, self.name)(**settings)


KINDS = [
    Kind("httpcore2", "httpcore2", "HttpcoreTransport", False),
    Kind("httpcore2", "httpcore2", "AsyncHttpcoreTransport", True),
    Kind("direct", "direct", "AsyncDirectTransport", True),
    Kind("pycurl", "pycurl", "CurlTransport", False),
    Kind("pycurl", "pycurl_async", "AsyncCurlTransport", True),
]


def only(*names: str) -> pytest.MarkDecorator:
    """Run a test for some of the transports; where it is not for all, it says why."""
    kinds = [kind for kind in KINDS if str(kind) in names]
    return pytest.mark.parametrize("kind", kinds, ids=str, indirect=True)


ONLY_SYNC = only("httpcore2", "pycurl")
ONLY_ASYNC = only("httpcore2-async", "direct-async", "pycurl-async")


class Driver:
    """A transport with the same blocking calls, whichever it is."""

    def __init__(self, kind: Kind, **settings: Any) -> None:
        self.kind = kind
        self.sync: Transport | None = None
        self.asynchronous: AsyncTransport | None = None
        self._runner = asyncio.Runner()
        if kind.is_async:
            self.asynchronous = kind.make(**settings)
        else:
            self.sync = kind.make(**settings)

    def send(
        self, request: Request, options: Options = PATIENT, sink: Sink | None = None
    ) -> RawResponse:
        """Send and wait for the answer."""
        if self.sync is not None:
            return self.sync.send(request, options, sink)
        assert self.asynchronous is not None
        return self._runner.run(self.asynchronous.send(request, options, sink))

    def fail(
        self, request: Request, options: Options = PATIENT, sink: Sink | None = None
    ) -> TransportError:
        """Send what must fail, and look for secrets in everything that is said about it."""
        with pytest.raises(TransportError) as caught:
            self.send(request, options, sink)
        failure = caught.value
        said = f"{failure!r} {failure.reason} {''.join(traceback.format_exception(failure))}"
        assert not [secret for secret in SECRETS if secret in said]
        assert "\n" not in failure.reason
        return failure

    def close(self) -> None:
        """Close the transport; afterwards it may be asked to send again, in vain."""
        if self.sync is not None:
            self.sync.close()
        if self.asynchronous is not None:
            self._runner.run(self.asynchronous.aclose())

    def end(self) -> None:
        """Close everything."""
        self.close()
        self._runner.close()


MakeDriver = Callable[..., Driver]


def request_to(
    server: Any,
    method: str = "GET",
    target: str = "/v2/s3cret-target",
    *,
    headers: tuple[tuple[str, str], ...] = SECRET_HEADERS,
    content: bytes | Body | None = None,
    scheme: Literal["http", "https"] = "http",
    host: str | None = None,
) -> Request:
    """Make a request to a server of ours, with secrets in every part that has room."""
    return Request(
        method, scheme, host or server.host, server.port, target, headers, content
    )


@dataclass(frozen=True)
class Chunks:
    """A body in pieces, of which a test may lie about the size."""

    chunks: tuple[bytes, ...]
    size_bytes: int | None = None
    replayable: bool = False

    def __iter__(self) -> Any:
        return iter(self.chunks)


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something that is about to happen in another thread."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def wait_until_received(server: ScriptedServer) -> None:
    """Wait until what the server did has come to each idle connection: an end, or some bytes.

    That the server's thread has closed is not enough: on a busy machine the other end may hear
    of it later.
    """
    connections = _connections_to(server)
    try:
        for connection in connections:
            heard, _, _ = select.select([connection], [], [], PATIENCE_SECONDS)
            assert heard, "nothing came"
    finally:
        for connection in connections:
            connection.close()


def _connections_to(server: ScriptedServer) -> list[socket.socket]:
    """Duplicate the connections that this process has to a server, whoever holds them."""
    found = []
    for name in os.listdir("/dev/fd"):  # noqa: PTH208 - a descriptor, not a path, is wanted
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                connection = socket.socket(fileno=os.dup(int(name)))
                if _peer(connection) == (server.host, server.port):
                    found.append(connection)
                else:
                    connection.close()
    return found


def _peer(connection: socket.socket) -> object:
    try:
        return connection.getpeername()[:2]
    except OSError:
        return None  # It has none, or has gone.
