"""Tells browsers to use TLS only, where the operator wants that (RFC 6797)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

from hipkit.server.http.requests import Message, Receive, Scope, Send

__all__ = ["StrictTransportSecurity"]

Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class StrictTransportSecurity:
    """Adds the header to every answer over TLS; over plain HTTP the standard forbids it."""

    def __init__(self, app: Application, *, seconds: int) -> None:
        self._app = app
        value = f"max-age={seconds}".encode()
        self._header = (b"strict-transport-security", value)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or another event of the HTTP server."""

        async def send_with_header(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = cast("list[tuple[bytes, bytes]]", message["headers"])
                message = {**message, "headers": [*headers, self._header]}
            await send(message)

        is_secure = scope.get("scheme") == "https"
        await self._app(scope, receive, send_with_header if is_secure else send)
