"""What the status of an answer over HTTP means, wherever a target says no more (pure)."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from hipkit.api.limits import read_retry_after
from hipkit.relay.targets.protocol import Answer, Reply, Verdict

__all__ = ["describe", "judge_status", "read_object", "read_status", "read_wait"]

PASSING = frozenset({408, 425, 429})
CONTENT = frozenset({400, 409, 411, 413, 414, 415, 422, 431})
"""Another message may be taken. All other 4xx mean the route: its address, token or place."""
LONGEST_BODY_BYTES = 64 * 1024
"""No target says as much: whatever is longer is a page, and not read."""
YEAR_SECONDS = 366 * 24 * 60 * 60
CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,59}")


def read_status(reply: Reply, *, code: object = None) -> Answer:
    """Return what an answer's status means.

    Args:
        reply: The answer.
        code: What the target calls it, such as `M_FORBIDDEN`. It is shown if it is one word.
    """
    verdict = judge_status(reply.status)
    if verdict == "delivered":
        return Answer(verdict=verdict)
    return Answer(
        verdict=verdict,
        problem=describe(reply.status, code),
        wait_seconds=read_wait(reply) if verdict == "later" else None,
    )


def judge_status(status: int) -> Verdict:
    """Return what a status means."""
    if 200 <= status < 300:
        return "delivered"
    if status >= 500 or status in PASSING:
        return "later"
    return "content" if status in CONTENT else "route"


def describe(status: int, code: object = None) -> str:
    """Return a problem in one line, with nothing that the target chose but one word.

    What a target says in sentences may hold what it was sent, or its secret address.
    """
    problem = f"the target answered {status}"
    if isinstance(code, str) and CODE.fullmatch(code):
        return f"{problem}, {code}"
    return problem


def read_wait(
    reply: Reply, stated: object = None, *, per_second: int = 1
) -> float | None:
    """Return how many seconds an answer asks to wait; what is more than a year says nothing.

    Args:
        reply: The answer. A date in its `Retry-After` counts from its own.
        stated: What its body says, if that is a number. The longer wait counts.
        per_second: The unit of `stated`, 1,000 for milliseconds.
    """
    asked = [_header_wait(reply)]
    # Compared before it is divided: JSON has integers that no float can hold.
    if isinstance(stated, bool):
        stated = None
    if isinstance(stated, int | float) and stated <= YEAR_SECONDS * per_second:
        asked.append(stated / per_second)
    sane = [wait for wait in asked if wait is not None and 0 <= wait <= YEAR_SECONDS]
    return max(sane, default=None)


def _header_wait(reply: Reply) -> float | None:
    asked = reply.headers.get("retry-after")
    if asked is None:
        return None
    try:
        now = parsedate_to_datetime(reply.headers.get("date", "")).timestamp()
    except (ValueError, OverflowError):
        # Seconds need no clock; a date without one is decades away.
        now = 0.0
    return read_retry_after(asked, now)


def read_object(reply: Reply) -> dict[str, Any]:
    """Return the JSON object in an answer; empty if there is none."""
    if len(reply.body) > LONGEST_BODY_BYTES:
        return {}
    try:
        found = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
