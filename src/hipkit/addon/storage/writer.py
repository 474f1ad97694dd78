"""The one thread that uses an SQLite database: it commits what waits for it together.

A commit waits for the disk, so a hundred events that come at once must not wait a hundred times.
Each runs in a savepoint of its own: one that fails undoes nothing of the others.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TypeVar

from hipkit.api.errors import StorageError

__all__ = ["Writer"]

T = TypeVar("T")
Work = Callable[[], None]

MOST_AT_ONCE = 500


class Writer:
    """Runs functions on a connection, in its own thread, and returns when they are committed.

    Args:
        connect: Opens the connection, in that thread.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._waiting: SimpleQueue[_Command | None] = SimpleQueue()
        self._opened: Future[None] = Future()
        self._thread = threading.Thread(
            target=self._work, name="hipkit-storage", daemon=True
        )
        self._thread.start()

    async def opened(self) -> None:
        """Wait until the connection is open.

        Raises:
            StorageError: It cannot be opened.
        """
        await asyncio.shield(asyncio.wrap_future(self._opened))

    @property
    def is_open(self) -> bool:
        """Whether the connection is open, or may still be opened."""
        return not self._opened.done() or self._opened.exception() is None

    async def run(
        self, function: Callable[[sqlite3.Connection], T], *, is_read: bool = False
    ) -> T:
        """Return what a function returns, after its changes were committed.

        Args:
            function: What is to be done. It must not begin or end a transaction.
            is_read: Whether it changes nothing. Reads do not wait for other processes.
        """
        future: Future[T] = Future()
        self._waiting.put(_Command(function, future, is_read=is_read))
        return await asyncio.wrap_future(future)

    async def stop(self) -> None:
        """Finish what waits, and close the connection."""
        self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        try:
            connection = self._connect()
        except (sqlite3.Error, OSError, StorageError) as error:
            self._opened.set_exception(_storage_error(error))
            return
        self._opened.set_result(None)
        try:
            while commands := self._next():
                self._commit(connection, commands)
        finally:
            connection.close()

    def _next(self) -> list[_Command]:
        """Return all commands that wait; none at the end."""
        first = self._waiting.get()
        commands = []
        while first is not None:
            commands.append(first)
            if self._waiting.empty() or len(commands) >= MOST_AT_ONCE:
                break
            first = self._waiting.get()
        if first is None and commands:
            self._waiting.put(None)
        return commands

    def _commit(self, connection: sqlite3.Connection, commands: list[_Command]) -> None:
        try:
            is_read = all(command.is_read for command in commands)
            connection.execute("BEGIN" if is_read else "BEGIN IMMEDIATE")
            for command in commands:
                command.run(connection)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            for command in commands:
                command.fail(error)
        for command in commands:
            command.finish()


class _Command:
    """A function that is to run, and who waits for it."""

    def __init__(
        self,
        function: Callable[[sqlite3.Connection], T],
        future: Future[T],
        *,
        is_read: bool,
    ) -> None:
        self.is_read = is_read

        def run(connection: sqlite3.Connection) -> Work:
            result = function(connection)
            return lambda: future.set_result(result)

        self._function = run
        self._future = future
        self._finish: Work | None = None

    def run(self, connection: sqlite3.Connection) -> None:
        """Run it in a savepoint; what it raises concerns only who waits for it."""
        if not self._future.set_running_or_notify_cancel():
            self._finish = lambda: None
            return
        connection.execute("SAVEPOINT command")
        try:
            self._finish = self._function(connection)
        except Exception as error:
            connection.execute("ROLLBACK TO command")
            self.fail(error)
        connection.execute("RELEASE command")

    def fail(self, error: Exception) -> None:
        """Have it fail with an error."""
        reported = _storage_error(error)
        self._finish = lambda: self._future.set_exception(reported)

    def finish(self) -> None:
        """Tell who waits for it."""
        if self._finish is not None and not self._future.done():
            self._finish()


def _storage_error(error: Exception) -> Exception:
    """Return the error to report: SQLite's own could quote what was stored."""
    if not isinstance(error, sqlite3.Error | OSError):
        return error
    code = getattr(error, "sqlite_errorname", None) or type(error).__name__
    may_pass = code.startswith(("SQLITE_BUSY", "SQLITE_FULL", "SQLITE_IOERR"))
    return StorageError(
        f"the add-on's database cannot be read or written: {code}", may_pass=may_pass
    )
