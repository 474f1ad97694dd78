"""Allows scripts of pages on other hosts to use the API, as HipChat did (CORS).

That opens nothing which a token does not open: no cookie counts for the API. The page for
people sends none of these headers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from hipkit.server.http.requests import Scope
from hipkit.server.http.responses import Answer, header

__all__ = ["CORS_HEADERS", "preflight_answer", "preflight_method"]

CORS_HEADERS = (
    header("Access-Control-Allow-Origin", "*"),
    header(
        "Access-Control-Expose-Headers",
        "Date, ETag, Link, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset,"
        " X-Backoff, X-Request-Id",
    ),
)
"""What every answer of the API carries, errors and files included."""

PREFLIGHT_SECONDS = 600
"""How long a browser may remember what a path takes."""


def preflight_method(scope: Scope) -> str | None:
    """Return the method that a browser asks for before it sends it; `None` for another call."""
    headers = dict(cast("list[tuple[bytes, bytes]]", scope["headers"]))
    method = headers.get(b"access-control-request-method")
    return None if method is None else method.decode("latin-1").strip().upper()


def preflight_answer(methods: Iterable[str]) -> Answer:
    """Return the answer that lists the methods that a path takes."""
    return Answer(
        204,
        [
            header("Access-Control-Allow-Methods", ", ".join(sorted(methods))),
            header(
                "Access-Control-Allow-Headers",
                "Authorization, Content-Type, X-Request-Id",
            ),
            header("Access-Control-Max-Age", str(PREFLIGHT_SECONDS)),
        ],
    )
