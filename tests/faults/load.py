"""Posts from many connections at once, notes what was promised, and reads what is there."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Callable, Iterator
from urllib.parse import quote, urlsplit

from tests.e2e.serving import Running

__all__ = [
    "ROOM",
    "WATCHED_ROOM",
    "history_of",
    "post_until_it_ends",
    "request_bytes",
    "room_of",
]

ROOM, WATCHED_ROOM = "Ops", "Watched"
CONNECTIONS = 16
PAGE = 1000

Written = Callable[[str, str], bytes]
"""The request for a token and a text."""


def _notification(token: str, text: str) -> bytes:
    path = f"/room/{room_of(text)}/notification"
    return request_bytes(path, token, {"message": text, "message_format": "text"})


async def post_until_it_ends(
    server: Running,
    texts: Iterator[str],
    *,
    connections: int = CONNECTIONS,
    written: Written = _notification,
) -> list[str]:
    """Post one text after another until they, or the server, end; return those with success."""
    promised: list[str] = []
    async with asyncio.TaskGroup() as tasks:
        for _ in range(connections):
            tasks.create_task(_post(server, texts, promised, written))
    return promised


async def _post(
    server: Running, texts: Iterator[str], promised: list[str], written: Written
) -> None:
    parts = urlsplit(server.base_url)
    with contextlib.suppress(OSError, EOFError):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            for text in texts:
                writer.write(written(server.token, text))
                head = await reader.readuntil(b"\r\n\r\n")
                if not head.startswith((b"HTTP/1.1 201 ", b"HTTP/1.1 204 ")):
                    raise AssertionError(head)
                _, _, rest = head.lower().partition(b"\r\ncontent-length:")
                await reader.readexactly(int(rest.partition(b"\r\n")[0] or 0))
                promised.append(text)
        finally:
            writer.close()


def room_of(text: str) -> str:
    """Return where a text goes: every tenth to the room whose webhook waits for it."""
    return WATCHED_ROOM if text.endswith("0") else ROOM


def request_bytes(path: str, token: str, body: object) -> bytes:
    """Write a POST of JSON as it goes over the wire."""
    content = json.dumps(body)
    return (
        f"POST /v2{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n{content}"
    ).encode()


def history_of(server: Running, room: str, *, kind: str) -> list[str]:
    """Return everything of a kind that was said in a room, in that order."""
    texts: list[str] = []
    for start in itertools.count(step=PAGE):
        path = (
            f"/room/{quote(room)}/history?date=2100-01-01T00:00:00Z&reverse=false"
            f"&max-results={PAGE}&start-index={start}"
        )
        items = json.loads(server.call("GET", path)[2])["items"]
        texts += [item["message"] for item in items if item["type"] == kind]
        if len(items) < PAGE:
            return texts[::-1]
    raise AssertionError
