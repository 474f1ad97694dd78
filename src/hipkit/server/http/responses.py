"""What goes back: JSON as HipChat wrote it, empty answers, redirects and files."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
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
    "Answer",
    "accepted",
    "answer_of",
    "json_answer",
    "limit_headers",
    "send_answer",
]

CHUNK_BYTES = 256 * 1024

MADE = (Created, CreatedExtension, CreatedUser)
"""Answers that say where the new thing is."""

# Nothing in an answer of the API may be run by a browser.
SAFE = (
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
)


@dataclass(slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    file: Path | None = None
    """Whose bytes are the body, read piece by piece."""


def answer_of(kind: type[Operation[object]], result: object) -> Answer:
    """Return the answer of an operation that went well."""
    if kind.redirect:
        return Answer(302, [("Location", str(result)), *SAFE])
    status = next(
        (status for status in kind.statuses if (status == 204) == (result is None)),
        kind.statuses[0],
    )
    if result is None:
        return Answer(status)
    answer = json_answer(status, result)
    if status == 201 and isinstance(result, MADE) and result.links:
        answer.headers.append(("Location", result.links.self_ or ""))
    return answer


def json_answer(status: int, value: object) -> Answer:
    """Return JSON, as `application/json`."""
    headers = [("Content-Type", "application/json"), *SAFE]
    return Answer(status, headers, to_json(value))


def accepted() -> Answer:
    """Return the answer to `auth_test=true`."""
    message = "This auth_token has access to use this method."
    success = {"code": 202, "type": "Accepted", "message": message}
    return json_answer(202, {"success": success})


def limit_headers(prefix: str, allowance: Allowance) -> Iterator[tuple[str, str]]:
    """Give the three headers that tell where a caller stands, in HipChat's spelling."""
    yield f"{prefix}-Limit", str(allowance.limit)
    yield f"{prefix}-Remaining", str(allowance.remaining)
    yield f"{prefix}-Reset", str(allowance.reset)


async def send_answer(send: Send, answer: Answer, *, with_body: bool) -> None:
    """Write an answer out; for `HEAD` only what comes before the body."""
    headers: list[tuple[bytes, bytes]] = [
        (_spelled(name), _latin(value)) for name, value in answer.headers
    ]
    size_bytes = len(answer.body)
    if answer.file is not None:
        size_bytes = answer.file.stat().st_size
    if answer.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
        headers.append((b"Content-Length", str(size_bytes).encode()))
    start = {"type": "http.response.start", "status": answer.status, "headers": headers}
    await send(start)
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


class _SpelledName(bytes):
    """A header's name that keeps its capitals: the HTTP library lowers what it is given."""

    def lower(self) -> bytes:
        return self


@cache
def _spelled(name: str) -> bytes:
    return _SpelledName(name.encode())


def _latin(value: str) -> bytes:
    # A line end in a header would begin another one.
    return CONTROL.sub("", value).encode("latin-1", "replace")


CONTROL = re.compile(r"[\x00-\x1f\x7f]")
