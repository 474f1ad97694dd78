"""`hipkit serve`, but it kills itself inside a group commit.

`python -m tests.faults.dying_server MARKS COMMITS PLACE serve ...`: at the commit of that number,
`PLACE` says whether it dies within one of the transaction's statements or while SQLite commits.
To the file descriptor `MARKS` it writes how far it has come: `B` when a transaction has begun, `C`
when its commit begins, `E` when that has ended. So the last letter tells where it died.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import sys
import threading
import time
from pathlib import Path
from typing import Any

from hipkit.cli import main
from hipkit.server.observer import Observer
from hipkit.server.storage.sqlite.database import SqliteDatabase

MOST_STEPS = 400
"""Within so many steps of SQLite's machine a statement's turn comes."""


class DyingConnection:
    """The writer's connection, up to the moment when it is time to die."""

    def __init__(
        self, connection: sqlite3.Connection, marks: int, commits: int, place: str
    ) -> None:
        self._connection = connection
        self._marks = marks
        self._commits_left = commits
        self._place = place
        self._commit_seconds = 0.001

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Run a statement of the writer itself: those of commands do not come along here."""
        if sql == "COMMIT":
            return self._commit()
        cursor = self._connection.execute(sql, *values)
        if sql == "BEGIN IMMEDIATE":
            self._begun()
        return cursor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def _begun(self) -> None:
        os.write(self._marks, b"B")
        self._commits_left -= 1
        if self._commits_left <= 0 and self._place == "statement":
            self._connection.set_progress_handler(die, random.randint(1, MOST_STEPS))

    def _commit(self) -> sqlite3.Cursor:
        self._connection.set_progress_handler(None, 0)
        os.write(self._marks, b"C")
        if self._commits_left <= 0:
            after = random.uniform(0, self._commit_seconds)
            threading.Thread(target=die_later, args=(after,)).start()
        began = time.perf_counter()
        cursor = self._connection.execute("COMMIT")
        self._commit_seconds = time.perf_counter() - began
        os.write(self._marks, b"E")
        return cursor


def die() -> None:
    """End without a word, as a kill from outside or a power cut ends a process."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_later(seconds: float) -> None:
    """Wait outside of the interpreter's lock, and die."""
    time.sleep(seconds)
    die()


def run() -> None:
    """Run the server."""
    marks, commits, place = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    open_database = SqliteDatabase.open

    def open_dying(
        path: Path, *, durable: bool = True, observer: Observer | None = None
    ) -> SqliteDatabase:
        database = open_database(path, durable=durable, observer=observer)
        connection = DyingConnection(database._writing, marks, commits, place)
        database._writing = connection  # type: ignore[assignment]  # it behaves like one
        return database

    SqliteDatabase.open = open_dying  # type: ignore[method-assign]
    sys.argv[1:4] = []
    main()


if __name__ == "__main__":
    run()
