"""Copies a SQLite database that is in use, and replaces the content of one.

Both use SQLite's own backup, in one step. A copy shows the database at one time and holds up no
writer. A replacement is one transaction, after which every other connection sees the new content.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from hipkit.api.errors import StorageError
from hipkit.server.storage.sqlite.file import (
    connect,
    latest_version,
    migrate,
    prepare_file,
    schema_version,
    storage_error,
)
from hipkit.server.storage.sqlite.schema import check_schema

__all__ = ["bring_up_to_date", "file_keys", "overwrite", "snapshot"]

WHOLE = -1
"""All pages in one step. With several steps, each write by another connection starts the copy
from the beginning, and on a busy server it never ends."""

BUSY_SLEEP_SECONDS = 0.01

ACTOR_VERSION_BITS = 62
"""Far too many numbers to meet one twice, and still room to count on: integers have 63 bits."""

ACCESS_CHANGES_GAP = 1000
"""Numbers left out, after which servers check all streams: more than change during a restore."""


def snapshot(database: Path, target: Path) -> int:
    """Copy a database as it is now, and return the version of its tables.

    Raises:
        StorageError: It cannot be read, or the copy cannot be written.
    """
    with (
        _opened(database) as source,
        _errors(target),
        contextlib.closing(sqlite3.connect(target, isolation_level=None)) as copy,
    ):
        source.backup(copy, pages=WHOLE)
        # Without a write-ahead log, so that the copy is this one file.
        copy.execute("PRAGMA journal_mode = DELETE")
        return schema_version(copy)


def bring_up_to_date(path: Path, version: int) -> None:
    """Check a copy of unknown origin, and run the migrations that it lacks.

    The schema is checked first: the other checks and the migrations run its triggers and views.

    Raises:
        StorageError: It is damaged, not a hipkit database, or its schema is not that of `version`.
    """
    prepare_file(path)
    with _opened(path) as connection:
        found = schema_version(connection)
        if found != version:
            raise StorageError(f"its tables are of version {found}, not {version}")
        check_schema(connection, version)
        # Not quick_check: an index that does not match its table hides rows, or returns others.
        damage = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if damage != "ok":
            raise StorageError(f"{path}: damaged")
        migrate(connection, path)
        connection.execute("PRAGMA journal_mode = DELETE")


def overwrite(database: Path, content: Path) -> None:
    """Replace the content of a database in one transaction, while others have it open.

    The file with the new content is changed too, for servers to notice.

    Raises:
        StorageError: Programs of another version may have it open, or it cannot be written.
    """
    with _opened(database) as target, _opened(content) as source:
        if schema_version(target) != latest_version():
            raise StorageError(
                f"{database}: its tables are not of this hipkit's version; start hipkit serve"
                " of this version once, or restore to another file"
            )
        _mark_as_changed(source, after=target)
        source.backup(target, pages=WHOLE, sleep=BUSY_SLEEP_SECONDS)


def _mark_as_changed(source: sqlite3.Connection, *, after: sqlite3.Connection) -> None:
    """Let servers that run notice that everything may have changed.

    They keep actors by one number, and end streams by the numbers of access changes. Both count
    from the backup's again, and would pass through numbers that servers have seen before.
    """
    number = secrets.randbits(ACTOR_VERSION_BITS)
    source.execute("UPDATE actor_version SET number = ?", (number,))
    newest = max(
        connection.execute(
            "SELECT COALESCE(MAX(id), 0) FROM access_changes"
        ).fetchone()[0]
        for connection in (source, after)
    )
    source.execute(
        "INSERT INTO access_changes (id) VALUES (?)", (newest + ACCESS_CHANGES_GAP,)
    )


def file_keys(database: Path) -> list[str]:
    """Return the keys of all files that a database names."""
    with _opened(database) as connection:
        return [row[0] for row in connection.execute("SELECT key FROM files")]


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with _errors(path), contextlib.closing(connect(path)) as connection:
        yield connection


@contextlib.contextmanager
def _errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise storage_error(error, path) from error
