"""The embedded database: one SQLite file, many readers, one writer that commits in groups.

Each commit waits for the disk (`synchronous=FULL`), and is shared by a group of commands.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

import msgspec

from hipkit.api.errors import StorageError
from hipkit.server.observer import Observer
from hipkit.server.storage.group_commit import GroupCommit, Outcome, finish
from hipkit.server.storage.protocol import (
    SCAN_SECONDS,
    Command,
    Query,
    ScanTooLongError,
    Stores,
)
from hipkit.server.storage.sqlite.file import (
    connect,
    migrate,
    prepare_file,
    schema_version,
    storage_error,
)
from hipkit.server.storage.sqlite.search import UPDATE_INDEX, SqliteSearchStore
from hipkit.server.storage.stores.session import Value

__all__ = ["SqliteDatabase"]

T = TypeVar("T")
K = TypeVar("K")

SCANNERS = 2
"""Long reads at a time: one that takes its full time does not hold up all the others."""

OPCODES_BETWEEN_LOOKS = 1000
"""How often SQLite checks whether a long read's time is over: every few dozen microseconds."""


class SqliteSession:
    """Runs statements on one connection, in whichever thread it is called.

    Reads take a lock: event loops of several threads may read here, and a connection serves one
    thread at a time. Changes take none, because the writer's thread makes them all.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._lock = threading.Lock()

    async def one(self, kind: type[K], sql: str, *values: Value) -> K | None:
        try:
            with self._lock:
                # All rows, although one is wanted: at its end a statement gives up its
                # snapshot, and the next read sees what was committed since.
                rows = self._connection.execute(sql, values).fetchall()
        except (sqlite3.Error, OverflowError) as error:
            raise self._failure(error) from error
        return msgspec.convert(rows[0], kind, strict=False) if rows else None

    async def all(self, kind: type[K], sql: str, *values: Value) -> list[K]:
        try:
            with self._lock:
                rows = self._connection.execute(sql, values).fetchall()
        except (sqlite3.Error, OverflowError) as error:
            raise self._failure(error) from error
        return cast(
            "list[K]",
            msgspec.convert(rows, list[kind], strict=False),  # type: ignore[valid-type]  # the element type is only known now
        )

    async def value(self, kind: type[K], sql: str, *values: Value) -> K | None:
        try:
            with self._lock:
                rows = self._connection.execute(sql, values).fetchall()
        except (sqlite3.Error, OverflowError) as error:
            raise self._failure(error) from error
        value = rows[0][0] if rows else None
        return None if value is None else msgspec.convert(value, kind, strict=False)

    async def run(self, sql: str, *values: Value) -> int:
        try:
            return self._connection.execute(sql, values).rowcount
        except (sqlite3.Error, OverflowError) as error:
            raise self._failure(error) from error

    async def insert(self, sql: str, *values: Value) -> int:
        try:
            return self._connection.execute(sql, values).lastrowid or 0
        except (sqlite3.Error, OverflowError) as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> StorageError:
        if isinstance(error, sqlite3.Error):
            return storage_error(error, self._path)
        return StorageError(f"a number is too large for the database: {error}")


@dataclass(frozen=True, slots=True)
class _Scanner:
    """A connection for long reads, one at a time."""

    connection: sqlite3.Connection
    stores: Stores

    def run(self, query: Query[T], deadline: float) -> T:
        self.connection.set_progress_handler(
            lambda: time.monotonic() > deadline, OPCODES_BETWEEN_LOOKS
        )
        try:
            return finish(query(self.stores))
        except StorageError as error:
            if time.monotonic() > deadline:
                raise ScanTooLongError from error
            raise


class SqliteDatabase:
    """A database in one file; `open` creates it where there is none.

    Attributes:
        stores: For short reads, in the thread that asks.
        schema: The number of the last migration, when it was opened.
    """

    def __init__(
        self, path: Path, *, durable: bool = True, observer: Observer | None = None
    ) -> None:
        self.path = path
        self._writing = connect(path, durable=durable)
        self._connections = [self._writing]
        try:
            migrate(self._writing, path)
            self.schema = schema_version(self._writing)
            self._reading = SqliteSession(self._connect_for_reading(), path)
            self.stores = _stores_over(self._reading)
            self._scanners: queue.SimpleQueue[_Scanner] = queue.SimpleQueue()
            for _ in range(SCANNERS):
                connection = self._connect_for_reading()
                stores = _stores_over(SqliteSession(connection, path))
                self._scanners.put(_Scanner(connection, stores))
        except BaseException:
            self._close_connections()
            raise
        self._writer_stores = _stores_over(SqliteSession(self._writing, path))
        self._scanning = ThreadPoolExecutor(SCANNERS, thread_name_prefix="hipkit-scan")
        self._writer = GroupCommit(self._commit, observer or Observer())

    @classmethod
    def open(
        cls, path: Path, *, durable: bool = True, observer: Observer | None = None
    ) -> SqliteDatabase:
        """Open a database file, made or brought up to date if need be.

        Only with `durable` does a commit wait for the disk. The observer is told of each.

        Raises:
            StorageError: It is no hipkit database, a newer one, or cannot be used.
        """
        prepare_file(path)
        try:
            return cls(path, durable=durable, observer=observer)
        except sqlite3.Error as error:
            raise storage_error(error, path) from error

    async def write(self, command: Command[T]) -> T:
        """Hand a command to the writer, and return its result once that is on disk."""
        return await self._writer.write(command)

    async def scan(self, query: Query[T], *, seconds: float = SCAN_SECONDS) -> T:
        """Run a long read on a reader thread."""
        deadline = time.monotonic() + seconds
        return await asyncio.get_running_loop().run_in_executor(
            self._scanning, self._scan, query, deadline
        )

    def _scan(self, query: Query[T], deadline: float) -> T:
        if time.monotonic() > deadline:
            raise ScanTooLongError
        scanner = self._scanners.get()  # One is free: there are as many as threads.
        try:
            return scanner.run(query, deadline)
        finally:
            self._scanners.put(scanner)

    async def used_bytes(self) -> int:
        """Return how many bytes the pages in use take."""
        sql = (
            "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count(),"
            " pragma_freelist_count(), pragma_page_size()"
        )
        return await self._reading.value(int, sql) or 0

    async def check(self) -> None:
        """Read from the file, and commit its version as it is."""
        await self.stores.groups.first()
        version = await self.write(self._rewrite_version)
        if version != self.schema:
            raise StorageError(f"{self.path}: its tables are of another version")

    async def _rewrite_version(self, stores: Stores) -> int:
        await stores.groups.first()
        version = schema_version(self._writing)
        # A commit that changes nothing need not write anything, so it would tell nothing of a disk
        # that takes no more bytes. This one writes a page to the log.
        self._writing.execute(f"PRAGMA user_version = {version}")
        return version

    def close(self) -> None:
        """Write what was handed in, then close the file."""
        if not self._writer.close():
            return
        self._scanning.shutdown()
        self._close_connections()

    def _connect_for_reading(self) -> sqlite3.Connection:
        connection = connect(self.path)
        self._connections.append(connection)
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _close_connections(self) -> None:
        # The writer's last: the last connection to close moves the log into the file, and those
        # for reading may not write.
        for connection in reversed(self._connections):
            connection.close()

    def _commit(self, group: list[Command[object]]) -> tuple[list[Outcome], bool]:
        """Run a group in one transaction, and return also whether that is on disk.

        A failing commit fails them all.
        """
        outcomes: list[Outcome] = []
        try:
            # IMMEDIATE takes the lock now. A transaction that begins with a read and then writes
            # fails, with no way to wait, once another process has committed in between.
            self._writing.execute("BEGIN IMMEDIATE")
            for command in group:
                outcomes.append(self._run(command))
            for statement in UPDATE_INDEX:
                self._writing.execute(statement)
            self._writing.execute("COMMIT")
        except sqlite3.Error as error:
            return self._give_up(group, storage_error(error, self.path)), False
        except (
            Exception
        ) as error:  # a writer that dies would leave every caller waiting
            return self._give_up(group, error), False
        return outcomes, True

    def _give_up(self, group: list[Command[object]], error: Exception) -> list[Outcome]:
        """Undo a whole group, and return the error for each of its commands."""
        if self._writing.in_transaction:
            self._writing.execute("ROLLBACK")
        return [Outcome(error=error) for _ in group]

    def _run(self, command: Command[object]) -> Outcome:
        """Run one command under a savepoint, so that its failure undoes only its own work."""
        self._writing.execute("SAVEPOINT command")
        try:
            value = finish(command(self._writer_stores))
        except BaseException as error:  # raised again where its result is awaited
            if not self._writing.in_transaction:
                # SQLite rolled the whole transaction back (a full disk does that), and with it
                # the other commands of this group: none of them may be reported as done.
                raise sqlite3.OperationalError("the transaction was lost") from error
            self._writing.execute("ROLLBACK TO command")
            self._writing.execute("RELEASE command")
            return Outcome(error=error)
        self._writing.execute("RELEASE command")
        return Outcome(value)


def _stores_over(session: SqliteSession) -> Stores:
    return Stores(session, SqliteSearchStore(session))
