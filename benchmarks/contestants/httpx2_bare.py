"""httpx2 used bare: its transports without its client; and, to compare, its client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import httpx2

from benchmarks.contestants.openings import (
    KEEPALIVE_SECONDS,
    MOST_CONNECTIONS,
    TIMEOUT_SECONDS,
    AsyncSend,
    Send,
    Task,
    expect_no_content,
)

__all__ = ["async_transport", "client", "transport"]

LIMITS = httpx2.Limits(
    max_connections=MOST_CONNECTIONS, keepalive_expiry=KEEPALIVE_SECONDS
)


@contextmanager
def transport(task: Task) -> Iterator[Send]:
    """Send by its transport."""
    request = _ready(task)
    with httpx2.HTTPTransport(verify=task.ssl_context(), limits=LIMITS) as bare:

        def send() -> None:
            response = bare.handle_request(request)
            try:
                response.read()
            finally:
                response.close()
            expect_no_content(response.status_code)

        yield send


@asynccontextmanager
async def async_transport(task: Task) -> AsyncIterator[AsyncSend]:
    """Send by its transport, on asyncio."""
    request = _ready(task)
    async with httpx2.AsyncHTTPTransport(
        verify=task.ssl_context(), limits=LIMITS
    ) as bare:

        async def send() -> None:
            response = await bare.handle_async_request(request)
            try:
                await response.aread()
            finally:
                await response.aclose()
            expect_no_content(response.status_code)

        yield send


@contextmanager
def client(task: Task) -> Iterator[Send]:
    """Send by its client, as most programs would."""
    content = task.content_bytes
    with httpx2.Client(
        verify=task.ssl_context(), timeout=TIMEOUT_SECONDS, limits=LIMITS
    ) as full:
        yield lambda: expect_no_content(
            full.post(task.url, content=content, headers=task.headers).status_code
        )


def _ready(task: Task) -> httpx2.Request:
    time_outs = dict.fromkeys(("connect", "read", "write", "pool"), TIMEOUT_SECONDS)
    return httpx2.Request(
        "POST",
        task.url,
        headers=task.headers,
        content=task.content_bytes,
        extensions={"timeout": time_outs},
    )
