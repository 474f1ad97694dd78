"""Locks a database for one server."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import struct
from collections.abc import Callable, Generator
from pathlib import Path
from typing import BinaryIO

import msgspec

from hipkit.api.errors import StorageError
from hipkit.server.storage.sqlite.file import open_or_create, prepare_file

__all__ = [
    "InUseError",
    "RunningServer",
    "announce",
    "announced",
    "hold_lock",
    "is_held",
]

LOCKED_BYTE = 1 << 62
"""Far behind every byte that SQLite locks, or that a database can have."""
BYTE = "hhqqi4x"
"""The system's `struct flock`."""


class InUseError(StorageError):
    """Another server runs on the database."""


class RunningServer(msgspec.Struct, frozen=True):
    """What a server tells commands that work beside it on its database."""

    root: str | None = None
    """Scheme and host under which others reach it; `None` where nothing is known of it."""
    webhook_networks: list[str] = []
    strict: bool = False
    host: str | None = None
    """The name of its machine."""
    pid: int | None = None
    version: str | None = None
    since_us: int | None = None
    """When it started, in microseconds since 1970."""


def announce(database: Path, server: RunningServer) -> None:
    """Store, for the holder of the lock, what commands beside it need to know.

    Raises:
        StorageError: It cannot be written.
    """
    path = _lock_path(database)
    try:
        path.write_bytes(msgspec.json.encode(server))
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror}") from error


def announced(database: Path) -> RunningServer | None:
    """Return what the server that holds the lock has announced; `None` if it did not."""
    try:
        return msgspec.json.decode(
            _lock_path(database).read_bytes(), type=RunningServer
        )
    except (OSError, msgspec.DecodeError):
        return None


def _lock_path(database: Path) -> Path:
    return Path(f"{database.resolve()}.lock")


def is_held(database: Path) -> bool:
    """Return whether a server holds the lock, without keeping one from taking it.

    The database must not be open in this process: this ends the locks that SQLite has on it.
    """
    # To open a pipe would wait for its other end.
    if not database.is_file():
        return False
    with contextlib.suppress(OSError), database.open("rb") as file:
        answer = fcntl.fcntl(file, fcntl.F_OFD_GETLK, _byte(fcntl.F_RDLCK))
        return bool(struct.unpack(BYTE, answer)[0] != fcntl.F_UNLCK)
    # A kernel without such locks can only be asked by taking it, which may fail a server that
    # starts at this very moment.
    try:
        with hold_lock(database):
            return False
    except InUseError:
        return True


@contextlib.contextmanager
def hold_lock(database: Path) -> Generator[None]:
    """Keep other servers from a database while the block runs.

    A second server would send webhooks again, count limits for itself, and remove files that the
    first still receives. Commands such as `hipkit admin` do not take the lock.

    There are two locks. The one on the file itself holds whatever the file is called: by a hard
    link, a symbolic link or another mount, or renamed meanwhile. The one on `*.lock` beside it
    holds for the name. Without it, a second server could create a new file of this name while
    the write-ahead log of the old one is still there, and SQLite would apply that log to it.

    The system ends both with the process. The file `*.lock` stays: were it removed, a server that
    has just opened it would hold a lock on a file without a name, and the next one could start.

    Raises:
        InUseError: Another server holds the lock.
        StorageError: The file cannot be used.
    """
    prepare_file(database)
    lock = _lock_path(database)
    # The block's connections have to be closed before this handle is: closing any handle of a
    # file ends the locks that SQLite has on it in the same process.
    with (
        _locked(database, _lock_byte) as file,
        _locked(lock, _lock_file, shown=database) as own,
    ):
        # What the last one announced. A folder that is read-only now is no reason to fail.
        with contextlib.suppress(OSError):
            os.ftruncate(own.fileno(), 0)
        if not os.path.samestat(os.fstat(file.fileno()), database.stat()):
            raise StorageError(f"{database}: was replaced during the start; try again")
        yield


@contextlib.contextmanager
def _locked(
    path: Path, lock: Callable[[int], None], *, shown: Path | None = None
) -> Generator[BinaryIO]:
    with open_or_create(path) as file:
        try:
            lock(file.fileno())
        except BlockingIOError:
            raise InUseError(
                f"{shown or path}: another server runs on it: stop that one, or name another"
                " database with --db"
            ) from None
        except OSError as error:
            raise StorageError(f"{path}: cannot be locked: {error.strerror}") from error
        yield file


def _lock_byte(handle: int) -> None:
    """Lock a byte for this open file.

    SQLite's own locks belong to the process: closing any handle of the file would end them, and
    a lock of that kind as well.
    """
    try:
        fcntl.fcntl(handle, fcntl.F_OFD_SETLK, _byte(fcntl.F_WRLCK))
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        # A kernel without such locks, as some sandboxes have.
        _lock_file(handle)


def _byte(kind: int) -> bytes:
    """Return what describes a lock of the byte, as the system takes it."""
    return struct.pack(BYTE, kind, os.SEEK_SET, LOCKED_BYTE, 1, 0)


def _lock_file(handle: int) -> None:
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
