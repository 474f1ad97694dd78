"""Runs a server on a socket: with limits that the HTTP library lacks, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable, Generator
from typing import cast

import uvicorn
from uvicorn._types import ASGIApplication

from hipkit.errors import StorageError
from hipkit.server.app import Server, open_server
from hipkit.server.settings import Settings

__all__ = ["address_of", "listen", "run", "serving"]

log = logging.getLogger("hipkit.server")

SWEEP_SECONDS = 60 * 60
GRACE_SECONDS = 10
KEEP_ALIVE_SECONDS = 75
BACKLOG = 1024


def listen(host: str, port: int) -> socket.socket:
    """Open the socket that a server listens on; port 0 takes a free one.

    Raises:
        OSError: The address is taken, or not this machine's.
    """
    family, kind, _, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def address_of(listener: socket.socket) -> str:
    """Return a socket's address as clients write it, without a path."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(
    settings: Settings,
    listener: socket.socket,
    *,
    on_open: Callable[[Server], None],
    on_ready: Callable[[str], None],
) -> None:
    """Serve until SIGINT or SIGTERM, then finish what is under way.

    Raises:
        StorageError: The database cannot be used.
    """
    with contextlib.closing(listener):
        asyncio.run(_run(settings, listener, on_open, on_ready))


async def _run(
    settings: Settings,
    listener: socket.socket,
    on_open: Callable[[Server], None],
    on_ready: Callable[[str], None],
) -> None:
    server = await open_server(settings)
    with contextlib.closing(server):
        on_open(server)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        async with serving(server, listener) as address:
            on_ready(address)
            sweeping = asyncio.create_task(_sweep_again_and_again(server))
            await stop.wait()
            sweeping.cancel()


async def _sweep_again_and_again(server: Server) -> None:
    while True:
        try:
            await server.sweep()
        except StorageError as error:
            log.error("sweeping: %s", error)
        await asyncio.sleep(SWEEP_SECONDS)


@contextlib.asynccontextmanager
async def serving(server: Server, listener: socket.socket) -> AsyncIterator[str]:
    """Answer requests while the block runs, and give the address."""
    config = uvicorn.Config(
        cast("ASGIApplication", server.api),
        http=_protocol(),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,  # Addresses hold tokens; our own log names operations.
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    address = address_of(listener)
    runner = _Runner(config)
    task = asyncio.create_task(runner.serve(sockets=[listener]))
    task.add_done_callback(lambda _: runner.ready.set())
    try:
        await runner.ready.wait()
        yield address
    finally:
        runner.should_exit = True
        await task


class _Runner(uvicorn.Server):
    """Says when it listens, and leaves the signals to `run`, which stops everything else too."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none."""
        yield


def _protocol() -> type[asyncio.Protocol] | str:
    try:
        from hipkit.server.http.protocol import BoundedProtocol
    except ImportError:
        # Without httptools the library's own parser serves, which has such limits itself.
        return "h11"
    return BoundedProtocol
