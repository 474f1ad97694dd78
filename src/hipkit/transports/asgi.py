"""Run an ASGI app for one transport, without a network. Used by `memory.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any
from urllib.parse import unquote

from hipkit.transports.protocol import (
    Options,
    RawResponse,
    Request,
    Sink,
    TransportError,
)
from hipkit.transports.wire import (
    Incoming,
    all_lines,
    content_size,
    exact_chunks,
    joined_headers,
    seconds_left,
)

__all__ = ["AsgiApp", "AsgiServer"]

# ASGI's own terms: a message is a dictionary, whose members depend on its type.
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

VERSION = {"version": "3.0", "spec_version": "2.4"}
CLIENT = ("127.0.0.1", 50_000)


class AsgiServer:
    """An app with its lifespan, in the event loop in which it was created."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app
        self._lifespan = _Lifespan(app)
        self._start = asyncio.create_task(self._lifespan.step("startup"))

    async def send(
        self, request: Request, options: Options, sink: Sink | None
    ) -> RawResponse:
        """Return the app's response.

        Raises:
            TransportError: The app failed, or did not answer within timeout and deadline.
        """
        # Shielded: a cancelled call must not cancel the startup that other calls wait for.
        await asyncio.shield(self._start)
        call = _Call(request, options, sink)
        limit = asyncio.timeout(call.seconds_left())
        try:
            async with limit:
                await call.run(self._app, self._lifespan.state)
        except TimeoutError:
            if not limit.expired():
                raise
            raise call.too_late() from None
        return call.response()

    async def stop(self) -> None:
        """End the lifespan."""
        await asyncio.wait([self._start])
        await self._lifespan.step("shutdown")
        await self._lifespan.end()


class _Lifespan:
    """The startup and shutdown of an app."""

    def __init__(self, app: AsgiApp) -> None:
        self.state: dict[str, Any] = {}
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message] = asyncio.Queue()
        scope = {"type": "lifespan", "asgi": VERSION, "state": self.state}
        self._task = asyncio.ensure_future(
            app(scope, self._to_app.get, self._from_app.put)
        )

    async def step(self, name: str) -> None:
        """Request startup or shutdown, and wait until it is complete."""
        self._to_app.put_nowait({"type": f"lifespan.{name}"})
        answer = asyncio.create_task(self._from_app.get())
        await asyncio.wait({answer, self._task}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            # The app returned or raised instead: it does not support lifespans, and ASGI
            # requires that it is served anyway.
            answer.cancel()
        elif answer.result()["type"].endswith(".failed"):
            reason = answer.result().get("message", "")
            raise RuntimeError(f"the app failed at its {name}: {reason}")

    async def end(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


class _Call:
    """One request to the app."""

    def __init__(self, request: Request, options: Options, sink: Sink | None) -> None:
        self._request = request
        self._options = options
        self._sink = sink
        size = content_size(request)
        self._lines = all_lines(request, size)
        self._chunks = _body(request, size)
        self._is_read = False
        self._has_begun = False
        self._incoming: Incoming | None = None
        self._is_answered = asyncio.Event()
        self._error: BaseException | None = None

    async def run(self, app: AsgiApp, state: dict[str, Any]) -> None:
        self._has_begun = True
        try:
            await app(self._scope() | {"state": dict(state)}, self._receive, self._send)
        except Exception:
            # A framework may re-raise an exception after answering with 500.
            if self._error is None and not self._is_answered.is_set():
                raise
        if self._error is not None:
            raise self._error

    def seconds_left(self) -> float:
        try:
            return seconds_left(self._options)
        except TimeoutError:
            raise self.too_late() from None

    def response(self) -> RawResponse:
        if self._incoming is None or not self._is_answered.is_set():
            raise TransportError("broken", "the app did not send a complete response")
        return self._incoming.response()

    def too_late(self) -> TransportError:
        reason = "the app did not answer in time"
        return TransportError("timeout", reason, may_have_arrived=self._has_begun)

    def _scope(self) -> dict[str, Any]:
        path, _, query = self._request.target.partition("?")
        return {
            "type": "http",
            "asgi": VERSION,
            "http_version": "1.1",
            "method": self._request.method,
            "scheme": self._request.scheme,
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [
                (name.lower().encode(), value.encode()) for name, value in self._lines
            ],
            "client": CLIENT,
            "server": (self._request.host, self._request.port),
        }

    async def _receive(self) -> Message:
        if self._is_read:
            await self._is_answered.wait()
            return {"type": "http.disconnect"}
        try:
            chunk = next(self._chunks, None)
        except BaseException as error:
            self._error = error
            raise
        self._is_read = chunk is None
        more = not self._is_read
        return {"type": "http.request", "body": chunk or b"", "more_body": more}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = joined_headers(message.get("headers", ()))
            status = message["status"]
            self._incoming = Incoming(status, headers, self._options, self._sink)
        elif message["type"] == "http.response.body" and self._incoming is not None:
            try:
                if message.get("body") and self._request.method != "HEAD":
                    self._incoming.feed(bytes(message["body"]))
            except BaseException as error:
                self._error = error
                raise
            if not message.get("more_body", False):
                self._is_answered.set()


def _body(request: Request, size: int | None) -> Iterator[bytes]:
    content = request.content
    if content is None or size is None:
        return iter(())
    if isinstance(content, bytes):
        return iter((content,))
    return exact_chunks(content, size)
