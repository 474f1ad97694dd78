"""Threads that read, each with a connection of its own.

Psycopg's asyncio connections would save a third of a read's CPU, and belong to one event loop.
These serve whichever loop asks, and a caller who gives up leaves no read half done.
"""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from hipkit.api.errors import StorageError
from hipkit.server.storage.postgres.connection import Connection

__all__ = ["Readers"]

T = TypeVar("T")


class Readers:
    """Connections for reading, and as many threads.

    Args:
        connect: Makes a connection, which is opened when it is first used.
        count: How many at most.
        name: What the threads are called.
    """

    def __init__(
        self, connect: Callable[[], Connection], count: int, name: str
    ) -> None:
        self._connections = [connect() for _ in range(count)]
        # The last one used is used next: few are opened where few are needed.
        self._free: queue.LifoQueue[Connection] = queue.LifoQueue()
        for connection in self._connections:
            self._free.put(connection)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def run(self, read: Callable[[Connection], T]) -> T:
        """Run a function in a thread, with a connection.

        A read whose connection turns out to be lost is run once more, on a new one: the server
        may have been restarted since it was last used.

        Raises:
            StorageError: The server cannot be reached, or the database is closed.
        """
        loop = asyncio.get_running_loop()
        try:
            reading = loop.run_in_executor(self._threads, self._run, read)
        except RuntimeError as error:
            raise StorageError("the database is closed") from error
        return await reading

    def close(self) -> None:
        """Finish what is being read, and close the connections."""
        self._threads.shutdown()
        for connection in self._connections:
            connection.close()

    def _run(self, read: Callable[[Connection], T]) -> T:
        connection = self._free.get()  # One is free: there are as many as threads.
        try:
            was_open = connection.is_open
            try:
                return read(connection)
            except StorageError:
                if connection.is_open or not was_open:
                    raise
            return read(connection)
        finally:
            self._free.put(connection)
