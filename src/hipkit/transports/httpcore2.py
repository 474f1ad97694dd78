"""The default transports, on httpcore2: sync on plain sockets, async on asyncio.

httpcore2 sends the target unchanged, and reads and writes through network backends of ours.
Read next: `httpcore2_streams.py`, `httpcore2_pools.py`, and docs/explanation/transports.md for the
limitations.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import httpcore2

from hipkit.transports.httpcore2_pools import Pools, Shard, ShardedPool
from hipkit.transports.httpcore2_streams import AsyncBackend, Backend, Progress, Resolve
from hipkit.transports.protocol import (
    Options,
    RawResponse,
    Request,
    Sink,
    TransportError,
    TransportErrorKind,
)
from hipkit.transports.settings import NetworkTransport
from hipkit.transports.tls import certificate_failure, is_no_tls
from hipkit.transports.wire import (
    Incoming,
    all_lines,
    content_size,
    exact_chunks,
    joined_headers,
    shown_address,
)

if TYPE_CHECKING:  # The sync half does without: loading it is a tenth of a cold start.
    import asyncio

__all__ = ["AsyncHttpcoreTransport", "HttpcoreTransport"]

P = TypeVar("P")

_Pool = httpcore2.ConnectionPool
_AsyncPool = httpcore2.AsyncConnectionPool

PLACE_IN_OPENSSL = re.compile(r" \(_ssl\.c:\d+\)\Z")

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
    """A blocking transport for any number of threads, with pools per scheme and proxy."""

    name = "httpcore2"

    def _start(self) -> None:
        self._pools = Pools(self._settings, _Pool, Backend)

    def send(
        self, request: Request, options: Options, sink: Sink | None = None
    ) -> RawResponse:
        """Send a request once; see `protocol.Transport`."""
        self._check_open()
        call = _Call(request, options, self._pools.find(request))
        with call:
            message = call.message()
            shard = self._acquire(call)
            try:
                self._check_open()  # It may have been closed meanwhile.
                response = shard.pool.handle_request(message)
                try:
                    incoming = call.incoming(response, sink)
                    for chunk in response.iter_stream():
                        incoming.feed(chunk)
                finally:
                    response.close()
            finally:
                for pool in call.pool.release(shard, has_connected=call.has_connected):
                    pool.close()
                if self._closed:
                    self.close()
        return incoming.response()

    def close(self) -> None:
        """Close every connection; those in use are closed when their call ends."""
        self._closed = True
        for pool in self._pools:
            for connection in pool.connections:
                if connection.is_idle():
                    connection.close()

    def _acquire(self, call: _Call[_Pool]) -> Shard[_Pool]:
        turn = call.pool.acquire(call.server)
        if isinstance(turn, Shard):
            return turn
        try:
            return turn.result(call.left(httpcore2.PoolTimeout))
        except BaseException as error:
            call.pool.abandon(turn)
            if isinstance(error, TimeoutError):
                raise httpcore2.PoolTimeout(str(error)) from None
            raise

    def _leave_to_parent(self) -> None:
        # This closes the child's descriptors without sending anything. The pools' own `close`
        # would take locks, which another thread may have held during the fork: a deadlock.
        for pool in self._pools:
            for connection in pool.connections:
                connection.close()
        self._start()


class AsyncHttpcoreTransport(NetworkTransport):
    """The asyncio counterpart; every event loop gets its own pools."""

    name = "httpcore2"
    _resolve: Resolve | None = None
    _make_pool: Callable[..., Any] = _AsyncPool

    def _start(self) -> None:
        self._loops: dict[asyncio.AbstractEventLoop, Pools[_AsyncPool]] = {}

    async def send(
        self, request: Request, options: Options, sink: Sink | None = None
    ) -> RawResponse:
        """Send a request once; see `protocol.AsyncTransport`."""
        self._check_open()
        call = _Call(request, options, self._pools().find(request))
        with call:
            message = call.message()
            shard = await self._acquire(call)
            try:
                self._check_open()  # It may have been closed meanwhile.
                response = await shard.pool.handle_async_request(message)
                try:
                    incoming = call.incoming(response, sink)
                    async for chunk in response.aiter_stream():
                        incoming.feed(chunk)
                finally:
                    await response.aclose()
            finally:
                for pool in call.pool.release(shard, has_connected=call.has_connected):
                    await pool.aclose()
        return incoming.response()

    async def aclose(self) -> None:
        """Close the connections of this event loop, even those in use.

        The connections of another loop end with that loop.
        """
        self._closed = True
        for pool in self._pools():
            await pool.aclose()

    def _pools(self) -> Pools[_AsyncPool]:
        """Return the pools of this event loop, and forget those of loops that have ended."""
        import asyncio

        loop = asyncio.get_running_loop()
        if loop not in self._loops:
            for ended in [known for known in self._loops if known.is_closed()]:
                del self._loops[ended]
            self._loops[loop] = Pools(self._settings, self._make_pool, self._backend)
        return self._loops[loop]

    def _backend(self, is_secure: bool) -> AsyncBackend:
        return AsyncBackend(is_secure, self._resolve)

    async def _acquire(self, call: _Call[_AsyncPool]) -> Shard[_AsyncPool]:
        turn = call.pool.acquire(call.server)
        if isinstance(turn, Shard):
            return turn
        import asyncio

        try:
            wait = call.left(httpcore2.PoolTimeout)
            return await asyncio.wait_for(asyncio.wrap_future(turn), wait)
        except BaseException as error:
            call.pool.abandon(turn)
            if isinstance(error, TimeoutError):
                raise httpcore2.PoolTimeout(str(error)) from None
            raise

    def _leave_to_parent(self) -> None:
        pass  # A child process needs a new event loop, which gets its own pools.


class _Call(Progress, Generic[P]):
    """One call, for both halves; a failure of httpcore2 leaves it as a `TransportError`."""

    def __init__(
        self, request: Request, options: Options, pool: ShardedPool[P]
    ) -> None:
        super().__init__(options)
        self.pool = pool
        self.server = request.host, request.port
        self._request = request

    def __exit__(self, *raised: Any) -> None:
        super().__exit__()
        error = raised[1]
        try:
            if isinstance(error, _FAILURES):
                # The text of a protocol error quotes the response.
                is_quote = isinstance(error, httpcore2.ProtocolError)
                raise self._transport_error(error) from (None if is_quote else error)
        finally:
            # The call's timers may be kept for a while, and with their context this object; not
            # the connections of a transport that nobody has any more.
            del self.pool

    def message(self) -> httpcore2.Request:
        """Return the request for httpcore2, after checking it."""
        request, host = self._request, self._request.host
        size, content = content_size(request), request.content
        lines = all_lines(request, size)
        # No call should have to wait within a pool. If one does, the wait has an end.
        wait = self.left(httpcore2.PoolTimeout)
        extensions: dict[str, object] = {"timeout": {"pool": wait}}
        if ":" in host and self.pool.proxy is not None:
            # httpcore2 passes the host to a proxy exactly as it is given here.
            extensions["sni_hostname"] = host
            host = f"[{host}]"
        scheme, port, target = request.scheme, request.port, request.target
        url = httpcore2.URL(scheme=scheme, host=host, port=port, target=target)
        message = httpcore2.Request(
            request.method,
            url,
            content=content
            if content is None or isinstance(content, bytes)
            else _Content(exact_chunks(content, size or 0)),
            extensions=extensions,
        )
        # Given to the constructor, each line would be checked once more.
        message.headers = lines
        return message

    def incoming(self, response: httpcore2.Response, sink: Sink | None) -> Incoming:
        """Return what takes the body of a response."""
        if response.status < 200:
            raise httpcore2.RemoteProtocolError("an upgrade that was not requested")
        if not self.has_received:
            # It came in one piece with the last response, before this request was sent: taken
            # for its response, it would shift those of all later calls by one.
            raise httpcore2.RemoteProtocolError("a response that was not requested")
        headers = joined_headers(response.headers)
        return Incoming(response.status, headers, self.options, sink)

    def _transport_error(self, error: Exception) -> TransportError:
        where = shown_address(*self.server)
        proxy = self.pool.proxy
        if proxy is not None and not self.has_connected:
            where += f" through the proxy {shown_address(proxy.host, proxy.port)}"
        kind: TransportErrorKind = "broken"
        if isinstance(error, httpcore2.TimeoutException):
            kind, reason = "timeout", _TIMEOUT_REASONS[type(error)].format(where)
        elif not self.has_connected:
            cause = _root_cause(error)
            # Only `ssl.SSLCertVerificationError` has one.
            verify_code = getattr(cause, "verify_code", None)
            kind = "no_tls" if is_no_tls(str(cause)) else "connect"
            if verify_code is not None:
                kind = certificate_failure(verify_code)
            reason = f"cannot connect to {where}: {_message(cause)}"
        elif isinstance(error, httpcore2.ProtocolError) and not self.has_ended:
            kind, reason = "garbage", f"what {where} answered is not HTTP"
        elif self.has_received:
            reason = f"the connection to {where} broke within the response"
        else:
            reason = f"the connection to {where} broke before a response arrived"
        return TransportError(kind, reason, may_have_arrived=self.may_have_arrived)


class _Content:
    """A request body in chunks, for both the sync and async half of httpcore2."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk


def _root_cause(error: BaseException) -> BaseException:
    """Return the original error."""
    earlier = error.__cause__ or error.__context__
    if isinstance(earlier, ExceptionGroup):
        earlier = earlier.exceptions[0]
    if isinstance(earlier, OSError):
        return _root_cause(earlier)
    return error


def _message(error: BaseException) -> str:
    """Return an error's message, on one line."""
    # Only `ssl.SSLError` has a library; its numbers are not the system's.
    if isinstance(error, OSError) and not hasattr(error, "library"):
        number = error.errno or 0
        if number > 0:
            # asyncio's message repeats the address in Python syntax.
            return os.strerror(number)
    text = PLACE_IN_OPENSSL.sub("", " ".join(str(error).split()))
    return text or type(error).__name__
