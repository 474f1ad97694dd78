"""Puts the parts of a server together: database, files, and the application above them."""

from __future__ import annotations

import os
from pathlib import Path

from hipkit.errors import StorageError
from hipkit.server.http.api import Api
from hipkit.server.services.keys import new_token
from hipkit.server.services.setup import FirstGroup, is_empty, make_first_group
from hipkit.server.services.signals import Signals
from hipkit.server.services.sweeping import sweep
from hipkit.server.settings import Settings
from hipkit.server.storage.database import Database
from hipkit.server.storage.folder import FileFolder
from hipkit.server.storage.sqlite import SqliteDatabase

__all__ = ["Server", "open_server"]

BROKEN_UPLOAD_SECONDS = 60 * 60
"""An upload that has not grown for so long will never be whole."""


class Server:
    """An open server. `api` is its ASGI application; closing it closes the database.

    Attributes:
        new_token_file: Where the first start wrote a token; `None` on every later start.
    """

    def __init__(
        self, database: Database, settings: Settings, new_token_file: Path | None
    ) -> None:
        self.database = database
        self.settings = settings
        self.files = FileFolder(settings.file_folder)
        self.signals = Signals()
        self.api = Api(database, self.files, settings, self.signals)
        self.new_token_file = new_token_file

    def now_us(self) -> int:
        """Return the time, in microseconds since 1970."""
        return int(self.settings.clock() * 1_000_000)

    def sweep_uploads(self) -> None:
        """Remove what uploads left behind that will never be whole."""
        self.files.sweep(self.settings.clock() - BROKEN_UPLOAD_SECONDS)

    async def sweep(self) -> None:
        """Remove what nothing can reach any more; that may take a while."""
        self.sweep_uploads()
        await sweep(self.database, self.files, self.now_us())

    def close(self) -> None:
        """Finish what is being written, and close the database. Twice does nothing."""
        self.database.close()


async def open_server(settings: Settings) -> Server:
    """Open a server's database, made and filled for a first start if need be.

    Raises:
        StorageError: The database, or the file for the first token, cannot be used.
    """
    database = SqliteDatabase.open(settings.database, durable=settings.durable)
    try:
        is_first = await is_empty(database)
        if is_first:
            await _fill(database, settings)
        server = Server(database, settings, settings.token_file if is_first else None)
        server.sweep_uploads()
    except BaseException:
        database.close()
        raise
    return server


async def _fill(database: Database, settings: Settings) -> None:
    """Make the first group and administrator, and leave their token in a file.

    The file comes first: a token that was stored and not written down would be lost.
    """
    token = new_token()
    _write_token(settings.token_file, token)
    first = FirstGroup(
        group_name=settings.group_name,
        admin_name=settings.admin_name,
        admin_email=settings.admin_email,
    )
    try:
        await make_first_group(
            database, first, token, int(settings.clock() * 1_000_000)
        )
    except BaseException:
        settings.token_file.unlink(missing_ok=True)
        raise


def _write_token(path: Path, token: str) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise StorageError(
            f"{path}: is there already, and the database is empty; move the file away"
        ) from error
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror}") from error
    with os.fdopen(handle, "w") as file:
        file.write(token + "\n")
        file.flush()
        os.fsync(handle)
