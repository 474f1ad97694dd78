"""Connections to an SQLite database, each in a thread of its own: no event loop waits for a lock.

A thread does together what waits for it.
A commit waits for the disk, so a hundred events that come at once must not wait a hundred times.
If one fails, all are undone and run again, each in a savepoint of its own: it undoes nothing of the
others.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext, suppress
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from hipkit.api.errors import StorageError

__all__ = ["ConnectionThread", "ThreadStoppedError"]

T = TypeVar("T")

MOST_AT_ONCE = 500


class ThreadStoppedError(Exception):
    """The thread was stopped before it was asked."""


class ConnectionThread:
    """Runs functions on a connection, in its own thread, and returns when they are committed.

    Args:
        connected: Opens the connection, in that thread, and closes it.
        begin: The statement that begins a transaction.
        durable: Whether a commit waits for the disk.
        changing: Holds the commit of a command that changes `records`.
    """

    def __init__(
        self,
        connected: Callable[[], AbstractContextManager[sqlite3.Connection]],
        begin: str,
        *,
        durable: bool,
        changing: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._connected = connected
        self._begin = begin
        self._changing = changing
        self._level = ""
        self._durable = durable
        self._waiting: SimpleQueue[list[_Command[Any]] | None] = SimpleQueue()
        self._gathered: dict[asyncio.AbstractEventLoop, list[_Command[Any]]] = {}
        self._gathering = threading.Lock()
        self._is_stopped = False
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
        await _wait_for(self._opened)

    async def run(
        self,
        function: Callable[[sqlite3.Connection], T],
        *,
        lasting: bool = True,
        records: bool = False,
    ) -> T:
        """Return what a function returns, after its changes were committed.

        Args:
            function: What is to be done. It must not begin or end a transaction, and is called
                again if it, or another one with it, fails.
            lasting: Whether it must not be lost when the power fails.
            records: Whether it changes what others may have cached.

        Raises:
            ThreadStoppedError: `stop` was called before.
        """
        loop = asyncio.get_running_loop()
        command = _Command(function, loop, lasting=lasting, records=records)
        with self._gathering:
            if self._is_stopped:
                raise ThreadStoppedError
            if loop not in self._gathered:
                self._gathered[loop] = []
                loop.call_soon(self._hand_over, loop)
            self._gathered[loop].append(command)
        return await command.future

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        """Pass on the commands of one turn of an event loop, all at once.

        One by one, the first would get a commit of its own, and the two threads would take the
        interpreter from each other at every statement.
        """
        with self._gathering:
            self._waiting.put(self._gathered.pop(loop))

    async def stop(self) -> None:
        """Finish what waits, and close the connection."""
        with self._gathering:
            self._is_stopped = True
            for commands in self._gathered.values():
                self._waiting.put([*commands])
                commands.clear()
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

    def _next(self) -> list[_Command[Any]]:
        """Return all commands that wait; none at the end."""
        commands: list[_Command[Any]] = []
        while (gathered := self._waiting.get()) is not None:
            commands += gathered
            if commands and (self._waiting.empty() or len(commands) >= MOST_AT_ONCE):
                return commands
        if commands:
            self._waiting.put(None)
        return commands

    def _set_level(self, connection: sqlite3.Connection, level: str) -> None:
        """Set whether the next commit waits for the disk."""
        if level != self._level:
            connection.execute(f"PRAGMA synchronous = {level}")
            self._level = level

    def _commit(
        self, connection: sqlite3.Connection, commands: list[_Command[Any]]
    ) -> None:
        try:
            if self._durable:
                is_lasting = any(command.lasting for command in commands)
                self._set_level(connection, "FULL" if is_lasting else "NORMAL")
            connection.execute(self._begin)
            if not _run_all(connection, commands):
                if connection.in_transaction:  # SQLite may have ended it itself.
                    connection.execute("ROLLBACK")
                connection.execute(self._begin)
                for command in commands:
                    command.run_alone(connection)
            are_records = any(command.records for command in commands)
            with self._changing() if are_records else nullcontext():
                connection.execute("COMMIT")
        except Exception as error:  # Whatever it is, the thread must go on.
            with suppress(sqlite3.Error):  # SQLite may have done so itself.
                connection.execute("ROLLBACK")
            for command in commands:
                command.fail(error)
        _finish(commands)


async def _wait_for(opened: Future[T]) -> None:
    if not opened.done():
        await asyncio.shield(asyncio.wrap_future(opened))
    opened.result()


class _Command(Generic[T]):
    """A function that is to run, and who waits for it."""

    def __init__(
        self,
        function: Callable[[sqlite3.Connection], T],
        loop: asyncio.AbstractEventLoop,
        *,
        lasting: bool,
        records: bool,
    ) -> None:
        self.lasting = lasting
        self.records = records
        self.loop = loop
        self.future: asyncio.Future[T] = loop.create_future()
        self._function = function
        self._result: list[T] = []
        """What it returned, once it has run."""
        self._error: Exception | None = None

    def run(self, connection: sqlite3.Connection) -> None:
        """Run it."""
        if not self.future.done():  # Else nobody waits any more.
            self._result = [self._function(connection)]

    def run_alone(self, connection: sqlite3.Connection) -> None:
        """Run it in a savepoint; what it raises concerns only who waits for it."""
        if self.future.done():
            return
        connection.execute("SAVEPOINT command")
        try:
            self.run(connection)
        except Exception as error:
            connection.execute("ROLLBACK TO command")
            self.fail(error)
        connection.execute("RELEASE command")

    def fail(self, error: Exception) -> None:
        """Store an error as its outcome."""
        self._error = _storage_error(error)

    def finish(self) -> None:
        """Pass the outcome to who waits for it, in their event loop."""
        if self.future.done():
            return
        if self._error is not None:
            self.future.set_exception(self._error)
        elif self._result:
            self.future.set_result(self._result[0])


def _run_all(connection: sqlite3.Connection, commands: list[_Command[Any]]) -> bool:
    """Run commands without savepoints, and return whether none failed.

    A savepoint takes as long as a short command.
    """
    try:
        for command in commands:
            command.run(connection)
    except Exception:
        return False
    return True


def _finish(commands: list[_Command[Any]]) -> None:
    """Wake each event loop once for all its commands."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Command[Any]]] = {}
    for command in commands:
        by_loop.setdefault(command.loop, []).append(command)
    for loop, finished in by_loop.items():
        # A loop that is closed has nobody who waits; the commit stands.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_finish_all, finished)


def _finish_all(commands: list[_Command[Any]]) -> None:
    for command in commands:
        command.finish()


def _storage_error(error: Exception) -> Exception:
    """Return the error to report: SQLite's own could quote what was stored."""
    if not isinstance(error, sqlite3.Error | OSError):
        return error
    code = getattr(error, "sqlite_errorname", None) or type(error).__name__
    may_pass = code.startswith(("SQLITE_BUSY", "SQLITE_FULL", "SQLITE_IOERR"))
    return StorageError(
        f"the add-on's database cannot be read or written: {code}", may_pass=may_pass
    )
