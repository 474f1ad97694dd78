"""Transports that play prepared answers, and one way to drive either client in a test.

A test written with `connect` and `done` runs against `HipChat` and `AsyncHipChat` alike: the
clients have the same methods, and `done` awaits where there is something to await.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from typing import Any, Literal, TypeVar

import msgspec

from hipkit import AsyncHipChat, HipChat
from hipkit.api.operation import Operation
from hipkit.api.secret import Secret
from hipkit.client import decoding
from hipkit.client.reply import Reply
from hipkit.client.state import Clock
from hipkit.transports.protocol import (
    Options,
    RawResponse,
    Request,
    Sink,
    TransportError,
    TransportErrorKind,
)

__all__ = [
    "BASE_URL",
    "KINDS",
    "NOW",
    "REQUEST_ID",
    "STILL",
    "TOKEN",
    "AsyncScript",
    "Client",
    "Kind",
    "Script",
    "answer",
    "body_of",
    "connect",
    "decode",
    "done",
    "error_answer",
    "failure",
    "headers_of",
    "listed",
    "script_for",
]

Kind = Literal["sync", "async"]
KINDS: tuple[Kind, ...] = ("sync", "async")
Client = Any
"""`HipChat` or `AsyncHipChat`: what a method returns may have to be awaited, see `done`."""
Outcome = RawResponse | TransportError
Answerer = Callable[[Request], Outcome]

T = TypeVar("T")

BASE_URL = "https://chat.example.com/v2"
TOKEN = "tokenOfFortyCharacters1234567890abcdefgh"
NOW = 1_500_000_000.0
REQUEST_ID = "0123456789abcdef"
STILL = Clock(
    monotonic=lambda: 100.0,
    now=lambda: NOW,
    random=lambda: 0.0,
    request_id=lambda: REQUEST_ID,
)
"""No time passes, backing off takes none, and every call has the same id."""


class _Played:
    """What both transports share: the outcomes to come, and what was asked so far."""

    name = "scripted"

    def __init__(self, *outcomes: Outcome | Answerer) -> None:
        self._outcomes = list(outcomes)
        self.requests: list[Request] = []
        self.bodies: list[bytes] = []
        self.options: list[Options] = []
        self.closed = False

    @property
    def targets(self) -> list[str]:
        """The request targets so far."""
        return [request.target for request in self.requests]

    def play(
        self, request: Request, options: Options, sink: Sink | None
    ) -> RawResponse:
        """Take the next outcome; a function that comes last answers everything."""
        if self.closed:
            raise RuntimeError("the transport is closed")
        self.requests.append(request)
        self.bodies.append(body_of(request))
        self.options.append(options)
        if not self._outcomes:
            raise AssertionError(f"not expected: {request.method} {request.target}")
        is_last = len(self._outcomes) == 1
        outcome = self._outcomes[0]
        if isinstance(outcome, (RawResponse, TransportError)) or not is_last:
            self._outcomes.pop(0)
        if callable(outcome):
            outcome = outcome(request)
        if isinstance(outcome, TransportError):
            raise outcome
        if sink is not None and 200 <= outcome.status < 300:
            for start in range(0, len(outcome.body), 10):
                sink(outcome.body[start : start + 10])
            return RawResponse(outcome.status, outcome.headers)
        return outcome


class Script(_Played):
    """A transport for `HipChat`."""

    def send(
        self, request: Request, options: Options, sink: Sink | None = None
    ) -> RawResponse:
        return self.play(request, options, sink)

    def close(self) -> None:
        self.closed = True


class AsyncScript(_Played):
    """A transport for `AsyncHipChat`."""

    async def send(
        self, request: Request, options: Options, sink: Sink | None = None
    ) -> RawResponse:
        await asyncio.sleep(0)
        return self.play(request, options, sink)

    async def aclose(self) -> None:
        self.closed = True


def script_for(kind: Kind, *outcomes: Outcome | Answerer) -> Any:
    """Make the transport for this kind of client."""
    return Script(*outcomes) if kind == "sync" else AsyncScript(*outcomes)


def connect(kind: Kind, script: Any, token: Any = TOKEN, **options: Any) -> Client:
    """Make a client on a script; nothing in it depends on the time."""
    options = {"base_url": BASE_URL, "clock": STILL, **options}
    if kind == "sync":
        return HipChat(token, transport=script, **options)
    return AsyncHipChat(token, transport=script, **options)


def done(value: Any) -> Any:
    """Return a call's result, waiting for it where it is awaitable."""
    if not inspect.isawaitable(value):
        return value

    async def wait() -> Any:
        return await value

    return asyncio.run(wait())


def listed(items: Iterable[Any] | AsyncIterable[Any]) -> list[Any]:
    """Return all items of an iterator of either kind."""
    if not isinstance(items, AsyncIterable):
        return list(items)

    async def collect(iterator: AsyncIterator[Any]) -> list[Any]:
        return [item async for item in iterator]

    return asyncio.run(collect(aiter(items)))


def answer(body: object = None, status: int = 200, **headers: str) -> RawResponse:
    """Make an answer of a JSON value, or of bytes as they are."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is None:
        return RawResponse(status, named)
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return RawResponse(status, {"content-type": "application/json", **named}, raw)


def error_answer(status: int, message: str = "no", **headers: str) -> RawResponse:
    """Return an error in HipChat's form."""
    error = {"code": status, "type": "A type", "message": message}
    return answer({"error": error}, status, **headers)


def failure(
    kind: TransportErrorKind = "broken", *, arrived: bool = True
) -> TransportError:
    """Make a transport's failure."""
    return TransportError(kind, f"a {kind} failure", may_have_arrived=arrived)


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A call that was sent, as far as the reading of its response needs it."""

    operation: Operation[Any]
    url: str
    secrets: tuple[Secret, ...]
    request: Request = Request("GET", "https", "chat.example.com", 443, "/")
    request_id: str = REQUEST_ID

    def now(self) -> float:
        """Return UNIX seconds."""
        return 0.0


def decode(
    operation: Operation[T],
    response: RawResponse,
    url: str = "",
    secrets: tuple[Secret, ...] = (),
) -> T:
    """Read a response as the client does."""
    call = Sent(operation=operation, url=url, secrets=secrets)
    return decoding.decode(operation, Reply(call, response))


def body_of(request: Request) -> bytes:
    """Read a request's body, as a transport would."""
    content = request.content
    if content is None or isinstance(content, bytes):
        return content or b""
    return b"".join(content)


def headers_of(request: Request) -> dict[str, str]:
    """Return a request's headers, names in lower case; a repeated one fails."""
    headers = {name.lower(): value for name, value in request.all_headers}
    assert len(headers) == len(request.all_headers), "a header stands there twice"
    return headers
