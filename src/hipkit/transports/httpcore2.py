"""The default transports, on httpcore2: sync on plain sockets, async on asyncio.

httpcore2 is the HTTP layer of httpx2. It sends the target unchanged, and accepts our own streams
to read and write.
Read next: `httpcore2_streams.py`, and docs/explanation/transports.md for the limitations.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpcore2

from hipkit.transports.httpcore2_streams import AsyncBackend, Backend, Progress
from hipkit.transports.protocol import (
    Body,
    Options,
    RawResponse,
    Request,
    Sink,
    TransportError,
    TransportErrorKind,
)
from hipkit.transports.settings import NetworkTransport, Proxy, Settings
from hipkit.transports.tls import ssl_context
from hipkit.transports.wire import (
    Incoming,
    all_lines,
    content_size,
    exact_chunks,
    joined_headers,
    shown_address,
)

__all__ = ["AsyncHttpcoreTransport", "HttpcoreTransport"]

_Route = tuple[str, Proxy | None]
_LoopPools = dict[_Route, httpcore2.AsyncConnectionPool]

_FAILURES = (
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.ProxyError,
    httpcore2.TimeoutException,
)
_TIMEOUT_REASONS = {
    httpcore2.PoolTimeout: "no connection to {} became free in time",
    httpcore2.ConnectTimeout: "connecting to {} took too long",
    httpcore2.WriteTimeout: "{} did not take the request in time",
    httpcore2.ReadTimeout: "{} did not answer in time",
}


class HttpcoreTransport(NetworkTransport):
    """A blocking transport for any number of threads, with one pool per scheme and proxy."""

    name = "httpcore2"

    def _start(self) -> None:
        self._lock = threading.Lock()
        self._pools: dict[_Route, httpcore2.ConnectionPool] = {}

    def send(
        self, request: Request, options: Options, sink: Sink | None = None
    ) -> RawResponse:
        """Send a request once; see `protocol.Transport`."""
        self._check_open()
        route = _route(request, self._settings)
        pool = self._pool(route)
        progress = Progress(options, is_secure=request.scheme == "https")
        try:
            response = pool.handle_request(_message(request, route, progress))
            try:
                incoming = _incoming(response, options, sink)
                for chunk in response.iter_stream():
                    incoming.feed(chunk)
            finally:
                response.close()
        except _FAILURES as error:
            raise _transport_error(error, request, route, progress) from _cause(error)
        finally:
            if self._closed:
                self.close()
        return incoming.response()

    def close(self) -> None:
        """Close every connection; those in use are closed when their call ends."""
        self._closed = True
        for pool in list(self._pools.values()):
            for connection in pool.connections:
                if connection.is_idle():
                    connection.close()

    def _pool(self, route: _Route) -> httpcore2.ConnectionPool:
        if (pool := self._pools.get(route)) is not None:
            return pool
        with self._lock:
            if route not in self._pools:
                make = _ProxyPool if route[1] else httpcore2.ConnectionPool
                settings = _pool_settings(self._settings, route)
                self._pools[route] = make(network_backend=Backend(), **settings)
            return self._pools[route]

    def _leave_to_parent(self) -> None:
        # This closes the child's descriptors without sending anything. The pools' own `close`
        # would take locks, which another thread may have held during the fork: a deadlock.
        for pool in self._pools.values():
            for connection in pool.connections:
                connection.close()
        self._start()


class AsyncHttpcoreTransport(NetworkTransport):
    """The asyncio counterpart; every event loop gets its own pools."""

    name = "httpcore2"

    def _start(self) -> None:
        self._loops: dict[asyncio.AbstractEventLoop, _LoopPools] = {}

    def _backend(self) -> AsyncBackend:
        return AsyncBackend()

    def _leave_to_parent(self) -> None:
        pass  # A child process needs a new event loop, which gets its own pools.

    async def send(
        self, request: Request, options: Options, sink: Sink | None = None
    ) -> RawResponse:
        """Send a request once; see `protocol.AsyncTransport`."""
        self._check_open()
        route = _route(request, self._settings)
        pool = self._pool(route)
        progress = Progress(options, is_secure=request.scheme == "https")
        try:
            response = await pool.handle_async_request(
                _message(request, route, progress)
            )
            try:
                incoming = _incoming(response, options, sink)
                async for chunk in response.aiter_stream():
                    incoming.feed(chunk)
            finally:
                await response.aclose()
        except _FAILURES as error:
            raise _transport_error(error, request, route, progress) from _cause(error)
        return incoming.response()

    async def aclose(self) -> None:
        """Close the connections of this event loop, even those in use.

        The connections of another loop end with that loop.
        """
        self._closed = True
        for pool in self._loops.pop(asyncio.get_running_loop(), {}).values():
            await pool.aclose()

    def _pool(self, route: _Route) -> httpcore2.AsyncConnectionPool:
        loop = asyncio.get_running_loop()
        pools = self._loops.get(loop)
        if pools is None:
            for ended in [known for known in self._loops if known.is_closed()]:
                del self._loops[ended]
            pools = self._loops[loop] = {}
        pool = pools.get(route)
        if pool is None:
            make = _AsyncProxyPool if route[1] else httpcore2.AsyncConnectionPool
            settings = _pool_settings(self._settings, route)
            pool = pools[route] = make(network_backend=self._backend(), **settings)
        return pool


class _ProxyPool(httpcore2.ConnectionPool):
    """Closes the connection of a failed request.

    httpcore2 does so itself, except for a tunnel in which TLS has failed: that connection would
    count towards `max_connections` for ever.
    """

    def create_connection(
        self, origin: httpcore2.Origin
    ) -> httpcore2.ConnectionInterface:
        connection = super().create_connection(origin)
        handle_request = connection.handle_request

        def handle_or_close(request: httpcore2.Request) -> httpcore2.Response:
            try:
                return handle_request(request)
            except httpcore2.ConnectionNotAvailable:
                raise
            except BaseException:
                connection.close()
                raise

        connection.handle_request = handle_or_close  # type: ignore[method-assign]
        return connection


class _AsyncProxyPool(httpcore2.AsyncConnectionPool):
    """The asyncio counterpart."""

    def create_connection(
        self, origin: httpcore2.Origin
    ) -> httpcore2.AsyncConnectionInterface:
        connection = super().create_connection(origin)
        handle_request = connection.handle_async_request

        async def handle_or_close(request: httpcore2.Request) -> httpcore2.Response:
            try:
                return await handle_request(request)
            except httpcore2.ConnectionNotAvailable:
                raise
            except BaseException:
                await connection.aclose()
                raise

        connection.handle_async_request = handle_or_close  # type: ignore[method-assign]
        return connection


class _Content:
    """A request body in chunks, for both the sync and async half of httpcore2."""

    def __init__(self, body: Body, size: int) -> None:
        self._body = body
        self._size = size

    def __iter__(self) -> Iterator[bytes]:
        return exact_chunks(self._body, self._size)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in exact_chunks(self._body, self._size):
            yield chunk


def _message(request: Request, route: _Route, progress: Progress) -> httpcore2.Request:
    size = content_size(request)
    lines = all_lines(request, size)
    pool = progress.left(httpcore2.PoolTimeout)
    timeout = {"pool": pool, "connect": progress, "write": progress, "read": progress}
    extensions: dict[str, object] = {"timeout": timeout}
    host = request.host
    if route[1] is not None and ":" in host:
        # httpcore2 passes the host to a proxy exactly as it is given here.
        extensions["sni_hostname"] = host
        host = f"[{host}]"
    url = httpcore2.URL(
        scheme=request.scheme, host=host, port=request.port, target=request.target
    )
    content: bytes | _Content | None = None
    if isinstance(request.content, bytes):
        content = request.content
    elif request.content is not None and size is not None:
        content = _Content(request.content, size)
    return httpcore2.Request(
        request.method,
        url,
        headers=lines,
        content=content,
        extensions=extensions,
    )


def _incoming(
    response: httpcore2.Response, options: Options, sink: Sink | None
) -> Incoming:
    if response.status < 200:
        raise httpcore2.RemoteProtocolError("an upgrade that was not requested")
    headers = joined_headers(response.headers)
    return Incoming(response.status, headers, options, sink)


def _transport_error(
    error: Exception, request: Request, route: _Route, progress: Progress
) -> TransportError:
    where = shown_address(request.host, request.port)
    proxy = route[1]
    if proxy is not None and not progress.has_connected:
        where += f" through the proxy {shown_address(proxy.host, proxy.port)}"
    kind: TransportErrorKind = "broken"
    if isinstance(error, httpcore2.TimeoutException):
        kind, reason = "timeout", _TIMEOUT_REASONS[type(error)].format(where)
    elif not progress.has_connected:
        kind, reason = "connect", f"cannot connect to {where}: {_root_cause(error)}"
    elif isinstance(error, httpcore2.ProtocolError) and not progress.has_ended:
        kind, reason = "garbage", f"what {where} answered is not HTTP"
    elif progress.has_received:
        reason = f"the connection to {where} broke within the response"
    else:
        reason = f"the connection to {where} broke before a response arrived"
    return TransportError(kind, reason, may_have_arrived=progress.may_have_arrived)


def _root_cause(error: BaseException) -> str:
    """Return the message of the original error, on one line."""
    earlier = error.__cause__ or error.__context__
    if isinstance(earlier, ExceptionGroup):
        earlier = earlier.exceptions[0]
    if isinstance(earlier, OSError):
        return _root_cause(earlier)
    if isinstance(error, ConnectionError) and error.errno:
        # asyncio's message repeats the address in Python syntax.
        return os.strerror(error.errno)
    return " ".join(str(error).split()) or type(error).__name__


def _cause(error: Exception) -> Exception | None:
    """Return the error to chain, unless its text quotes the response."""
    return None if isinstance(error, httpcore2.ProtocolError) else error


def _route(request: Request, settings: Settings) -> _Route:
    proxy = settings.proxy_for(request.scheme, request.host, request.port)
    if proxy is not None and proxy.scheme != "http":
        raise ValueError(
            f"this transport cannot use a {proxy.scheme} proxy: the pycurl transport "
            "can, or use a proxy that begins with http://"
        )
    return request.scheme, proxy


def _pool_settings(settings: Settings, route: _Route) -> dict[str, Any]:
    scheme, proxy = route
    core_proxy = auth = None
    if proxy is not None:
        if proxy.username is not None:
            auth = (proxy.username.encode(), (proxy.password or "").encode())
        url = httpcore2.URL(
            scheme=proxy.scheme, host=proxy.host, port=proxy.port, target="/"
        )
        core_proxy = httpcore2.Proxy(url, auth=auth)
    return {
        "ssl_context": ssl_context(settings) if scheme == "https" else None,
        "proxy": core_proxy,
        "max_connections": settings.max_connections,
        "keepalive_expiry": settings.keepalive_seconds,
    }
