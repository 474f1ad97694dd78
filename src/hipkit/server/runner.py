"""The HTTP server that answers what comes through a socket, and how it is set up."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Generator
from functools import partial
from typing import Any, cast

import uvicorn
from uvicorn._types import ASGIApplication

from hipkit.server.events.sender import next_look
from hipkit.server.http.protocol import BoundedProtocol
from hipkit.server.http.transport_security import Application
from hipkit.server.services.context import Runtime

__all__ = [
    "Runner",
    "configure",
    "running_beside",
]

GRACE_SECONDS = 10
KEEP_ALIVE_SECONDS = 75
LAST_SECONDS = 0.1
"""How long requests are accepted after a server was told to end: what was just delivered to a
program on this machine is answered by one."""


class Runner(uvicorn.Server):
    """Sets `ready` once it listens, and leaves signals to `run`, which stops everything."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self._ending = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen."""
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        """Keep the date of responses until `end`; uvicorn wakes up ten times a second for it."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(next_look()):
                    await self._ending.wait()

    def end(self) -> None:
        """Accept no further requests after `LAST_SECONDS`, and finish those that are open."""
        self.should_exit = True
        asyncio.get_running_loop().call_later(LAST_SECONDS, self._ending.set)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none."""
        yield


def configure(
    application: Application,
    *,
    runtime: Runtime | None = None,
    grace_seconds: int = GRACE_SECONDS,
    **options: Any,
) -> uvicorn.Config:
    """Return the HTTP library's settings; `options` are further ones of its own."""
    return uvicorn.Config(
        cast("ASGIApplication", application),
        http=cast("type[asyncio.Protocol]", partial(BoundedProtocol, runtime=runtime)),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,  # Addresses hold tokens; our own log names operations.
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=grace_seconds,
        **options,
    )


@contextlib.asynccontextmanager
async def running_beside(
    application: Application, listener: socket.socket
) -> AsyncIterator[None]:
    """Answer requests to a further application on a socket of its own while the block runs."""
    runner = Runner(configure(application, grace_seconds=1))
    task = asyncio.create_task(runner.serve(sockets=[listener]))
    task.add_done_callback(lambda _: runner.ready.set())
    try:
        await runner.ready.wait()
        yield
    finally:
        runner.end()
        await task
