"""An add-on that gets webhooks: `python -m benchmarks.programs.serve_addon APP FOLDER`.

`bare` is an ASGI app that reads a request and answers it; `memory` and `sqlite` are an add-on made
with the kit, on that storage. Writes its port; answers each line of its standard input, once all
events are handled, with how many those were, and with the seconds of CPU that it has used. Ends
with its input.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvicorn

from benchmarks.rows.addon_webhooks import (
    OAUTH_ID,
    ORIGIN,
    SECRET,
    WEBHOOK,
)
from hipkit.addon import AddOn, Installation, Message
from hipkit.addon.installations.installation import Installations
from hipkit.addon.storage import MemoryStorage, SqliteStorage, Storage
from hipkit.api.secret import Secret

App = Callable[[Any, Any, Any], Awaitable[None]]


class Bare:
    """Reads a request, and answers it."""

    def __init__(self) -> None:
        self.answered = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        message = await receive()
        body = message["body"]
        while message.get("more_body"):
            message = await receive()
            body += message["body"]
        self.answered += 1
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def count(self) -> int:
        """Return how many it has answered."""
        return self.answered


class Karma:
    """The add-on of the documentation."""

    def __init__(self, storage: Storage) -> None:
        self.handled = 0
        addon = AddOn(
            key="com.example.karma", name="Karma", scopes=["send_notification"]
        )

        @addon.on_message(r"^/karma (?P<name>@\w+)", key=WEBHOOK)
        async def karma(message: Message, name: str) -> None:
            self.handled += 1

        self._app = addon.asgi(
            base_url="https://karma.example.com",
            storage=storage,
            allowed_hosts=[ORIGIN],
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request to the add-on."""
        await self._app(scope, receive, send)

    async def count(self) -> int:
        """Return how many events were handled, once none waits."""
        await self._app.drain()
        return self.handled


async def install(storage: Storage) -> None:
    """Store the installation that the webhooks are for."""
    installation = Installation(
        oauth_id=OAUTH_ID,
        secret=Secret(SECRET),
        host=ORIGIN,
        capabilities_url=f"{ORIGIN}/v2/capabilities",
        api_url=f"{ORIGIN}/v2",
        token_url=f"{ORIGIN}/v2/oauth/token",
        group_id=1,
        scopes=("send_notification",),
        installed_at=time.time(),
    )
    await Installations(storage).save(installation)


async def main() -> None:
    """Serve until standard input ends."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    app: Bare | Karma = Bare()
    if name != "bare":
        storage: Storage = (
            MemoryStorage() if name == "memory" else SqliteStorage(folder / "addon.db")
        )
        await install(storage)
        app = Karma(storage)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="auto" if name != "bare" else "off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    print(listener.getsockname()[1], flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        count = await app.count()
        print(count, time.process_time(), flush=True)
    server.should_exit = True
    await serving


if __name__ == "__main__":
    asyncio.run(main())
