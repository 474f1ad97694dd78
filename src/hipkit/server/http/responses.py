"""Answers: JSON as HipChat wrote it, empty ones, redirects and files.

Headers are bytes from the start, and those that never vary are made once: every call sends them.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from pathlib import Path

from hipkit.api.operation import Operation
from hipkit.server.http.requests import Send
from hipkit.server.services.representations.timestamps import to_json
from hipkit.server.shared.limits import Allowance
from hipkit.v2.models import Created, CreatedExtension, CreatedUser

__all__ = [
    "NO_SNIFFING",
    "Answer",
    "Header",
    "LimitNames",
    "accepted",
    "header",
    "json_answer",
    "limit_headers",
    "limit_names",
    "result_answer",
    "send_answer",
]

Header = tuple[bytes, bytes]
LimitNames = tuple[bytes, bytes, bytes]

CHUNK_BYTES = 256 * 1024

CREATED = (Created, CreatedExtension, CreatedUser)
"""Results that name the address of what was created."""

CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class _SpelledName(bytes):
    """A header's name that keeps its capitals: the HTTP library lowers what it is given."""

    def lower(self) -> bytes:
        return self


def header(name: str, value: str) -> Header:
    """Return a header as it is sent."""
    # A line end in a value would begin another header.
    return _spelled(name), CONTROL.sub("", value).encode("latin-1", "replace")


@cache
def _spelled(name: str) -> bytes:
    return _SpelledName(name.encode())


NO_SNIFFING = header("X-Content-Type-Options", "nosniff")

# Nothing in an answer of the API may be run by a browser.
SAFE = (NO_SNIFFING, header("Cache-Control", "no-store"))
JSON_HEADERS = (header("Content-Type", "application/json"), *SAFE)
CONTENT_LENGTH = b"Content-Length"
"""Lowered like other names: the HTTP library looks for it, and would otherwise send chunks as
well. Proxies reject an answer with both, or read it differently."""


@dataclass(slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: list[Header] = field(default_factory=list)
    body: bytes = b""
    file: Path | None = None
    """Whose bytes are the body, read piece by piece."""


def result_answer(kind: type[Operation[object]], result: object) -> Answer:
    """Return the answer of an operation that succeeded."""
    if kind.redirect:
        return Answer(302, [header("Location", str(result)), *SAFE])
    status, empty_status = _statuses(kind)
    if result is None:
        return Answer(empty_status)
    answer = json_answer(status, result)
    if status == 201 and isinstance(result, CREATED) and result.links:
        answer.headers.append(header("Location", result.links.self_ or ""))
    return answer


@cache
def _statuses(kind: type[Operation[object]]) -> tuple[int, int]:
    """Return the status of an answer with a body, and of one without."""
    with_body = [status for status in kind.statuses if status != 204]
    return with_body[0] if with_body else 204, (
        204 if 204 in kind.statuses else kind.statuses[0]
    )


def json_answer(status: int, value: object) -> Answer:
    """Return JSON, as `application/json`."""
    return Answer(status, list(JSON_HEADERS), to_json(value))


def accepted() -> Answer:
    """Return the answer to `auth_test=true`."""
    message = "This auth_token has access to use this method."
    success = {"code": 202, "type": "Accepted", "message": message}
    return json_answer(202, {"success": success})


def limit_names(prefix: str) -> LimitNames:
    """Return the names of the headers that say how many calls are left, in one spelling."""
    return (
        _spelled(f"{prefix}-Limit"),
        _spelled(f"{prefix}-Remaining"),
        _spelled(f"{prefix}-Reset"),
    )


def limit_headers(names: LimitNames, allowance: Allowance) -> tuple[Header, ...]:
    """Return the headers that say how many calls are left, and until when."""
    limit, remaining, reset = names
    return (
        (limit, b"%d" % allowance.limit),
        (remaining, b"%d" % allowance.remaining),
        (reset, b"%d" % allowance.reset),
    )


async def send_answer(send: Send, answer: Answer, *, with_body: bool) -> None:
    """Send an answer; to `HEAD` only what comes before the body."""
    size_bytes = len(answer.body)
    if answer.file is not None:
        size_bytes = answer.file.stat().st_size
    if answer.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
        answer.headers.append((CONTENT_LENGTH, b"%d" % size_bytes))
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": answer.headers,
        }
    )
    if answer.file is not None and with_body:
        await _send_file(send, answer.file, size_bytes)
    else:
        body = answer.body if with_body else b""
        await send({"type": "http.response.body", "body": body})


async def _send_file(send: Send, path: Path, size_bytes: int) -> None:
    with await asyncio.to_thread(path.open, "rb") as file:
        left = size_bytes
        while left > 0:
            chunk = await asyncio.to_thread(file.read, min(CHUNK_BYTES, left))
            if not chunk:
                break
            left -= len(chunk)
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
