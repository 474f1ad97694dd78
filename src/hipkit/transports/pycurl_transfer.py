"""One request through libcurl: the callbacks that provide the body and receive the response.

Read next: `pycurl.py`, which runs it.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, cast

import pycurl

from hipkit.transports.protocol import (
    Options,
    RawResponse,
    Request,
    Sink,
    TransportError,
    TransportErrorKind,
)
from hipkit.transports.wire import (
    Incoming,
    content_size,
    exact_chunks,
    header_lines,
    joined_headers,
    seconds_left,
    shown_address,
)

__all__ = ["Connections", "Route", "Setting", "Transfer"]

MAX_HEAD_BYTES = 200 * 1024
"""libcurl itself stops at 300 KiB, with an unspecific error."""
STOP = 0
"""A callback returns this, instead of the number of bytes it took, to abort the transfer."""
E_TOO_LARGE = 100
"""libcurl's error code for a header line that is too long; pycurl has no name for it."""
NOT_HTTP = {pycurl.E_UNSUPPORTED_PROTOCOL, pycurl.E_FTP_WEIRD_SERVER_REPLY, E_TOO_LARGE}
LOCAL_PORT = 3  # index in the addresses that libcurl reports of a connection
UNASKED_HEADERS = ("accept", "content-type", "expect")

Setting = tuple[int, Any]


class Route(NamedTuple):
    """The way to a host: direct or through a proxy."""

    origin: str
    prefix: str
    """Prefix of the target in a request to a proxy."""
    settings: list[Setting]


class Connections:
    """Checks idle connections, so that none is used that the server has closed.

    libcurl checks them once a second. In between it detects a closed connection only by sending,
    when it is no longer certain that nothing has arrived.
    """

    def __init__(self, limit: int) -> None:
        self._data_checks: dict[tuple[object, ...], Callable[[], object]] = {}
        self._limit = 4 * limit

    def add(self, addresses: tuple[object, ...], opened: list[int]) -> None:
        """Register a new connection; of several sockets opened for it, one has connected."""
        if len(self._data_checks) >= self._limit:
            # libcurl does not report closed connections. Forgetting an open one costs a reconnect.
            self._data_checks.clear()
        for descriptor in opened:
            if len(opened) == 1 or _local_port(descriptor) == addresses[LOCAL_PORT]:
                self._data_checks[addresses] = _data_check(descriptor)

    def is_open(self, addresses: tuple[object, ...]) -> bool:
        """Return whether an idle connection is registered and nothing was received on it."""
        has_data = self._data_checks.get(addresses)
        return has_data is not None and not has_data()


