"""The resolved transport on a parser in C: for programs that post to others all day.

httpcore2 reads responses in Python, through a pool for any number of hosts and protocols, which is
most of what a small call costs. Here a connection writes a request and reads its response itself;
the limits, the checks, the errors and the choice of addresses stay those of `httpcore2.py`.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterable, AsyncIterator
from typing import cast

import httpcore2
import httptools

from hipkit.transports.httpcore2 import AsyncHttpcoreTransport
from hipkit.transports.resolved import ResolvedTransport

__all__ = ["AsyncDirectTransport", "DirectPool", "DirectTransport", "make_pool"]

READ_BYTES = 64 * 1024
MOST_HEAD_BYTES = 100 * 1024
"""What may be received in a row that is no content: the head, trailers, the framing of chunks."""

Origin = tuple[bytes, bytes, int]


class DirectPool:
    """The connections to some hosts, as a pool of httpcore2: no more calls at once than places."""

    def __init__(
        self,
        *,
        max_connections: int,
        keepalive_expiry: float,
        network_backend: httpcore2.AsyncNetworkBackend,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._most = max_connections
        self._idle_seconds = keepalive_expiry
        self._backend = network_backend
        self._tls = ssl_context
        self._idle: list[_Connection] = []
        self._busy: set[_Connection] = set()

    async def handle_async_request(self, request: httpcore2.Request) -> _Response:
        """Send a request, and return its response once its head has been read."""
        connection = await self._find(request.url)
        self._busy.add(connection)
        try:
            message = await connection.exchange(request)
        except BaseException:
            await self.release(connection, is_reusable=False)
            raise
        return _Response(self, connection, message)

    async def release(self, connection: _Connection, *, is_reusable: bool) -> None:
        """End the use of a connection, and close it if it cannot be used again."""
        # After `aclose` it is none of the pool's any more.
        if is_reusable and connection in self._busy:
            self._busy.discard(connection)
            connection.idle_since = time.monotonic()
            self._idle.append(connection)
            return
        self._busy.discard(connection)
        await connection.stream.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        closing = [*self._idle, *self._busy]
        self._idle.clear()
        self._busy.clear()
        for connection in closing:
            await connection.stream.aclose()

    async def _find(self, url: httpcore2.URL) -> _Connection:
        origin = _origin(url)
        oldest = time.monotonic() - self._idle_seconds
        closing = [one for one in self._idle if one.idle_since < oldest]
        self._idle = [one for one in self._idle if one.idle_since >= oldest]
        found = None
        for connection in reversed([one for one in self._idle if one.origin == origin]):
            self._idle.remove(connection)
            # The server has closed it, or sent what nobody asked for.
            if not connection.stream.get_extra_info("is_readable"):
                found = connection
                break
            closing.append(connection)
        if found is None:
            while self._idle and len(self._idle) + len(self._busy) >= self._most:
                closing.append(self._idle.pop(0))
        try:
            for connection in closing:
                await connection.stream.aclose()
        except BaseException:
            if found is not None:
                self._idle.append(found)
            raise
        return found or await self._connect(url)

    async def _connect(self, url: httpcore2.URL) -> _Connection:
        host = url.host.decode("ascii")
        scheme, _, port = origin = _origin(url)
        stream = await self._backend.connect_tcp(host, port)
        if scheme == b"https":
            if self._tls is None:
                raise TypeError("a pool for https needs an SSL context")
            self._tls.set_alpn_protocols(["http/1.1"])
            stream = await stream.start_tls(self._tls, server_hostname=host)
        return _Connection(origin, stream)


def make_pool(
    *, proxy: httpcore2.Proxy | None, **options: object
) -> DirectPool | httpcore2.AsyncConnectionPool:
    """Return a pool; what goes through a proxy is left to httpcore2."""
    if proxy is not None:
        return httpcore2.AsyncConnectionPool(proxy=proxy, **options)  # type: ignore[arg-type]
    return DirectPool(**options)  # type: ignore[arg-type]  # as `ShardedPool` passes them


class AsyncDirectTransport(AsyncHttpcoreTransport):
    """An `AsyncHttpcoreTransport` on this module's connections, with all its settings."""

    name = "direct"
    _make_pool = staticmethod(make_pool)


class DirectTransport(ResolvedTransport):
    """A `ResolvedTransport` whose calls cost less than half."""

    name = "direct"
    _make_pool = staticmethod(make_pool)


