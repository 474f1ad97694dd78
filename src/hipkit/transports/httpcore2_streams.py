"""The network backends of `httpcore2.py`: their streams keep a call's limits and see what it sends.

httpcore2 opens, reads and writes connections through a network backend, its documented extension
point. A stream knows which call it works for by a context variable. So the time of a call ends
within a read, and what a failed call has sent is counted, not inferred from an exception's class.
"""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar, Token
from typing import Any

import httpcore2

from hipkit.transports.protocol import Options
from hipkit.transports.wire import seconds_left

__all__ = ["AsyncBackend", "Backend", "Progress", "Resolve"]

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a host and port to connect to, or raises `OSError`."""

# The largest TLS record: if writing it fails, the server cannot have read any of it.
RECORD_BYTES = 16 * 1024


class Progress:
    """What the streams of a call need: its time limits, and a place to record what they see.

    As a context it is the progress of this thread or task.
    """

    has_connected = False
    """Whether a connection exists, and the request has been passed to it."""
    may_have_arrived = False
    """Whether a byte of the request may have been sent."""
    has_received = False
    """Whether a byte was received, from the server or a proxy."""
    has_ended = False
    """Whether the peer has closed the connection."""

    def __init__(self, options: Options) -> None:
        self.options = options

    def __enter__(self) -> None:
        self._token: Token[Progress] = PROGRESS.set(self)

    def __exit__(self, *_: object) -> None:
        PROGRESS.reset(self._token)

    def left(self, timed_out: type[httpcore2.TimeoutException]) -> float:
        """Return the longest wait still allowed in seconds, or raise the given error."""
        try:
            return seconds_left(self.options)
        except TimeoutError as error:
            raise timed_out("the deadline has passed") from error

    def record(self, data: bytes) -> bytes:
        """Record what was read: whether it is the end, and whether it begins like HTTP."""
        if not data:
            self.has_ended = True
        elif not self.has_received:
            self.has_received = True
            if data[:5] != b"HTTP/"[: len(data)]:
                raise httpcore2.RemoteProtocolError("not HTTP")
        return data


PROGRESS: ContextVar[Progress] = ContextVar("PROGRESS")
"""That of the call which this thread or task is in."""


class _Writing:
    """What the streams of both halves share: which data to write when.

    Data before the TLS handshake is the dialogue with a proxy, not the request.
    """

    def __init__(self, plain: Any, *, carries_request: bool) -> None:
        self._plain = plain
        self._socket: socket.socket = plain.get_extra_info("socket")
        self._carries_request = carries_request
        self._held = b""

    def _due(self, buffer: bytes, progress: Progress) -> bytes:
        # httpcore2 writes the head, the body and an empty end separately. The head
        # is held back until the second write, so that a small request fits one packet.
        if self._carries_request and not progress.has_connected:
            progress.has_connected = True
            self._held = buffer
            return b""
        data, self._held = self._held + buffer, b""
        return data

    def get_extra_info(self, info: str) -> Any:
        # Pools ask twice a call, and anyio collects everything that it knows to answer this.
        is_open = info == "is_readable" and self._socket.fileno() >= 0
        if is_open and hasattr(select, "poll"):  # Windows has none.
            poll = select.poll()
            poll.register(self._socket, select.POLLIN)
            return bool(poll.poll(0))
        return self._plain.get_extra_info(info)


# httpcore2 also passes time limits of its own, which nobody sets: `*_` and `**_` drop them.


class Backend(httpcore2.NetworkBackend):
    """Opens the connections of the sync transport; with `is_secure`, TLS precedes the request."""

    def __init__(self, is_secure: bool) -> None:
        self._is_secure = is_secure
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self, host: str, port: int, *_: Any, **__: Any
    ) -> httpcore2.NetworkStream:
        """Connect to the first address that answers."""
        progress = PROGRESS.get()
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(str(error)) from error
        # One address after another, each with the time that the deadline leaves.
        for tried, (*_unused, address) in enumerate(found, start=1):
            wait = progress.left(httpcore2.ConnectTimeout)
            try:
                stream = self._plain.connect_tcp(str(address[0]), port, wait)
                return _Stream(stream, carries_request=not self._is_secure)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if tried == len(found):
                    raise
        raise httpcore2.ConnectError("the name has no address")


class _Stream(_Writing, httpcore2.NetworkStream):
    def read(self, max_bytes: int, *_: Any, **__: Any) -> bytes:
        progress = PROGRESS.get()
        try:
            self._socket.settimeout(progress.left(httpcore2.ReadTimeout))
            return progress.record(self._socket.recv(max_bytes))
        except TimeoutError as error:
            raise httpcore2.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.ReadError(str(error)) from error

    def write(self, buffer: bytes, *_: Any, **__: Any) -> None:
        progress = PROGRESS.get()
        if not (data := self._due(buffer, progress)):
            return
        view = memoryview(data)
        try:
            while view:
                self._socket.settimeout(progress.left(httpcore2.WriteTimeout))
                size = self._socket.send(view[:RECORD_BYTES])
                progress.may_have_arrived = self._carries_request
                view = view[size:]
        except TimeoutError as error:
            raise httpcore2.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.WriteError(str(error)) from error

    def start_tls(
        self, ssl_context: Any, server_hostname: Any = None, *_: Any, **__: Any
    ) -> httpcore2.NetworkStream:
        try:
            wait = PROGRESS.get().left(httpcore2.ConnectTimeout)
            # Python's `ssl` does not close a socket that was reset before the handshake.
            if fault := self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise httpcore2.ConnectError(os.strerror(fault))
            stream = self._plain.start_tls(ssl_context, server_hostname, wait)
        except BaseException:
            self.close()
            raise
        return _Stream(stream, carries_request=True)

    def close(self) -> None:
        self._plain.close()


class AsyncBackend(httpcore2.AsyncNetworkBackend):
    """The asyncio counterpart of `Backend`.

    Args:
        is_secure: Whether TLS precedes the request.
        resolve: Resolves host names, instead of the system.
    """

    def __init__(self, is_secure: bool, resolve: Resolve | None = None) -> None:
        self._is_secure = is_secure
        self._plain = httpcore2.AnyIOBackend()
        self._resolve = resolve

    async def connect_tcp(
        self, host: str, port: int, *_: Any, **__: Any
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the address that answers first."""
        progress = PROGRESS.get()
        found: Sequence[str] = [host]
        if self._resolve is not None:
            try:
                found = await self._resolve(host, port)
            except OSError as error:
                raise httpcore2.ConnectError(str(error)) from error
        for tried, address in enumerate(found, start=1):
            wait = progress.left(httpcore2.ConnectTimeout)
            try:
                stream = await self._plain.connect_tcp(address, port, wait)
                return _AsyncStream(stream, carries_request=not self._is_secure)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if tried == len(found):
                    raise
        raise httpcore2.ConnectError("the name has no address")


