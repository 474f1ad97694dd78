"""A thread with a connection to an SQLite database, which does what waits for it together.

A commit waits for the disk, so a hundred events that come at once must not wait a hundred times.
Each runs in a savepoint of its own: one that fails undoes nothing of the others.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import AbstractContextManager, suppress
from queue import SimpleQueue
from typing import TypeVar

from hipkit.api.errors import StorageError

__all__ = ["ConnectionThread"]

T = TypeVar("T")
Work = Callable[[], None]

MOST_AT_ONCE = 500


class ConnectionThread:
    """Runs functions on a connection, in its own thread, and returns when they are committed.

    Args:
        connected: Opens the connection, in that thread, and closes it.
        begin: The statement that begins a transaction.
        durable: Whether a commit waits for the disk.
    """

    def __init__(
        self,
        connected: Callable[[], AbstractContextManager[sqlite3.Connection]],
        begin: str,
        *,
        durable: bool,
    ) -> None:
        self._connected = connected
        self._begin = begin
        self._durable = durable
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

    async def run(
        self, function: Callable[[sqlite3.Connection], T], *, lasting: bool = True
    ) -> T:
        """Return what a function returns, after its changes were committed.

        Args:
            function: What is to be done. It must not begin or end a transaction.
            lasting: Whether it must not be lost when the power fails.
        """
        future: Future[T] = Future()
        self._waiting.put(_Command(function, future, lasting=lasting))
        return await asyncio.wrap_future(future)

    async def stop(self) -> None:
        """Finish what waits, and close the connection."""
        self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        try:
            with self._connected() as connection:
                self._opened.set_result(None)
                while commands := self._next():
                    self._commit(connection, commands)
        except (sqlite3.Error, OSError, StorageError) as error:
            if not self._opened.done():
                self._opened.set_exception(_storage_error(error))

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
            if self._durable:
                is_lasting = any(command.lasting for command in commands)
                level = "FULL" if is_lasting else "NORMAL"
                connection.execute(f"PRAGMA synchronous = {level}")
            connection.execute(self._begin)
            for command in commands:
                command.run(connection)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):  # SQLite may have done so itself.
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
        lasting: bool,
    ) -> None:
        self.lasting = lasting

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
        """Store an error as its outcome."""
        reported = _storage_error(error)
        self._finish = lambda: self._future.set_exception(reported)

    def finish(self) -> None:
        """Pass the outcome to who waits for it."""
        if self._finish is not None:
            with suppress(InvalidStateError):  # Nobody waits any more.
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
