"""Storage in an SQLite file, for any number of processes on one machine.

The tables are in `migrations.py`, the queue of events in `sqlite_queue.py`, what opens and closes
the file in `sqlite_connections.py`.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

from hipkit.addon.storage import sqlite_queue
from hipkit.addon.storage.locks import KeyLocks
from hipkit.addon.storage.protocol import MEMORY_SECONDS, NewEvent, QueuedEvent
from hipkit.addon.storage.sqlite_connections import SqliteConnections

__all__ = ["SqliteStorage"]

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
        self._connections = SqliteConnections(Path(path), durable=durable)
        files = self._connections.files
        self._locks = KeyLocks(files.acquire, files.release)

    async def open(self) -> None:
        """Open the file.

        Raises:
            StorageError: It cannot be opened, or belongs to a newer version of hipkit; or it was
                opened in a process that was forked since.
        """
        await self._connections.open()

    async def aclose(self) -> None:
        """Close the file. The next use opens it again."""
        await self._connections.close()

    def version(self) -> int | None:
        """Return the version of the records."""
        return self._connections.version.get()

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

        await self._connections.write(delete, records=True)

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

        await self._connections.write(rewrite, records=True)

    async def add_event(self, event: NewEvent) -> bool:
        """Add an event to the queue."""
        return await self._connections.write(
            partial(sqlite_queue.add_event, event=event)
        )

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
        return await self._connections.write(claim, lasting=False)

    async def extend_events(self, *, owner: str, until: float) -> None:
        """Extend all claims of a worker."""
        await self._connections.write(
            partial(sqlite_queue.extend_events, owner=owner, until=until)
        )

    async def finish_events(self, ids: Collection[int], *, owner: str) -> None:
        """Remove events from the queue."""
        finish = partial(sqlite_queue.finish_events, ids=ids, owner=owner)
        await self._connections.write(finish, lasting=False)

    async def release_events(self, *, owner: str) -> None:
        """End all claims of a worker."""
        release = partial(sqlite_queue.release_events, owner=owner)
        await self._connections.write(release, lasting=False)

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

        await self._connections.write(sweep, records=True)

    async def _read(self, sql: str, values: Row) -> list[Row]:
        """Return the rows of a query."""
        return await self._connections.read(
            lambda connection: _all(connection, sql, values)
        )

    async def _write(self, sql: str, values: Row) -> list[Row]:
        """Return the rows of a statement that changes records."""
        return await self._connections.write(
            lambda connection: _all(connection, sql, values), records=True
        )


def _all(connection: sqlite3.Connection, sql: str, values: Row = ()) -> list[Row]:
    return connection.execute(sql, values).fetchall()