class Transfer:
    """One request: libcurl reads the body from it, and passes the response to it."""

    _chunks: Iterator[bytes] = iter(())
    _chunk = memoryview(b"")
    _incoming: Incoming | None = None
    _error: BaseException | None = None
    _has_connected = False
    _moved = 0.0
    _moved_at = 0.0
    was_closed = False
    """Whether the connection that libcurl chose was already closed, so that nothing was sent."""

    def __init__(
        self,
        request: Request,
        options: Options,
        sink: Sink | None,
        connections: Connections,
    ) -> None:
        self._request = request
        self._options = options
        self._sink = sink
        self._connections = connections
        self._lines = header_lines(request)
        self._size = content_size(request)
        self._opened: list[int] = []
        self._head: list[bytes] = []

    # Before the transfer

    def connect_timeout(self) -> float:
        """Return the longest wait still allowed, in seconds.

        Raises:
            TransportError: The deadline has passed.
        """
        try:
            return seconds_left(self._options)
        except TimeoutError:
            raise self.no_connection_error() from None

    def no_connection_error(self) -> TransportError:
        """Return the error for a call that got no connection in time."""
        reason = "no connection to {} became free in time"
        return self._transport_error("timeout", reason)

    def prepare(self, handle: pycurl.Curl, route: Route) -> None:
        """Apply all settings of the call to a fresh handle."""
        request, deadline = self._request, self._options.deadline
        handle.setopt(pycurl.CONNECTTIMEOUT_MS, _milliseconds(self.connect_timeout()))
        if deadline is not None:
            left = _milliseconds(deadline - time.monotonic())
            handle.setopt(pycurl.TIMEOUT_MS, left)
        for option, value in route.settings:
            handle.setopt(option, value)
        handle.setopt(pycurl.URL, route.origin)
        handle.setopt(pycurl.REQUEST_TARGET, route.prefix + request.target)
        self._prepare_body(handle)
        handle.setopt(pycurl.HTTPHEADER, self._header_lines())
        handle.setopt(pycurl.SOCKOPTFUNCTION, self._on_socket)
        handle.setopt(pycurl.PREREQFUNCTION, self._on_connected)
        handle.setopt(pycurl.XFERINFOFUNCTION, self._on_progress)
        handle.setopt(pycurl.HEADERFUNCTION, self._head.append)
        handle.setopt(pycurl.WRITEFUNCTION, self._on_body)

    def _prepare_body(self, handle: pycurl.Curl) -> None:
        content, size = self._request.content, self._size
        if size is None:
            if self._request.method == "HEAD":
                handle.setopt(pycurl.NOBODY, 1)
        elif content is None or isinstance(content, bytes):
            handle.setopt(pycurl.POSTFIELDS, content or b"")
        elif size == 0:
            # libcurl would not read the body, and so not notice that it is not empty.
            handle.setopt(pycurl.POSTFIELDS, b"".join(exact_chunks(content, size)))
        else:
            self._chunks = exact_chunks(content, size)
            handle.setopt(pycurl.POST, 1)
            handle.setopt(pycurl.READFUNCTION, self._on_read)
            if size >= 0:
                handle.setopt(pycurl.POSTFIELDSIZE_LARGE, size)
        handle.setopt(pycurl.CUSTOMREQUEST, self._request.method)

    def _header_lines(self) -> list[str]:
        # libcurl reads "Name:" as a request to remove the header, and "Name;" as an empty value.
        lines = [
            f"{name}: {text}" if text else f"{name};" for name, text in self._lines
        ]
        if self._size == -1:
            lines.append("Transfer-Encoding: chunked")
        given = [name.lower() for name, _ in self._lines]
        return lines + [f"{name}:" for name in UNASKED_HEADERS if name not in given]

    # During the transfer, called by libcurl

    def _on_socket(self, descriptor: int, _purpose: int) -> int:
        self._opened.append(descriptor)
        return pycurl.SOCKOPT_OK

    def _on_connected(self, *addresses: object) -> int:
        if self._has_connected:
            # A reused connection was closed without a response, and libcurl is about to resend
            # the request. The server may have carried it out, so libcurl must not retry it.
            return pycurl.PREREQFUNC_ABORT
        if self._opened:
            self._connections.add(addresses, self._opened)
        elif not self._connections.is_open(addresses):
            self.was_closed = True
            return pycurl.PREREQFUNC_ABORT
        self._head.clear()  # headers of a proxy's responses
        self._has_connected = True
        self._moved_at = time.monotonic()
        return pycurl.PREREQFUNC_OK

    def _on_read(self, size: int) -> bytes | int:
        try:
            if not self._chunk:
                self._chunk = memoryview(next(self._chunks, b""))
        except BaseException as error:
            self._error = error
            return pycurl.READFUNC_ABORT
        chunk, self._chunk = self._chunk[:size], self._chunk[size:]
        return bytes(chunk)

    def _on_body(self, data: bytes) -> int | None:
        try:
            if self._incoming is None:
                self._incoming = self._end_of_head()
            self._incoming.feed(data)
        except BaseException as error:
            self._error = error
            return STOP
        return None

    def _on_progress(self, _all: float, down: float, _all_up: float, up: float) -> int:
        moved = down + up + len(self._head)
        if moved != self._moved:
            self._moved = moved
            self._moved_at = time.monotonic()
            return 0
        return self.is_silent()

    # Until the end, and after it

    def is_silent(self) -> bool:
        """Return whether the transfer has stalled for longer than the timeout."""
        return self._has_connected and self.silence_left() <= 0

    def silence_left(self) -> float:
        """Return the seconds until the transfer counts as stalled."""
        silent_since = self._moved_at if self._has_connected else time.monotonic()
        return self._options.timeout_seconds - (time.monotonic() - silent_since)

    def response(self) -> RawResponse:
        """Return the response of a transfer that libcurl completed.

        Raises:
            TransportError: The response is incomplete or not HTTP.
        """
        if self._incoming is None:
            self._incoming = self._end_of_head()
        return self._incoming.response()

    def _end_of_head(self) -> Incoming:
        """Parse the last response head: earlier ones are interim responses."""
        starts = [at for at, line in enumerate(self._head) if line[:5] == b"HTTP/"]
        head = self._head[starts[-1] :] if starts else []
        if b"\r\n" not in head:
            raise self._broken()
        status_line, *lines = head[: head.index(b"\r\n")]
        status = int(status_line.split(maxsplit=2)[1])
        if not 200 <= status <= 599:
            raise self._garbage()
        parts = [line.partition(b":") for line in lines]
        headers = joined_headers((name, value.strip()) for name, _, value in parts)
        return Incoming(status, headers, self._options, self._sink)

    def failure(self, error: BaseException) -> BaseException:
        """Return the exception to raise for the error that ended the transfer."""
        if self._error is not None:
            return self._error
        if not isinstance(error, pycurl.error):
            return error
        code, text = error.args[0], error.args[-1]
        if code == pycurl.E_OPERATION_TIMEDOUT or self.is_silent():
            return self._transport_error("timeout", "{} did not answer in time")
        if not self._has_connected:
            return self._transport_error("connect", "cannot connect to {}: " + text)
        if code in NOT_HTTP or sum(map(len, self._head)) > MAX_HEAD_BYTES:
            return self._garbage()
        return self._broken()

    def _garbage(self) -> TransportError:
        return self._transport_error("garbage", "what {} answered is not HTTP")

    def _broken(self) -> TransportError:
        place = "within the response" if self._head else "before a response arrived"
        return self._transport_error("broken", "the connection to {} broke " + place)

    def _transport_error(self, kind: TransportErrorKind, reason: str) -> TransportError:
        where = shown_address(self._request.host, self._request.port)
        text = reason.replace("{}", where)
        # Once connected, libcurl writes the request and does not report how much was sent.
        return TransportError(kind, text, may_have_arrived=self._has_connected)


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))


def _local_port(descriptor: int) -> int | None:
    try:
        opened = socket.socket(fileno=descriptor)
    except OSError:
        return None  # Already closed: another address was faster.
    try:
        return cast("int", opened.getsockname()[1])
    finally:
        opened.detach()


def _data_check(descriptor: int) -> Callable[[], object]:
    """Return a function that checks whether the socket has data to read, or has ended."""
    if not hasattr(select, "poll"):
        return lambda: select.select([descriptor], [], [], 0)[0]
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return partial(poll.poll, 0)
