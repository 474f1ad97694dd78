"""What a transport is: one request out, one answer back, and an honest word about every failure.

The only code that touches the network implements these two protocols; everything above is pure.
Read next: `httpx2.py`, the default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, Protocol

__all__ = [
    "AsyncTransport",
    "Body",
    "Options",
    "RawResponse",
    "Request",
    "Sink",
    "Transport",
    "TransportError",
    "TransportErrorKind",
]

Sink = Callable[[bytes], object]
"""Takes the pieces of a body as they come, in order."""


class Body(Protocol):
    """A request body that is read in pieces, so that a large file never lies in memory whole."""

    @property
    def size_bytes(self) -> int | None:
        """The length, or `None`: then it goes out with `Transfer-Encoding: chunked`."""

    @property
    def replayable(self) -> bool:
        """Whether `__iter__` may be called again and gives the same bytes."""

    def __iter__(self) -> Iterator[bytes]: ...


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, ready to be written.

    `target` is what goes onto the request line, byte for byte: a transport must not decode,
    normalise or re-encode it. `headers` keep their order; `Host`, `Content-Length` and
    `Transfer-Encoding` are the transport's to add.
    """

    method: str
    scheme: Literal["http", "https"]
    host: str
    """Without brackets for IPv6."""
    port: int
    target: str = field(repr=False)
    """ASCII, such as `/v2/room/Dev%20Ops?expand=owner`; may hold a secret."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    content: bytes | Body | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Options:
    """How long and how much: the same for every transport."""

    timeout_seconds: float = 30.0
    """The longest silence: while connecting, while writing, between two pieces of the answer."""
    deadline: float | None = None
    """The moment on `time.monotonic()` at which the whole call ends, whatever it is doing."""
    max_response_bytes: int = 64 * 1024 * 1024
    """The largest body taken, counted after decompression; not applied to a sink."""


@dataclass(frozen=True, slots=True)
class RawResponse:
    """An answer as it came: nothing is judged yet, and no redirect was followed.

    Header names are in lower case; of several with one name the values are joined by `, `.
    The body is decompressed. With a sink and a 2xx status it went there, and is empty here.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


TransportErrorKind = Literal[
    "connect", "timeout", "broken", "garbage", "too_large", "settings"
]


class TransportError(Exception):
    """No usable answer came.

    Attributes:
        kind: `connect`: no connection, TLS handshake included; `timeout`: a time-out or the
            deadline; `broken`: the connection ended early; `garbage`: what came is not HTTP;
            `too_large`: the answer exceeded `max_response_bytes`; `settings`: a file of
            certificates that a setting names cannot be used, now or later.
        may_have_arrived: False only where it is proven that no byte of the request left, or
            that the server cannot have read it whole. In doubt, True.
        reason: One line for people, without headers, targets or bodies.
    """

    def __init__(
        self, kind: TransportErrorKind, reason: str, *, may_have_arrived: bool
    ) -> None:
        super().__init__(reason)
        self.kind: TransportErrorKind = kind
        self.reason = reason
        self.may_have_arrived = may_have_arrived

    def __reduce__(self) -> tuple[object, ...]:
        make = partial(type(self), may_have_arrived=self.may_have_arrived)
        return make, (self.kind, self.reason), vars(self)


class Transport(Protocol):
    """Sends from any thread; after a fork it opens its own connections."""

    name: str

    def send(
        self, request: Request, options: Options, sink: Sink | None = None
    ) -> RawResponse:
        """Send once; never retry, never follow.

        Raises:
            TransportError: No usable answer came.
        """

    def close(self) -> None:
        """Close every connection. Sending afterwards raises `RuntimeError`."""


class AsyncTransport(Protocol):
    """The same on an event loop; in a second loop it opens its own connections."""

    name: str

    async def send(
        self, request: Request, options: Options, sink: Sink | None = None
    ) -> RawResponse:
        """Send once; never retry, never follow.

        Raises:
            TransportError: No usable answer came.
            asyncio.CancelledError: The task was cancelled; the connection is not used again.
        """

    async def aclose(self) -> None:
        """Close every connection. Sending afterwards raises `RuntimeError`."""
