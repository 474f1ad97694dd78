"""One request on its way through libcurl, which asks it for the body and tells it what comes.

Read next: `pycurl.py`, which runs it.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

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

MAX_HEAD_BYTES = (
    200 * 1024
)  # libcurl itself stops at 300 KiB, with a number of no meaning.
STOP = 0
"""What a callback returns, in place of how much it took, to end the transfer."""
E_TOO_LARGE = 100
"""libcurl's number for a header line that is too long; pycurl lacks a name for it."""
NOT_HTTP = (
    pycurl.E_UNSUPPORTED_PROTOCOL,
    pycurl.E_FTP_WEIRD_SERVER_REPLY,
    E_TOO_LARGE,
)
LOCAL_PORT = 3  # in what libcurl tells of a connection
UNASKED_HEADERS = ("accept", "content-type", "expect")

Setting = tuple[int, Any]


class Route(NamedTuple):
    """How libcurl is to reach an address."""

    origin: str
    prefix: str
    """What a proxy needs to read before the target."""
    settings: list[Setting]


class Connections:
    """Watches idle connections, so that none is used that the server has closed.

    libcurl looks after them once a second. In between it finds out by sending, which is too
    late to be sure that nothing has arrived.
    """

    def __init__(self, limit: int) -> None:
        self._data_checks: dict[tuple[object, ...], Callable[[], object]] = {}
        self._limit = 4 * limit

    def add(self, addresses: tuple[object, ...], opened: list[int]) -> None:
        """Watch a new connection; of several sockets opened for it, one has connected."""
        if len(self._data_checks) >= self._limit:
            # Closed ones are not reported. Losing an open one costs a new connection.
            self._data_checks.clear()
        for descriptor in opened:
            if len(opened) == 1 or _local_port(descriptor) == addresses[LOCAL_PORT]:
                self._data_checks[addresses] = _data_check(descriptor)

    def is_open(self, addresses: tuple[object, ...]) -> bool:
        """Tell whether an idle connection is known, and nothing has come over it."""
        has_data = self._data_checks.get(addresses)
        return has_data is not None and not has_data()


class Transfer:
    """One request on its way: libcurl asks it for the body, and tells it what comes."""

    _chunks: Iterator[bytes] = iter(())
    _chunk = memoryview(b"")
    _incoming: Incoming | None = None
    _error: BaseException | None = None
    _has_connected = False
    _moved = 0.0
    _moved_at = 0.0
    was_closed = False
    """Whether the connection that libcurl chose had been closed: nothing was sent."""

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
        """Give the longest wait still allowed."""
        try:
            return seconds_left(self._options)
        except TimeoutError:
            raise self.no_connection_error() from None

    def no_connection_error(self) -> TransportError:
        """Say that no connection became free."""
        return self._transport_error(
            "timeout", "no connection to {} became free in time"
        )

    def prepare(self, handle: pycurl.Curl, route: Route) -> None:
        """Set everything on a handle that has no settings."""
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
            # libcurl would not ask for it, and so not find that it is not empty.
            handle.setopt(pycurl.POSTFIELDS, b"".join(exact_chunks(content, size)))
        else:
            self._chunks = exact_chunks(content, size)
            handle.setopt(pycurl.POST, 1)
            handle.setopt(pycurl.READFUNCTION, self._on_read)
            if size >= 0:
                handle.setopt(pycurl.POSTFIELDSIZE_LARGE, size)
        handle.setopt(pycurl.CUSTOMREQUEST, self._request.method)

    def _header_lines(self) -> list[str]:
        # libcurl takes "Name:" for a wish to leave it out, and "Name;" for an empty value.
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
            # A reused connection closed unanswered, and libcurl is about to send the request
            # again. The server may have acted on it, so that is not libcurl's to decide.
            return pycurl.PREREQFUNC_ABORT
        if self._opened:
            self._connections.add(addresses, self._opened)
        elif not self._connections.is_open(addresses):
            self.was_closed = True
            return pycurl.PREREQFUNC_ABORT
        self._head.clear()  # of what a proxy has said
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
        """Tell whether nothing has moved for too long."""
        return self._has_connected and self.silence_left() <= 0

    def silence_left(self) -> float:
        """Give the seconds after which it would."""
        silent_since = self._moved_at if self._has_connected else time.monotonic()
        return self._options.timeout_seconds - (time.monotonic() - silent_since)

    def response(self) -> RawResponse:
        """Give the answer of a transfer that libcurl calls a success."""
        if self._incoming is None:
            self._incoming = self._end_of_head()
        return self._incoming.response()

    def _end_of_head(self) -> Incoming:
        """Read the last head of those that have come: the others are interim answers."""
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
        """Say what it means that the transfer ended with this error."""
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
        place = "within the answer" if self._head else "before an answer came"
        return self._transport_error("broken", "the connection to {} broke " + place)

    def _transport_error(self, kind: TransportErrorKind, reason: str) -> TransportError:
        where = shown_address(self._request.host, self._request.port)
        # Once connected libcurl writes the request, and does not tell how much has left.
        may_have_arrived = self._has_connected
        return TransportError(
            kind, reason.replace("{}", where), may_have_arrived=may_have_arrived
        )


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))


def _local_port(descriptor: int) -> int | None:
    try:
        opened = socket.socket(fileno=descriptor)
    except OSError:
        return None  # Closed already: another address was faster.
    try:
        port: int = opened.getsockname()[1]
        return port
    finally:
        opened.detach()


def _data_check(descriptor: int) -> Callable[[], object]:
    """Make a function that tells whether there is something to read, be it the end."""
    if not hasattr(select, "poll"):
        return lambda: select.select([descriptor], [], [], 0)[0]
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return partial(poll.poll, 0)