class _AsyncStream(_Writing, httpcore2.AsyncNetworkStream):
    async def read(self, max_bytes: int, *_: Any, **__: Any) -> bytes:
        progress = PROGRESS.get()
        wait = progress.left(httpcore2.ReadTimeout)
        try:
            return progress.record(await self._plain.read(max_bytes, wait))
        except OSError as error:  # anyio does not translate all TLS alerts.
            raise httpcore2.ReadError(str(error)) from error

    async def write(self, buffer: bytes, *_: Any, **__: Any) -> None:
        progress = PROGRESS.get()
        if not (data := self._due(buffer, progress)):
            return
        wait = progress.left(httpcore2.WriteTimeout)
        # asyncio does not report how much was sent when a write fails.
        progress.may_have_arrived = self._carries_request
        try:
            await self._plain.write(data, wait)
        except OSError as error:
            raise httpcore2.WriteError(str(error)) from error

    async def start_tls(
        self, ssl_context: Any, server_hostname: Any = None, *_: Any, **__: Any
    ) -> httpcore2.AsyncNetworkStream:
        try:
            wait = PROGRESS.get().left(httpcore2.ConnectTimeout)
            stream = await self._plain.start_tls(ssl_context, server_hostname, wait)
        except BaseException:
            await self.aclose()
            raise
        return _AsyncStream(stream, carries_request=True)

    async def aclose(self) -> None:
        await self._plain.aclose()
