"""Posts notifications from many connections at once, and notes which of them were promised."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.e2e.serving import Running

__all__ = ["ROOM", "WATCHED_ROOM", "post_until_it_ends", "room_of"]

ROOM, WATCHED_ROOM = "Ops", "Watched"
CONNECTIONS = 16


async def post_until_it_ends(
    server: Running, texts: Iterator[str], *, connections: int = CONNECTIONS
) -> list[str]:
    """Post one text after another until they, or the server, end; return those answered by 204."""
    promised: list[str] = []
    async with asyncio.TaskGroup() as tasks:
        for _ in range(connections):
            tasks.create_task(_post(server, texts, promised))
    return promised


async def _post(server: Running, texts: Iterator[str], promised: list[str]) -> None:
    parts = urlsplit(server.base_url)
    with contextlib.suppress(OSError, EOFError):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            for text in texts:
                writer.write(_notification(server.token, text))
                head = await reader.readuntil(b"\r\n\r\n")
                if not head.startswith(b"HTTP/1.1 204 "):
                    raise AssertionError(head)
                promised.append(text)
        finally:
            writer.close()


def room_of(text: str) -> str:
    """Return where a text goes: every tenth to the room whose webhook waits for it."""
    return WATCHED_ROOM if text.endswith("0") else ROOM


def _notification(token: str, text: str) -> bytes:
    body = json.dumps({"message": text, "message_format": "text"})
    return (
        f"POST /v2/room/{room_of(text)}/notification HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
