"""httpcore2 used bare: what httpx2's transport stands on, and hipkit's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpcore2

from benchmarks.contestants.openings import (
    KEEPALIVE_SECONDS,
    MOST_CONNECTIONS,
    TIMEOUT_SECONDS,
    Send,
    Task,
    expect_no_content,
)

__all__ = ["pool"]


@contextmanager
def pool(task: Task) -> Iterator[Send]:
    """Send by a pool of connections."""
    content = task.content_bytes
    time_outs = dict.fromkeys(("connect", "read", "write", "pool"), TIMEOUT_SECONDS)
    request = httpcore2.Request(
        "POST",
        task.url,
        headers=[*task.headers, ("Content-Length", str(len(content)))],
        content=content,
        extensions={"timeout": time_outs},
    )
    with httpcore2.ConnectionPool(
        ssl_context=task.ssl_context(),
        max_connections=MOST_CONNECTIONS,
        keepalive_expiry=KEEPALIVE_SECONDS,
    ) as connections:

        def send() -> None:
            response = connections.handle_request(request)
            try:
                response.read()
            finally:
                response.close()
            expect_no_content(response.status)

        yield send
