"""The network streams of `httpcore2.py`, which know the deadline and record what was written.

httpcore2 reads and writes through these streams. They see timeouts and errors directly, so that
nothing has to be inferred from the class of an exception.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, cast

import httpcore2

from hipkit.transports.protocol import Options
from hipkit.transports.wire import seconds_left

__all__ = ["AsyncBackend", "Backend", "Progress", "Resolve"]

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a host and port to connect to, or raises `OSError`."""

# The largest TLS record: if writing it fails, the server cannot have read any of it.
RECORD_BYTES = 16 * 1024


class Progress(float):
    """The progress of a call, passed to the streams as its timeout.

    httpcore2 passes a timeout to the streams unchanged. This class is a `float`, so that httpcore2
    can also use it as a number.
    """

    def __new__(cls, options: Options, *, is_secure: bool) -> Progress:
        """Begin a call; with `is_secure` the request is written only after the TLS handshake."""
        return super().__new__(cls, options.timeout_seconds)

    def __init__(self, options: Options, *, is_secure: bool) -> None:
        self._options = options
        self.is_secure = is_secure
        self.has_connected = False
        """Whether a connection exists, so that the next write is the request."""
        self.may_have_arrived = False
        """Whether a byte of the request may have been sent."""
        self.has_received = False
        """Whether a byte was received, from the server or a proxy."""
        self.has_ended = False
        """Whether the peer has closed the connection."""

    def left(self, timed_out: type[httpcore2.TimeoutException]) -> float:
        """Return the longest wait still allowed in seconds, or raise the given error."""
        try:
            return seconds_left(self._options)
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


class Backend(httpcore2.NetworkBackend):
    """Opens the connections of the sync transport."""

    def __init__(self) -> None:
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first address that answers."""
        progress = cast("Progress", timeout)
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(str(error)) from error
        # One address after another, each with the time that the deadline leaves.
        for tried, (*_, address) in enumerate(found, start=1):
            wait = progress.left(httpcore2.ConnectTimeout)
            try:
                stream = self._plain.connect_tcp(str(address[0]), port, timeout=wait)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if tried == len(found):
                    raise
            else:
                return _Stream(stream, carries_request=not progress.is_secure)
        raise httpcore2.ConnectError("the name has no address")


class _Writing:
    """What the connections of both transports share: which data to write when.

    Data before the TLS handshake is the dialogue with a proxy, not the request.
    """

    def __init__(self, plain: Any, *, carries_request: bool) -> None:
        self._plain = plain
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
        return self._plain.get_extra_info(info)


class _Stream(_Writing, httpcore2.NetworkStream):
    """A connection of the sync transport."""

    @cached_property
    def _socket(self) -> socket.socket:
        return cast("socket.socket", self.get_extra_info("socket"))

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        progress = cast("Progress", timeout)
        try:
            self._socket.settimeout(progress.left(httpcore2.ReadTimeout))
            return progress.record(self._socket.recv(max_bytes))
        except TimeoutError as error:
            raise httpcore2.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        progress = cast("Progress", timeout)
        view = memoryview(self._due(buffer, progress))
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
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            wait = cast("Progress", timeout).left(httpcore2.ConnectTimeout)
            stream = self._plain.start_tls(ssl_context, server_hostname, wait)
        except BaseException:
            self.close()
            raise
        return _Stream(stream, carries_request=True)

    def close(self) -> None:
        self._plain.close()


# The names of the parameters below are httpcore2's, so a `timeout` stays one: ASYNC109.
class AsyncBackend(httpcore2.AsyncNetworkBackend):
    """Opens the connections of the async transport.

    Args:
        resolve: Resolves host names, instead of the system.
    """

    def __init__(self, resolve: Resolve | None = None) -> None:
        self._plain = httpcore2.AnyIOBackend()
        self._resolve = resolve

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the address that answers first."""
        progress = cast("Progress", timeout)
        found: Sequence[str] = [host]
        if self._resolve is not None:
            try:
                found = await self._resolve(host, port)
            except OSError as error:
                raise httpcore2.ConnectError(str(error)) from error
        for tried, address in enumerate(found, start=1):
            wait = progress.left(httpcore2.ConnectTimeout)
            try:
                stream = await self._plain.connect_tcp(address, port, timeout=wait)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if tried == len(found):
                    raise
            else:
                return _AsyncStream(stream, carries_request=not progress.is_secure)
        raise httpcore2.ConnectError("the name has no address")


class _AsyncStream(_Writing, httpcore2.AsyncNetworkStream):
    """A connection of the async transport."""

    async def read(
        self,
        max_bytes: int,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> bytes:
        progress = cast("Progress", timeout)
        wait = progress.left(httpcore2.ReadTimeout)
        try:
            return progress.record(await self._plain.read(max_bytes, wait))
        except OSError as error:  # anyio does not translate all TLS alerts.
            raise httpcore2.ReadError(str(error)) from error

    async def write(
        self,
        buffer: bytes,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> None:
        progress = cast("Progress", timeout)
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
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore2.AsyncNetworkStream:
        try:
            wait = cast("Progress", timeout).left(httpcore2.ConnectTimeout)
            stream = await self._plain.start_tls(ssl_context, server_hostname, wait)
        except BaseException:
            await self.aclose()
            raise
        return _AsyncStream(stream, carries_request=True)

    async def aclose(self) -> None:
        await self._plain.aclose()
