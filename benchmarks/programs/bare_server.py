"""An ASGI application that stores notifications and does nothing else: `bare_server.py DATABASE`.

It writes the rows that hipkit's server writes for one, into the same tables, from a writer thread
that commits in groups and waits for the disk; it knows nobody, checks nothing and has one room.
It prints its port, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import queue
import re
import socket
import sqlite3
import sys
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import uvicorn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

INSERT = (
    "INSERT INTO messages (id, conversation_id, sent_us, kind, sender_id, sender_label,"
    " client_id, body, format, color, notify, card, attach_to, mentions, links, emoticons,"
    " file_id) VALUES (?, ?, ?, 'notification', 1, 'Administrator', NULL, ?, ?, ?, ?, NULL, NULL,"
    " '{}', '[]', '[]', NULL)"
)
COUNT = (
    "UPDATE conversations SET messages_sent = messages_sent + 1, last_active_us ="
    " CASE WHEN last_active_us >= ?1 THEN last_active_us + 1 ELSE ?1 END WHERE id = ?2"
    " RETURNING last_active_us"
)
ADD_TEXT = (
    "INSERT INTO message_texts (sequence, conversation_id, text) VALUES (?, ?, ?)"
)
ADD_WORDS = "INSERT INTO message_words (rowid, text, place) VALUES (?, ?, ?)"
NOTE_PROGRESS = "UPDATE message_words_progress SET last_sequence = ?"
WORDS = re.compile(r"\w+")
MOST_IN_GROUP = 256


class Job(NamedTuple):
    """A notification whose caller waits."""

    content: dict[str, Any]
    stored: asyncio.Future[None]


class Application:
    """Answers 204 once what was posted is on disk."""

    def __init__(self, path: str, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA synchronous = FULL")
        found = self._connection.execute("SELECT max(id) FROM conversations").fetchone()
        self._conversation: int = found[0]
        threading.Thread(target=self._write_all, daemon=True).start()

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        """Answer one request."""
        message = await receive()
        body: bytes = message["body"]
        while message.get("more_body"):
            message = await receive()
            body += message["body"]
        stored = self._loop.create_future()
        self._jobs.put(Job(msgspec.json.decode(body), stored))
        await stored
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def _write_all(self) -> None:
        while True:
            group = [self._jobs.get()]
            while len(group) < MOST_IN_GROUP and not self._jobs.empty():
                group.append(self._jobs.get())
            self._connection.execute("BEGIN IMMEDIATE")
            last = max(self._store(job.content) for job in group)
            self._connection.execute(NOTE_PROGRESS, (last,))
            self._connection.execute("COMMIT")
            self._loop.call_soon_threadsafe(answer, group)

    def _store(self, content: dict[str, Any]) -> int:
        now_us = time.time_ns() // 1000
        place = self._conversation
        (sent_us,) = self._connection.execute(COUNT, (now_us, place)).fetchone()
        row = (
            str(uuid.uuid4()),
            place,
            sent_us,
            content["message"],
            content["message_format"],
            content["color"],
            content["notify"],
        )
        sequence = self._connection.execute(INSERT, row).lastrowid or 0
        text = " ".join(WORDS.findall(content["message"].casefold()))
        self._connection.execute(ADD_TEXT, (sequence, place, text))
        self._connection.execute(ADD_WORDS, (sequence, text, f"c{place}"))
        return sequence


def answer(group: list[Job]) -> None:
    """Wake those who wait."""
    for job in group:
        if not job.stored.done():
            job.stored.set_result(None)


async def main() -> None:
    """Serve until standard input ends."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    application: Any = Application(sys.argv[1], asyncio.get_running_loop())
    config = uvicorn.Config(
        application,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    print(listener.getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    await serving


asyncio.run(main())
