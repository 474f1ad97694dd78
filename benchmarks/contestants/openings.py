"""What all contestants are given, and what they give."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass

__all__ = [
    "KEEPALIVE_SECONDS",
    "MOST_CONNECTIONS",
    "NO_CONTENT",
    "TIMEOUT_SECONDS",
    "AsyncOpening",
    "AsyncSend",
    "Opening",
    "Send",
    "Task",
    "expect_no_content",
]

Send = Callable[[], object]
Opening = AbstractContextManager[Send]
AsyncSend = Callable[[], Awaitable[object]]
AsyncOpening = AbstractAsyncContextManager[AsyncSend]

NO_CONTENT = 204
MOST_CONNECTIONS = 100
KEEPALIVE_SECONDS = 15.0
TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Where to send, and the request itself for those who want it ready."""

    origin: str
    authority: str | None
    """The file of the certificate authority that vouches for the server."""
    url: str
    headers: list[tuple[str, str]]
    """All but `Content-Length`, `Host` first."""
    content: str

    @property
    def base_url(self) -> str:
        """Where the API begins."""
        return f"{self.origin}/v2"

    @property
    def content_bytes(self) -> bytes:
        """The body as it is sent."""
        return self.content.encode()

    def ssl_context(self) -> ssl.SSLContext:
        """Return the SSL context with which a bare client trusts the server."""
        return ssl.create_default_context(cafile=self.authority)


def expect_no_content(status: int) -> None:
    """Stop the run where a client did not get what the others get."""
    if status != NO_CONTENT:
        raise RuntimeError(f"the server answered {status}")
