"""Transports without a network, for tests: a function or an ASGI app is the server.

Callers see the same behaviour as with a socket: the same checks of the request, the same limits
on the response, and decompressed bodies.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from typing import TypeVar, cast

from hipkit.testing.asgi import AsgiApp, AsgiServer
from hipkit.transports.protocol import Options, RawResponse, Request, Sink
from hipkit.transports.wire import Incoming, header_lines

__all__ = ["AsyncMemoryTransport", "MemoryTransport"]

T = TypeVar("T")
Handler = Callable[[Request], RawResponse]
AsyncHandler = Callable[[Request], RawResponse | Awaitable[RawResponse]]


class AsyncMemoryTransport:
    """An async transport that answers from a function, or from an ASGI app in the caller's loop.

    Args:
        handler: Takes the request and returns the response, directly or as a coroutine. It may
            raise `TransportError`.
        app: An ASGI app instead of a handler. Its lifespan begins with the first call in an
            event loop and ends with `aclose`.
    """

    name = "memory"

    def __init__(
        self, handler: AsyncHandler | None = None, *, app: AsgiApp | None = None
    ) -> None:
        if (handler is None) == (app is None):
            raise TypeError("pass either a handler or an app")
        self._handler = handler
        self._app = app
        self._closed = False
        self._servers: dict[asyncio.AbstractEventLoop, AsgiServer] = {}

    async def send(
        self, request: Request, options: Options, sink: Sink | None = None
    ) -> RawResponse:
        """Send once, as `protocol.AsyncTransport` says."""
        self._check(request)
        if self._app is not None:
            loop = asyncio.get_running_loop()
            if loop not in self._servers:
                self._servers[loop] = AsgiServer(self._app)
            return await self._servers[loop].send(request, options, sink)
        response = cast("AsyncHandler", self._handler)(request)
        if inspect.isawaitable(response):
            response = await response
        return _received(response, options, sink)

    async def aclose(self) -> None:
        """End the app's lifespan in this event loop."""
        self._closed = True
        server = self._servers.pop(asyncio.get_running_loop(), None)
        if server is not None:
            await server.stop()

    def _check(self, request: Request) -> None:
        if self._closed:
            raise RuntimeError(
                "the transport is closed; create a new one to send again"
            )
        header_lines(request)  # Raises for a request that cannot be sent over a socket.


class MemoryTransport:
    """The blocking counterpart; an app runs in an event loop in its own thread.

    Args:
        handler: Takes the request and returns the response, in the caller's thread.
        app: An ASGI app instead of a handler.
    """

    name = "memory"

    def __init__(
        self, handler: Handler | None = None, *, app: AsgiApp | None = None
    ) -> None:
        self._inner = AsyncMemoryTransport(handler, app=app)
        self._handler = handler
        self._lock = threading.Lock()
        self._thread: LoopThread | None = None

    def send(
        self, request: Request, options: Options, sink: Sink | None = None
    ) -> RawResponse:
        """Send once, as `protocol.Transport` says."""
        if self._handler is not None:
            self._inner._check(request)
            return _received(self._handler(request), options, sink)
        with self._lock:
            self._inner._check(request)
            thread = self._thread = self._thread or LoopThread()
        return thread.do(self._inner.send(request, options, sink))

    def close(self) -> None:
        """End the app's lifespan and its thread."""
        with self._lock:
            self._inner._closed = True
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.do(self._inner.aclose())
            thread.end()


class LoopThread:
    """An event loop that runs in its own thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        # A daemon, so that a transport that was not closed does not keep the program running.
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[object, object, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def do(self, work: Coroutine[object, object, T]) -> T:
        future = self.submit(work)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # Has an effect only if this thread was interrupted.
            raise

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _received(
    response: RawResponse, options: Options, sink: Sink | None
) -> RawResponse:
    headers = {name.lower(): value for name, value in response.headers.items()}
    incoming = Incoming(response.status, headers, options, sink)
    if response.body:
        incoming.feed(response.body)
    return incoming.response()
