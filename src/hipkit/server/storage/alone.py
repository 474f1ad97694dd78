"""Keeps a database for one server."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Generator
from pathlib import Path

from hipkit.errors import StorageError
from hipkit.server.storage.sqlite_file import prepare_file

__all__ = ["alone_on"]


@contextlib.contextmanager
def alone_on(database: Path) -> Generator[None]:
    """Keep other servers from a database while the block runs.

    A second one would send webhooks again, count limits for itself, and sweep away uploads
    that the first still receives. Commands that look after the database are not kept from it.
    The system ends the lock with the process, so none is left behind; the file is, because
    removing it could take away the lock of a server that has just begun.

    Raises:
        StorageError: Another server has it, or the file cannot be used.
    """
    prepare_file(database)
    path = f"{database.resolve()}.lock"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageError(f"{path}: cannot be opened: {error.strerror}") from error
    with os.fdopen(handle, "rb"):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StorageError(f"{database}: another server runs on it") from None
        except OSError as error:
            raise StorageError(f"{path}: cannot be locked: {error.strerror}") from error
        yield
