"""An add-on made with the kit, which fails one webhook in ten, and keeps track of the others.

`python -m tests.faults.failing_addon PORT FOLDER HOST HASTE`: it works with that HipChat server
only, and after a crash it waits so many times shorter than usual. Several may have the same port
and folder; the system gives each its share of the connections.
It answers a webhook that it fails with 503, half of the times before it stored the event and half
of the times after. What survives a kill is in the folder: `addon.db`, `handled` with a line for
each message that its handler got, and `posted` with a line for each webhook that came: how it was
answered, its delivery, and the process.
"""

from __future__ import annotations

import os
import random
import socket
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import uvicorn

from hipkit.addon import AddOn, Message
from hipkit.addon.dispatch import queue

__all__ = ["DELIVERY", "HANDLED", "POSTED"]

HANDLED, POSTED = "handled", "posted"
DELIVERY = b"x-hipkit-delivery"
FAILING_SHARE = 0.1
MOST_FAILURES = 2
"""Of one event: each wait for the next try is twice as long as the one before."""
UNAVAILABLE = 503

Sent = MutableMapping[str, Any]
Send = Callable[[Sent], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]


class Notes:
    """A file to which lines are added that survive the process."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def add(self, line: str) -> None:
        os.write(self._file, f"{line}\n".encode())


class Failing:
    """An app that fails one webhook in ten."""

    def __init__(self, app: App, posted: Notes) -> None:
        self._app = app
        self._posted = posted
        self._failures: Counter[str] = Counter()

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        if scope["type"] != "http" or "/webhook/" not in scope["path"]:
            return await self._app(scope, receive, send)
        delivery = dict(scope["headers"]).get(DELIVERY, b"").decode()
        fails = (
            self._failures[delivery] < MOST_FAILURES and random.random() < FAILING_SHARE
        )
        self._failures[delivery] += fails
        if fails and random.random() < 0.5:
            self._note("failed-before", delivery)
            return await _fail(send)
        answered: list[Sent] = []

        async def keep(message: Sent) -> None:
            answered.append(message)

        await self._app(scope, receive, keep)
        if fails:
            self._note("failed-after", delivery)
            return await _fail(send)
        self._note(str(answered[0]["status"]), delivery)
        for message in answered:
            await send(message)

    def _note(self, answer: str, delivery: str) -> None:
        self._posted.add(f"{answer} {delivery} {os.getpid()}")


async def _fail(send: Send) -> None:
    start = {"type": "http.response.start", "status": UNAVAILABLE, "headers": []}
    await send(start)
    await send({"type": "http.response.body", "body": b""})


class Announcing(uvicorn.Server):
    """A server that says when it is ready."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print("ready", flush=True)


def main() -> None:
    """Serve until it is killed, or stopped."""
    port, folder, host = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    queue.LEASE_SECONDS /= float(sys.argv[4])
    handled = Notes(folder / HANDLED)
    addon = AddOn(
        key="com.example.failing", name="Failing", scopes=["send_notification"]
    )

    @addon.on_message
    async def note(message: Message) -> str | None:
        handled.add(message.text)
        return f"Heard: {message.text}" if message.text.endswith("0") else None

    app = addon.asgi(
        base_url=f"http://127.0.0.1:{port}",
        storage=folder / "addon.db",
        allowed_hosts=[host],
        allow_http=True,
    )
    config = uvicorn.Config(
        Failing(app, Notes(folder / POSTED)),
        log_level="warning",
        access_log=False,
    )
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", port))
    Announcing(config).run([listener])


if __name__ == "__main__":
    main()
