"""Opens and closes an SQLite database and the files beside it, for one storage.

Its statements are in `sqlite.py`, the threads that run them in `threads.py`.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from hipkit.addon.storage.file_locks import FileLocks
from hipkit.addon.storage.migrations import migrate
from hipkit.addon.storage.shared_version import SharedVersion
from hipkit.addon.storage.threads import ConnectionThread, ThreadStoppedError
from hipkit.api.errors import StorageError

__all__ = ["SqliteConnections"]

T = TypeVar("T")

BUSY_SECONDS = 30.0
"""How long a process waits while another one commits."""


class SqliteConnections:
    """A connection for reading, which must not wait for the disk, and one for writing.

    They are opened on first use, and again on the first use after they were closed.

    Args:
        path: The database.
        durable: Whether a commit waits for the disk.

    Attributes:
        files: Locks by key, in a file beside it.
        version: The version of the records, in another file.
    """

    def __init__(self, path: Path, *, durable: bool) -> None:
        # By its own name: SQLite resolves links, too, so the files beside it are the same for all.
        self._path = Path(os.path.realpath(path))
        self._durable = durable
        self._threads: tuple[ConnectionThread, ConnectionThread] | None = None
        """For reading and for writing."""
        self._is_open = False
        self._process = os.getpid()
        """In which the threads are."""
        self._changing = threading.Lock()
        """Held while the threads are replaced."""
        self._connecting = threading.Lock()
        self.files = FileLocks(self._path.with_name(f"{self._path.name}-locks"))
        self.version = SharedVersion(self._path.with_name(f"{self._path.name}-version"))

    async def read(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Return what a function reads."""
        while True:
            reader, _ = await self.open()
            try:
                return await reader.run(function)
            except ThreadStoppedError:
                continue  # It was closed meanwhile.

    async def write(
        self,
        function: Callable[[sqlite3.Connection], T],
        *,
        lasting: bool = True,
        records: bool = False,
    ) -> T:
        """Return what a function returns, after its changes were committed.

        See `ConnectionThread.run`.
        """
        while True:
            _, writer = await self.open()
            try:
                return await writer.run(function, lasting=lasting, records=records)
            except ThreadStoppedError:
                continue  # It was closed meanwhile.

    async def close(self) -> None:
        """Close the database and the files beside it."""
        if self._is_forked():
            return
        with self._changing:
            self._is_open = False
            threads, self._threads = self._threads, None
        for thread in threads or ():
            await thread.stop()
        with self._changing:
            if self._threads is None:  # Else it was opened again meanwhile.
                self.files.close()
                self.version.close()

    async def open(self) -> tuple[ConnectionThread, ConnectionThread]:
        """Open the database, and return the threads for reading and for writing.

        Raises:
            StorageError: It cannot be opened, or was so before this process was forked.
        """
        threads = self._threads
        if threads is not None and self._is_open and self._process == os.getpid():
            return threads
        if self._is_forked():
            # Its threads are not in this process, and SQLite takes its connections for open here.
            raise StorageError(
                "the add-on's database was opened before this process was forked: open it in each"
                " process"
            )
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
            changing=self.version.change,
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
        with self._connecting, self.files.hold("open"):
            connection = self._prepare()
        try:
            yield connection
        finally:
            with self._connecting, self.files.hold("open"):
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
