"""A connection without a socket: what arrives is what a test says, read by read."""

from __future__ import annotations

import asyncio

import uvicorn
from uvicorn._types import ASGI3Application
from uvicorn.server import ServerState

from hipkit.server.http.protocol import BoundedProtocol
from hipkit.server.services.context import Runtime

TURNS = 50
"""How often the event loop goes round for everything to happen that can."""


class Wire(asyncio.Transport):
    """A transport whose other end reads when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.unread = 0
        self.written = b""
        self.ended = asyncio.Event()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.is_closing():
            self.written += bytes(data)

    def get_write_buffer_size(self) -> int:
        return self.unread

    def abort(self) -> None:
        self.ended.set()

    def close(self) -> None:
        self.ended.set()

    def is_closing(self) -> bool:
        return self.ended.is_set()

    def pause_reading(self) -> None:
        """Nothing comes but what the test sends."""

    def resume_reading(self) -> None:
        """Nothing comes but what the test sends."""


def connect(
    app: ASGI3Application, runtime: Runtime | None = None
) -> tuple[BoundedProtocol, Wire]:
    config = uvicorn.Config(app, lifespan="off", log_config=None)
    config.load()
    loop = asyncio.get_running_loop()
    made = BoundedProtocol(config, ServerState(), {}, _loop=loop, runtime=runtime)
    wire = Wire()
    made.connection_made(wire)
    return made, wire


async def settle() -> None:
    """Let everything happen that waits for nothing from outside."""
    for _ in range(TURNS):
        await asyncio.sleep(0)
