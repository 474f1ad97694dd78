"""Which outcomes are worth another attempt, and how long to wait before it (pure).

Read next: `exchange.py`, which applies these rules.
"""

from __future__ import annotations

from hipkit.api.limits import Limits
from hipkit.api.operation import RequestParts
from hipkit.transports.protocol import RawResponse, TransportError

__all__ = [
    "LONGEST_WAIT_SECONDS",
    "backoff_seconds",
    "can_be_read_again",
    "is_worth_repeating",
    "may_repeat_after",
    "pace_seconds",
]

SAFE_TO_REPEAT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
"""Idempotent methods."""
PASSING = frozenset({502, 503, 504})
LASTING = frozenset({"untrusted", "certificate", "no_tls", "settings", "too_large"})
"""Kinds of failures that another attempt would only repeat."""
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 20.0
LONGEST_WAIT_SECONDS = 3600.0
"""If a server asks for a longer wait, the call fails and the error says so."""


def may_repeat_after(failure: TransportError, parts: RequestParts) -> bool:
    """Return whether a request without a response may be sent again."""
    if failure.kind in LASTING:
        return False
    if failure.may_have_arrived and parts.method not in SAFE_TO_REPEAT:
        # The server may have carried it out: a retry could post a message twice.
        return False
    return failure.kind == "connect" or can_be_read_again(parts)


def is_worth_repeating(response: RawResponse, parts: RequestParts) -> bool:
    """Return whether a later attempt may succeed, and this one certainly had no effect."""
    if not can_be_read_again(parts):
        return False
    if response.status == 429 or (
        response.status == 503 and "retry-after" in response.headers
    ):
        return True
    return response.status in PASSING and parts.method in SAFE_TO_REPEAT


def can_be_read_again(parts: RequestParts) -> bool:
    """Return whether the body can be sent a second time."""
    content = parts.content
    return content is None or isinstance(content, bytes) or content.replayable


def backoff_seconds(attempt: int, chance: float) -> float:
    """Return how long to wait after an attempt.

    Args:
        attempt: 0 for the first.
        chance: A random number, at least 0 and below 1: clients that failed together do not
            retry together.
    """
    return chance * min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0**attempt)


def pace_seconds(limits: Limits, method: str, now: float) -> float:
    """Return how long to wait so that a call is not rejected, according to the last limits."""
    waits = [
        limit.reset_at.timestamp() - now
        for limit in (limits.rate, limits.flood if method == "POST" else None)
        if limit is not None and limit.remaining <= 0 and limit.reset_at is not None
    ]
    return min(max(0.0, *waits), LONGEST_WAIT_SECONDS) if waits else 0.0
