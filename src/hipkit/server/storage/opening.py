"""Opens the database that settings name: a SQLite file, or a PostgreSQL database."""

from __future__ import annotations

from pathlib import Path

from hipkit.server.observer import Observer
from hipkit.server.storage.postgres.address import Address
from hipkit.server.storage.protocol import Database
from hipkit.server.storage.sqlite.database import SqliteDatabase

__all__ = ["open_database"]


def open_database(
    path: Path,
    postgres: Address | None = None,
    *,
    durable: bool = True,
    observer: Observer | None = None,
) -> Database:
    """Open a database whose tables are made or brought up to date if need be.

    Args:
        path: The SQLite file, created where there is none.
        postgres: The address of a PostgreSQL database in place of the file.
        durable: Whether a commit waits for the disk.
        observer: Is told of every commit.

    Raises:
        StorageError: It is no hipkit database, a newer one, or cannot be used.
    """
    if postgres is None:
        return SqliteDatabase.open(path, durable=durable, observer=observer)
    # Loaded late: most servers run on SQLite, and without PostgreSQL's library.
    from hipkit.server.storage.postgres.database import PostgresDatabase

    return PostgresDatabase.open(postgres, durable=durable, observer=observer)
