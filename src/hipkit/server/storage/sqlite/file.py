"""Opens a SQLite file: checks that it is hipkit's, and migrates its tables.

The first bytes are read before SQLite opens the file: SQLite may write to a file that it opens,
and another program's database has to stay as it is.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from importlib.resources import files
from pathlib import Path
from typing import BinaryIO

from hipkit.api.errors import StorageError
from hipkit.server.storage.sqlite.search import UPDATE_INDEX, add_search_functions

__all__ = [
    "connect",
    "latest_version",
    "migrate",
    "open_or_create",
    "prepare_file",
    "run_scripts",
    "schema_version",
    "storage_error",
]

APPLICATION_ID = 0x48504B54
"""The sign of hipkit in a SQLite file's header: the letters HPKT."""

MAGIC = b"SQLite format 3\0"
APPLICATION_ID_PLACE = slice(68, 72)
HEADER_BYTES = 100

BUSY_TIMEOUT_SECONDS = 5.0
LARGEST_LOG_BYTES = 64 * 1024 * 1024

SEARCH_VERSION = 4
"""The migration that adds the search index."""

PASSING_ERRORS = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL)


def prepare_file(path: Path) -> None:
    """Check that a file is hipkit's, or create an empty one that only its owner can read.

    Raises:
        StorageError: It is another program's, or cannot be used.
    """
    with open_or_create(path) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise StorageError(f"{path}: not a file")
        header = file.read(HEADER_BYTES)
    application_id = int.from_bytes(header[APPLICATION_ID_PLACE], "big")
    is_ours = header.startswith(MAGIC) and application_id == APPLICATION_ID
    if header and not is_ours:
        raise StorageError(f"{path}: not a hipkit database; it was left as it is")


def open_or_create(path: Path) -> BinaryIO:
    """Open a file, or create one that only its owner can read.

    Raises:
        StorageError: It cannot be opened.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StorageError(f"{path}: cannot be opened: {error.strerror}") from error
    return os.fdopen(handle, "rb")


def connect(path: Path, *, durable: bool = True) -> sqlite3.Connection:
    """Connect to a prepared file; one connection may be used from any thread, one at a time.

    Raises:
        sqlite3.Error: It is damaged, or cannot be used.
    """
    connection = sqlite3.connect(
        path,
        timeout=BUSY_TIMEOUT_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    try:
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA temp_store = MEMORY")
    except BaseException:
        connection.close()
        raise
    return connection


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Run the migrations that a file lacks, each whole or not at all.

    Raises:
        StorageError: A newer hipkit made it, or it cannot be written.
    """
    latest = latest_version()
    try:
        run_scripts(connection, latest)
        version = schema_version(connection)
        if version > latest:
            raise StorageError(
                f"{path}: made by a newer hipkit (tables of version {version}, this one"
                f" knows {latest}); update hipkit"
            )
        # After the migrations: with a write-ahead log from the start, the sign of hipkit would be
        # in the log first. After a crash then, the file would look like another program's.
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        connection.execute(f"PRAGMA journal_size_limit = {LARGEST_LOG_BYTES}")
    except sqlite3.Error as error:
        raise storage_error(error, path) from error
    if mode != "wal":
        raise StorageError(
            f"{path}: this file system does not support a write-ahead log"
        )


def run_scripts(connection: sqlite3.Connection, latest: int) -> None:
    """Run the migrations that a database lacks, up to one of them.

    Raises:
        sqlite3.Error: It cannot be written.
    """
    add_search_functions(connection)
    for number, script in enumerate(_scripts()[:latest], start=1):
        _run_script(connection, number, script)


def storage_error(error: sqlite3.Error, path: Path) -> StorageError:
    """Return an error in one line, and whether trying again may help."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_READONLY:
        return StorageError(f"{path}: not writable")
    return StorageError(f"{path}: {error}", may_pass=code in PASSING_ERRORS)


def latest_version() -> int:
    """Return the number of the last migration that there is."""
    return len(_scripts())


def schema_version(connection: sqlite3.Connection) -> int:
    """Return the number of the last migration that a file has been through."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _scripts() -> list[str]:
    folder = files(__package__) / "migrations"
    steps = sorted(folder.iterdir(), key=lambda item: item.name)
    return [step.read_text() for step in steps if step.name.endswith(".sql")]


def _run_script(connection: sqlite3.Connection, number: int, script: str) -> None:
    if schema_version(connection) >= number:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Checked again, now that no one else can write: another process may have run it since.
        if schema_version(connection) < number:
            for statement in _statements(script):
                connection.execute(statement)
            if number >= SEARCH_VERSION:
                for statement in UPDATE_INDEX:
                    connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _statements(script: str) -> list[str]:
    # Not executescript(): it commits first, so a migration that fails would stay half done.
    statements = []
    current = ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    return statements
