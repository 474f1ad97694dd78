"""The protocols of a transport, which sends one request and returns one response or an exact error.

Only implementations of these two protocols use the network; everything above is pure.
Read next: `httpcore2.py`, the default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

import msgspec

from hipkit.api.secret import MaskedStruct
from hipkit.api.transport_error import TransportError, TransportErrorKind

__all__ = [
    "REQUEST_ID_HEADER",
    "AsyncTransport",
    "Body",
    "HeaderPairs",
    "Headers",
    "Options",
    "RawResponse",
    "Request",
    "Sink",
    "Transport",
    "TransportError",
    "TransportErrorKind",
]

T = TypeVar("T")

REQUEST_ID_HEADER = "X-Request-Id"

HeaderPairs = tuple[tuple[str, str], ...]
"""Names and values of headers, in order."""
Sink = Callable[[bytes], object]
"""Called with each chunk of a response body, in order."""


class Body(Protocol):
    """A request body that is read in chunks, so that a large file is never held in memory."""

    @property
    def size_bytes(self) -> int | None:
        """The length in bytes; `None` sends the body with `Transfer-Encoding: chunked`."""

    @property
    def replayable(self) -> bool:
        """Whether `__iter__` may be called again and yields the same bytes."""

    def __iter__(self) -> Iterator[bytes]: ...


class Headers(tuple[tuple[str, str], ...]):
    """Names and values of headers that a client makes once, owns, and sends with many requests.

    A plain tuple is sent just the same. These also keep what a transport prepares from them, so
    that it ends with the client: a module's cache, or one by `id()`, could send a client's token
    in the call of another.
    """

    def __init__(self, _pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._prepared: dict[object, Any] = {}

    def prepare(self, function: Callable[[HeaderPairs], T]) -> T:
        """Return what a function makes of the headers; it is called once if it raises nothing.

        Args:
            function: Not a lambda or a bound method: each would be kept beside the last.
        """
        try:
            known: T = self._prepared[function]
            return known
        except KeyError:
            pass
        # Two threads may both get here. Their results are equal.
        prepared = self._prepared[function] = function(self)
        return prepared

    def __repr__(self) -> str:
        return f"<Headers {', '.join(name for name, _ in self)}>"

    def __rich_repr__(self) -> Iterator[str]:
        """Yield the names for rich, which would otherwise show a tuple's content."""
        return (name for name, _ in self)


class Request(MaskedStruct, frozen=True, gc=False):
    """One HTTP request, ready to be sent.

    `target` is written to the request line unchanged: a transport must not decode, normalise or
    re-encode it. `all_headers` keep their order; the transport adds `Host`, `Content-Length` and
    `Transfer-Encoding`.
    """

    secrets = frozenset({"target", "headers", "content"})

    method: str
    scheme: Literal["http", "https"]
    host: str
    """Without brackets for IPv6."""
    port: int
    target: str
    """ASCII, such as `/v2/room/Dev%20Ops?expand=owner`; may hold a secret."""
    headers: HeaderPairs = ()
    """The headers that many requests have in common, see `Headers`."""
    content: bytes | Body | None = None
    request_id: str = ""
    """The value of `X-Request-Id`, which differs from call to call; empty for none."""

    @property
    def all_headers(self) -> HeaderPairs:
        """The headers to send: those in common, and the id."""
        if not self.request_id:
            return self.headers
        return (*self.headers, (REQUEST_ID_HEADER, self.request_id))


class Options(msgspec.Struct, frozen=True, gc=False):
    """Time and size limits, the same for every transport."""

    timeout_seconds: float = 30.0
    """Maximum silence: while connecting, while writing, between two chunks of the response."""
    deadline: float | None = None
    """The time on `time.monotonic()` at which the whole call ends; `None` for no deadline."""
    max_response_bytes: int = 64 * 1024 * 1024
    """Maximum size of a decompressed body in bytes; not applied to a sink."""


class RawResponse(MaskedStruct, frozen=True, gc=False):
    """A response with any status; redirects are not followed.

    Header names are in lower case; the values of repeated headers are joined by `, `. The body is
    decompressed. With a sink and a 2xx status the sink received it, and it is empty here.
    """

    secrets = frozenset({"headers", "body"})

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class Transport(Protocol):
    """A blocking transport. It sends from any thread; after a fork it opens new connections."""

    name: str

    def send(
        self, request: Request, options: Options, sink: Sink | None = None
    ) -> RawResponse:
        """Send a request once, without retries and without following redirects.

        Raises:
            TransportError: No usable response arrived.
        """

    def close(self) -> None:
        """Close every connection. Sending afterwards raises `RuntimeError`."""


@runtime_checkable
class AsyncTransport(Protocol):
    """An asynchronous transport. In another event loop it opens new connections."""

    name: str

    async def send(
        self, request: Request, options: Options, sink: Sink | None = None
    ) -> RawResponse:
        """Send a request once, without retries and without following redirects.

        Raises:
            TransportError: No usable response arrived.
            asyncio.CancelledError: The task was cancelled; the connection is not reused.
        """

    async def aclose(self) -> None:
        """Close every connection. Sending afterwards raises `RuntimeError`."""