class _Connection:
    """A connection, which carries one request at a time."""

    idle_since = 0.0

    def __init__(self, origin: Origin, stream: httpcore2.AsyncNetworkStream) -> None:
        self.origin = origin
        self.stream = stream

    async def exchange(self, request: httpcore2.Request) -> _Message:
        """Write a request, and read the response as far as its head."""
        message = _Message(has_content=request.method != b"HEAD")
        try:
            await self._write(request)
        except httpcore2.WriteError:
            # A server may answer before it has read all, and close.
            message.may_keep_alive = False
        while not message.has_head:
            await self.receive(message)
        return message

    async def receive(self, message: _Message) -> None:
        """Read some more of a response."""
        data = await self.stream.read(READ_BYTES)
        if data:
            message.feed(data)
        else:
            message.end()

    async def _write(self, request: httpcore2.Request) -> None:
        lines = [b"%b: %b\r\n" % line for line in request.headers]
        head = b"%b %b HTTP/1.1\r\n" % (request.method, request.url.target)
        await self.stream.write(b"".join((head, *lines, b"\r\n")))
        is_chunked = any(name == b"Transfer-Encoding" for name, _ in request.headers)
        async for chunk in cast("AsyncIterable[bytes]", request.stream):
            if is_chunked and chunk:
                chunk = b"%x\r\n%b\r\n" % (len(chunk), chunk)
            if chunk:
                await self.stream.write(chunk)
        # The stream holds the head back until it is written to once more.
        await self.stream.write(b"0\r\n\r\n" if is_chunked else b"")


class _Message:
    """A response as far as it was read; the parser calls it."""

    def __init__(self, *, has_content: bool) -> None:
        self._has_content = has_content
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.pieces: list[bytes] = []
        """Content that was received and not yet taken."""
        self.has_head = self.is_complete = False
        self.may_keep_alive = True
        """Whether the connection may carry another request."""
        self._is_interim = False
        self._no_content_bytes = 0
        self._parser = httptools.HttpResponseParser(self)
        # Scripts that print their head end its lines by a line feed alone. Nobody else's response
        # comes over this connection: what ends where is no question of safety.
        self._parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True)

    def feed(self, data: bytes) -> None:
        """Read received bytes.

        Raises:
            RemoteProtocolError: They are no response, or a head without end.
        """
        self._no_content_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.may_keep_alive = False
            # What follows a whole response is nobody's.
            if not self.is_complete:
                raise httpcore2.RemoteProtocolError("it is not HTTP") from None
        if self._no_content_bytes > MOST_HEAD_BYTES and not self.is_complete:
            raise httpcore2.RemoteProtocolError("its head does not end")

    def end(self) -> None:
        """Note that the peer sends nothing more.

        Raises:
            RemoteProtocolError: The response is not complete.
        """
        self.may_keep_alive = False
        framing = {b"content-length", b"transfer-encoding"}
        is_framed = any(name.lower() in framing for name, _ in self.headers)
        if not self.has_head or is_framed:
            raise httpcore2.RemoteProtocolError("the response is incomplete")
        self.is_complete = True

    def on_message_begin(self) -> None:
        """Note that something follows the response, which nobody asked for."""
        if self.is_complete:
            self.may_keep_alive = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; trailers are dropped."""
        if not self.has_head:
            self.headers.append((name, value.strip(b" \t")))

    def on_headers_complete(self) -> None:
        """Note the end of the head."""
        if self.has_head:
            return
        self.status = self._parser.get_status_code()
        self._is_interim = 100 <= self.status < 200 and self.status != 101
        if self._is_interim:
            self.headers.clear()
            return
        self.has_head = True
        if not self._has_content:
            # The parser cannot be told, and takes what follows for content.
            # Nor does it know that no length is needed here.
            self.is_complete = True
            connection = b",".join(
                value for name, value in self.headers if name.lower() == b"connection"
            )
            self.may_keep_alive &= (
                self._parser.get_http_version() == "1.1"
                and b"close" not in connection.lower()
            )

    def on_body(self, data: bytes) -> None:
        """Keep content until it is taken."""
        if self.is_complete:
            self.may_keep_alive = False
            return
        self._no_content_bytes = 0
        self.pieces.append(data)

    def on_message_complete(self) -> None:
        """Note the end of the response."""
        if self._is_interim:
            self._is_interim = False
        elif not self.is_complete:
            self.is_complete = True
            self.may_keep_alive &= self._parser.should_keep_alive()


class _Response:
    """A response of which the head was read."""

    def __init__(
        self, pool: DirectPool, connection: _Connection, message: _Message
    ) -> None:
        self.status = message.status
        self.headers = message.headers
        self._pool = pool
        self._connection = connection
        self._message = message
        self._is_read = False

    async def aiter_stream(self) -> AsyncIterator[bytes]:
        """Yield the content as it is received."""
        message = self._message
        while True:
            pieces, message.pieces = message.pieces, []
            for piece in pieces:
                yield piece
            if message.is_complete:
                self._is_read = True
                return
            await self._connection.receive(message)

    async def aclose(self) -> None:
        """End the call; the connection is kept if the response was read to its end."""
        is_reusable = self._is_read and self._message.may_keep_alive
        await self._pool.release(self._connection, is_reusable=is_reusable)


def _origin(url: httpcore2.URL) -> Origin:
    if url.port is None:
        raise ValueError("the port is missing")
    return url.scheme, url.host, url.port
