"""Run an ASGI app for one transport, without a network. Used by `memory.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
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
        self._state: dict[str, Any] = {}
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message] = asyncio.Queue()
        scope = {"type": "lifespan", "asgi": VERSION, "state": self._state}
        self._lifespan = asyncio.ensure_future(
            app(scope, self._to_app.get, self._from_app.put)
        )
        self._start = asyncio.create_task(self._step("startup"))

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
        limit: asyncio.Timeout | None = None
        try:
            async with (limit := asyncio.timeout(seconds_left(options))):
                return await call.run(self._app, dict(self._state))
        except TimeoutError:
            if limit is not None and not limit.expired():
                raise  # It is the app's own.
            reason, has_begun = "the app did not answer in time", limit is not None
            raise TransportError(
                "timeout", reason, may_have_arrived=has_begun
            ) from None

    async def stop(self) -> None:
        """End the lifespan."""
        await asyncio.wait([self._start])
        await self._step("shutdown")
        self._lifespan.cancel()
        await asyncio.gather(self._lifespan, return_exceptions=True)

    async def _step(self, name: str) -> None:
        """Request startup or shutdown, and wait until it is complete."""
        self._to_app.put_nowait({"type": f"lifespan.{name}"})
        answer = asyncio.create_task(self._from_app.get())
        tasks = {answer, self._lifespan}
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            # The app returned or raised instead: it does not support lifespans, and ASGI
            # requires that it is served anyway.
            answer.cancel()
        elif answer.result()["type"].endswith(".failed"):
            reason = answer.result().get("message", "")
            raise RuntimeError(f"the app failed at its {name}: {reason}")


class _Call:
    """One request to the app."""

    def __init__(self, request: Request, options: Options, sink: Sink | None) -> None:
        self._request = request
        self._options = options
        self._sink = sink
        size, content = content_size(request), request.content
        self._lines = all_lines(request, size)
        parts = [content] if isinstance(content, bytes) else content
        self._chunks = exact_chunks([] if parts is None else parts, size or 0)
        self._is_read = False
        self._incoming: Incoming | None = None
        self._is_answered = asyncio.Event()
        self._error: BaseException | None = None
        """What the body or the sink raised, which the app may have caught."""

    async def run(self, app: AsgiApp, state: dict[str, Any]) -> RawResponse:
        try:
            await app(self._scope() | {"state": state}, self._receive, self._send)
        except Exception:
            # A framework may re-raise an exception after answering with 500.
            if self._error is None and not self._is_answered.is_set():
                raise
        if self._error is not None:
            raise self._error
        if self._incoming is None or not self._is_answered.is_set():
            raise TransportError("broken", "the app did not send a complete response")
        return self._incoming.response()

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
            "headers": [(name.lower(), value) for name, value in self._lines],
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
