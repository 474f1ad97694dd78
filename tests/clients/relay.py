"""Stands before a server, ends TLS, and keeps every byte that goes through.

Nothing is changed or understood on the way: what was said is taken apart afterwards, by
`tests.clients.conversation`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

PIECE_BYTES = 65536


@dataclass
class Connection:
    """What went either way, and when each part of what was asked came in."""

    asked: bytearray = field(default_factory=bytearray)
    answered: bytearray = field(default_factory=bytearray)
    arrivals: list[tuple[int, int]] = field(default_factory=list)

    def arrival(self, position: int) -> int:
        """Return which of all arrivals brought the byte at `position` of what was asked."""
        return max(number for number, start in self.arrivals if start <= position)


class Relay:
    """Takes connections, and passes on what comes over them."""

    def __init__(self) -> None:
        self.connections: list[Connection] = []
        self.server = ("127.0.0.1", 0)
        self._numbers = itertools.count()
        self._closed = threading.Condition()
        self._open = 0
        # A task that waits for a connection that is gone is held by nobody else.
        self._tasks: set[asyncio.Task[None] | None] = set()

    def finished(self, patience_seconds: float) -> list[Connection]:
        """Return all connections, once none is open any more."""
        with self._closed:
            assert self._closed.wait_for(lambda: not self._open, patience_seconds)
            return self.connections

    @contextlib.contextmanager
    def listening(self, context: ssl.SSLContext, port: int) -> Iterator[int]:
        """Listen on loopback in a thread, and yield the port."""
        with asyncio.Runner() as runner:
            server = runner.run(
                asyncio.start_server(self._take, "127.0.0.1", port, ssl=context)
            )
            loop = runner.get_loop()
            thread = threading.Thread(target=loop.run_forever)
            thread.start()
            try:
                yield server.sockets[0].getsockname()[1]
            finally:
                loop.call_soon_threadsafe(server.close)
                loop.call_soon_threadsafe(loop.stop)
                thread.join()

    async def _take(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        connection = Connection()
        task = asyncio.current_task()
        self._tasks.add(task)
        with self._closed:
            self._open += 1
            self.connections.append(connection)
        try:
            back, forth = await asyncio.open_connection(*self.server)
            await asyncio.gather(
                self._ask(reader, forth, connection),
                self._answer(back, writer, connection),
            )
            forth.close()
        finally:
            self._tasks.discard(task)
            with self._closed:
                self._open -= 1
                self._closed.notify_all()

    async def _ask(
        self,
        reader: asyncio.StreamReader,
        forth: asyncio.StreamWriter,
        connection: Connection,
    ) -> None:
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while chunk := await reader.read(PIECE_BYTES):
                connection.arrivals.append((next(self._numbers), len(connection.asked)))
                connection.asked += chunk
                forth.write(chunk)
                await forth.drain()
        with contextlib.suppress(OSError):
            forth.write_eof()

    async def _answer(
        self,
        back: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        connection: Connection,
    ) -> None:
        """Read to the end, also when the program has heard enough and is gone."""
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while chunk := await back.read(PIECE_BYTES):
                connection.answered += chunk
                with contextlib.suppress(ConnectionError, ssl.SSLError):
                    writer.write(chunk)
                    await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()
