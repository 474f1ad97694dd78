"""Which database those tests run on that are for every database, and one for each folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from hipkit.server.storage.postgres.address import Address
from tests.postgres import PostgresServer

__all__ = ["CHOSEN", "FolderDatabases"]

CHOSEN = os.environ.get("HIPKIT_DATABASE", "sqlite")
"""`postgres` for PostgreSQL."""


class FolderDatabases:
    """PostgreSQL databases, each for a folder in which SQLite would have a file.

    They are used again: what a test left is undone when another folder gets its database.

    Args:
        server: Where they are.
        folder: An empty folder, for the files that the first start makes.
        start: Starts a server for the first time, and returns the time after it.

    Attributes:
        first: The folder and the time after the first start.
    """

    def __init__(
        self,
        server: PostgresServer,
        folder: Path,
        start: Callable[[Path, Address], float],
    ) -> None:
        self._server = server
        self._first = server.create()
        time = start(folder, Address(server.address(self._first)))
        self.first = folder, time
        server.snapshot(self._first)
        self._free: list[str] = []
        self._used: dict[Path, str] = {}

    def address(self, folder: Path) -> Address:
        """Return the address of a folder's database."""
        return Address(self._server.address(self.name(folder)))

    def name(self, folder: Path) -> str:
        """Return the name of a folder's database."""
        name = self._used.get(folder)
        if name is None:
            if self._free:
                name = self._free.pop()
                self._server.restore(name)
            else:
                name = self._server.create(self._first)
            self._used[folder] = name
        return name

    def has(self, folder: Path) -> bool:
        """Return whether a folder has a database."""
        return folder in self._used

    def release(self) -> None:
        """Take all databases back from their folders."""
        self._free += self._used.values()
        self._used.clear()
