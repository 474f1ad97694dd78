"""The clients of installations: async ones, and blocking ones for handlers in threads.

A blocking client sends through the event loop's own transport, so that connections, tokens and the
policy for outgoing calls are the same for both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from concurrent.futures import CancelledError, Future
from threading import Lock
from typing import Any, TypeVar

from hipkit.addon.installations.installation import Installation
from hipkit.addon.installations.tokens import Tokens
from hipkit.client.async_hipchat import AsyncHipChat
from hipkit.client.hipchat import HipChat
from hipkit.transports.protocol import (
    AsyncTransport,
    Options,
    RawResponse,
    Request,
    Sink,
    TransportError,
)

__all__ = ["Bridge", "Clients"]

T = TypeVar("T")


class Bridge:
    """Runs coroutines in the event loop in which it was created, for other threads."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._pending: set[Future[Any]] = set()
        self._is_open = True
        self._lock = Lock()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Return the result of a coroutine, and wait for it.

        Raises:
            RuntimeError: The loop has ended, or this is its own thread.
        """
        if not self._is_open or self._loop.is_closed() or _is_running(self._loop):
            coroutine.close()
            raise RuntimeError(
                "this client is for handlers that are not async, while the add-on runs"
            )
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        if not self._remember(future):  # It was closed between these lines.
            future.cancel()
        try:
            return future.result()
        finally:
            self._pending.discard(future)

    def _remember(self, future: Future[Any]) -> bool:
        with self._lock:
            self._pending.add(future)
            return self._is_open

    def close(self) -> None:
        """End what is still running: a thread must not wait for a loop that has ended."""
        with self._lock:
            self._is_open = False
            pending = [*self._pending]
        for future in pending:
            future.cancel()


class BridgedTransport:
    """A blocking transport that sends through an asynchronous one."""

    name = "bridged"

    def __init__(self, transport: AsyncTransport, bridge: Bridge) -> None:
        self._transport = transport
        self._bridge = bridge

    def send(
        self, request: Request, options: Options, sink: Sink | None = None
    ) -> RawResponse:
        """Send a request once.

        Raises:
            TransportError: No usable response arrived.
        """
        try:
            return self._bridge.run(self._transport.send(request, options, sink))
        except CancelledError:
            raise TransportError("broken", "the add-on is shutting down") from None

    def close(self) -> None:
        """Leave the connections open: the add-on closes them."""


class Clients:
    """The clients of installations.

    Args:
        tokens: The tokens of installations.
        transport: Sends every call.
        bridge: Runs the calls of blocking clients.
    """

    def __init__(
        self, tokens: Tokens, transport: AsyncTransport, bridge: Bridge
    ) -> None:
        self._tokens = tokens
        self._bridge = bridge
        self._blocking = BridgedTransport(transport, bridge)

    def asynchronous(
        self, installation: Installation, scopes: Iterable[str] | None = None
    ) -> AsyncHipChat:
        """Return the client of an installation, with all of its scopes or some."""
        return self._tokens.client(installation, scopes)

    def blocking(self, installation: Installation) -> HipChat:
        """Return the client of an installation for other threads."""

        def token(rejected: str | None) -> str:
            return self._bridge.run(self._tokens.get(installation, rejected=rejected))

        return HipChat(
            token,
            base_url=installation.api_url,
            transport=self._blocking,
            # Whether to trust a host without TLS was decided when it installed the add-on.
            allow_http=True,
        )


def _is_running(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
