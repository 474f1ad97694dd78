"""Storage in an SQLite file, for any number of processes on one machine.

The tables are in `migrations.py`, the queue of events in `sqlite_queue.py`, the threads that use
them in `threads.py`.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from hipkit.addon.storage import sqlite_queue
from hipkit.addon.storage.file_locks import FileLocks
from hipkit.addon.storage.locks import KeyLocks
from hipkit.addon.storage.migrations import migrate
from hipkit.addon.storage.protocol import MEMORY_SECONDS, NewEvent, QueuedEvent
from hipkit.addon.storage.shared_version import SharedVersion
from hipkit.addon.storage.threads import ConnectionThread, ThreadStoppedError
from hipkit.api.errors import StorageError

__all__ = ["SqliteStorage"]

T = TypeVar("T")

BUSY_SECONDS = 30.0
"""How long a process waits while another one commits."""

Row = tuple[Any, ...]


class SqliteStorage:
    """A storage in an SQLite file. See `Storage`.

    The file is created if there is none, readable for its owner only. Beside it are those of
    SQLite, and two whose names end in `-locks` and `-version`. It is opened on first use.

    What the power's failure may undo is that an event was handled, so that it is handled again.

    Args:
        path: The file. Its folder must exist.
        durable: Whether a commit waits for the disk, so that nothing else is lost then.
    """

    def __init__(self, path: str | os.PathLike[str], *, durable: bool = True) -> None:
        # By its own name: SQLite resolves links, too, so the files beside it are the same for all.
        self._path = Path(os.path.realpath(path))
        self._durable = durable
        self._threads: tuple[ConnectionThread, ConnectionThread] | None = None
        """For reading, which must not wait for the disk, and for writing."""
        self._is_open = False
        self._process = os.getpid()
        """In which the threads are."""
        self._changing = threading.Lock()
        """Held while the threads are replaced."""
        self._connecting = threading.Lock()
        self._files = FileLocks(self._path.with_name(f"{self._path.name}-locks"))
        self._locks = KeyLocks(self._files.acquire, self._files.release)
        self._version = SharedVersion(
            self._path.with_name(f"{self._path.name}-version")
        )

    async def open(self) -> None:
        """Open the file.

        Raises:
            StorageError: It cannot be opened, or belongs to a newer version of hipkit; or it was
                opened in a process that was forked since.
        """
        await self._opened()

    async def aclose(self) -> None:
        """Close the file. The next use opens it again."""
        if self._is_forked():
            return
        with self._changing:
            self._is_open = False
            threads, self._threads = self._threads, None
        for thread in threads or ():
            await thread.stop()
        with self._changing:
            if self._threads is None:  # Else it was opened again meanwhile.
                self._files.close()
                self._version.close()

    def version(self) -> int | None:
        """Return the version of the records."""
        return self._version.get()

    async def get(self, kind: str, key: str, *, now: float = 0.0) -> bytes | None:
        """Return a record."""
        rows = await self._read(
            "SELECT value FROM records WHERE kind = ? AND key = ?"
            " AND (expires_at IS NULL OR expires_at > ?)",
            (kind, key, now),
        )
        return rows[0][0] if rows else None

    async def find_all(self, kind: str, *, now: float = 0.0) -> list[tuple[str, bytes]]:
        """Return the keys and values of a kind."""
        sql = (
            "SELECT key, value FROM records WHERE kind = ?"
            " AND (expires_at IS NULL OR expires_at > ?) ORDER BY key"
        )
        return await self._read(sql, (kind, now))

    async def put(
        self,
        kind: str,
        key: str,
        value: bytes,
        *,
        owner: str = "",
        expires_at: float | None = None,
    ) -> None:
        """Store a record."""
        await self._write(
            "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?)",
            (kind, key, value, owner, expires_at),
        )

    async def add(
        self,
        kind: str,
        key: str,
        value: bytes,
        *,
        now: float,
        owner: str = "",
        expires_at: float | None = None,
    ) -> bool:
        """Store a record if there is none."""
        added = await self._write(
            "INSERT INTO records VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET value = excluded.value, owner = excluded.owner,"
            " expires_at = excluded.expires_at WHERE records.expires_at <= ? RETURNING 1",
            (kind, key, value, owner, expires_at, now),
        )
        return bool(added)

    async def take(self, kind: str, key: str, *, now: float) -> bytes | None:
        """Return a record and delete it."""
        rows = await self._write(
            "DELETE FROM records WHERE kind = ? AND key = ?"
            " AND (expires_at IS NULL OR expires_at > ?) RETURNING value",
            (kind, key, now),
        )
        return rows[0][0] if rows else None

    async def delete(self, kind: str, key: str) -> bool:
        """Delete a record."""
        sql = "DELETE FROM records WHERE kind = ? AND key = ? RETURNING 1"
        return bool(await self._write(sql, (kind, key)))

    async def delete_owner(self, owner: str) -> None:
        """Delete all records and events of an installation."""

        def delete(connection: sqlite3.Connection) -> None:
            for sql in (
                "DELETE FROM records WHERE owner = ?",
                "DELETE FROM ordering_keys WHERE oauth_id = ?",
                "DELETE FROM events WHERE oauth_id = ?",
                "DELETE FROM deliveries WHERE oauth_id = ?",
            ):
                connection.execute(sql, (owner,))

        await self._run(delete, records=True)

    async def rewrite(self, change: Callable[[bytes], bytes]) -> None:
        """Replace the value of every record and the body of every event."""

        def rewrite(connection: sqlite3.Connection) -> None:
            for kind, key, value in _all(
                connection, "SELECT kind, key, value FROM records"
            ):
                connection.execute(
                    "UPDATE records SET value = ? WHERE kind = ? AND key = ?",
                    (change(value), kind, key),
                )
            for id, body in _all(connection, "SELECT id, body FROM events"):
                connection.execute(
                    "UPDATE events SET body = ? WHERE id = ?", (change(body), id)
                )

        await self._run(rewrite, records=True)

    async def add_event(self, event: NewEvent) -> bool:
        """Add an event to the queue."""
        return await self._run(partial(sqlite_queue.add_event, event=event))

    async def claim_events(
        self,
        *,
        owner: str,
        now: float,
        lease_seconds: float,
        most: int,
        but: Collection[str] = (),
    ) -> list[QueuedEvent]:
        """Claim the oldest events that can be handled now."""
        claim = partial(
            sqlite_queue.claim_events,
            owner=owner,
            now=now,
            lease_seconds=lease_seconds,
            most=most,
            but=but,
        )
        return await self._run(claim, lasting=False)

    async def extend_events(self, *, owner: str, until: float) -> None:
        """Extend all claims of a worker."""
        await self._run(partial(sqlite_queue.extend_events, owner=owner, until=until))

    async def finish_events(self, ids: Collection[int], *, owner: str) -> None:
        """Remove events from the queue."""
        finish = partial(sqlite_queue.finish_events, ids=ids, owner=owner)
        await self._run(finish, lasting=False)

    async def release_events(self, *, owner: str) -> None:
        """End all claims of a worker."""
        release = partial(sqlite_queue.release_events, owner=owner)
        await self._run(release, lasting=False)

    def lock(self, key: str) -> AbstractAsyncContextManager[None]:
        """Return a lock."""
        return self._locks.lock(key)

    async def sweep(self, *, now: float) -> None:
        """Remove what has expired."""

        def sweep(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM records WHERE expires_at <= ?", (now,))
            connection.execute(
                "DELETE FROM deliveries WHERE known_at <= ?", (now - MEMORY_SECONDS,)
            )

        await self._run(sweep, records=True)

    async def _read(self, sql: str, values: Row) -> list[Row]:
        """Return the rows of a query."""
        while True:
            reader, _ = await self._opened()
            with suppress(ThreadStoppedError):  # It was closed meanwhile.
                return await reader.run(
                    lambda connection: _all(connection, sql, values)
                )

    async def _write(self, sql: str, values: Row) -> list[Row]:
        """Return the rows of a statement that changes records."""
        return await self._run(
            lambda connection: _all(connection, sql, values), records=True
        )

    async def _run(
        self,
        function: Callable[[sqlite3.Connection], T],
        *,
        lasting: bool = True,
        records: bool = False,
    ) -> T:
        while True:
            _, writer = await self._opened()
            with suppress(ThreadStoppedError):  # It was closed meanwhile.
                return await writer.run(function, lasting=lasting, records=records)

    async def _opened(self) -> tuple[ConnectionThread, ConnectionThread]:
        if self._is_forked():
            # Its threads are not in this process, and SQLite takes its connections for open here.
            raise StorageError(
                "the add-on's database was opened before this process was forked: open it in each"
                " process"
            )
        threads = self._threads
        if threads is not None and self._is_open:
            return threads
        with self._changing:
            if self._threads is None:
                self._threads = self._started()
            threads = self._threads
        try:
            for thread in threads:
                await thread.opened()
        except StorageError:
            if self._forget(threads):  # The next use tries again.
                for thread in threads:
                    await thread.stop()
            raise
        with self._changing:
            self._is_open = self._threads is threads
        return threads

    def _started(self) -> tuple[ConnectionThread, ConnectionThread]:
        self._process = os.getpid()
        reader = ConnectionThread(self._connected, "BEGIN", durable=False)
        writer = ConnectionThread(
            self._connected,
            "BEGIN IMMEDIATE",
            durable=self._durable,
            changing=self._version.change,
        )
        return reader, writer

    def _forget(self, threads: tuple[ConnectionThread, ConnectionThread]) -> bool:
        """Forget threads that cannot open the file, and return whether nobody had done so."""
        with self._changing:
            is_known = self._threads is threads
            if is_known:
                self._threads = None
        return is_known

    def _is_forked(self) -> bool:
        return self._threads is not None and self._process != os.getpid()

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """Open a connection, and close it in the end.

        One at a time, in all threads and processes: SQLite does not wait to switch to WAL, or
        from it when the last connection is closed.
        """
        with self._connecting, self._files.hold("open"):
            connection = self._prepare()
        try:
            yield connection
        finally:
            with self._connecting, self._files.hold("open"):
                connection.close()

    def _prepare(self) -> sqlite3.Connection:
        _create(self._path)
        connection = sqlite3.connect(
            self._path,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            level = "NORMAL" if self._durable else "OFF"
            connection.execute(f"PRAGMA synchronous = {level}")
            connection.execute("PRAGMA secure_delete = ON")
            migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection


def _create(path: Path) -> None:
    """Create the file for its owner only, or take the access of others to it away."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        # It is not opened here: closing it would end SQLite's own locks in this process.
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)


def _all(connection: sqlite3.Connection, sql: str, values: Row = ()) -> list[Row]:
    return connection.execute(sql, values).fetchall()
