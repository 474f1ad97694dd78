"""Locks by key in a file, among processes. They end with their process, however it ends."""

from __future__ import annotations

import fcntl
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from hipkit.addon.storage.private_files import open_private
from hipkit.api.errors import StorageError

__all__ = ["FileLocks"]

# A lock of the open file, where the system has one: another object in this process has another.
SET_LOCK = getattr(fcntl, "F_OFD_SETLK", fcntl.F_SETLK)
WAIT_FOR_LOCK = getattr(fcntl, "F_OFD_SETLKW", fcntl.F_SETLKW)
LAYOUT = "hhqqi0q"
"""`struct flock`: kind, whence, start, length, process."""


class FileLocks:
    """Locks of single bytes in a file, which holds nothing. A key's byte is its hash.

    Args:
        path: The file. It is created when it is needed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._opening = threading.Lock()

    def acquire(self, key: str) -> bool:
        """Lock a key, unless somebody else has; return whether it was locked."""
        try:
            self._set(SET_LOCK, fcntl.F_WRLCK, key)
        except BlockingIOError:
            return False
        return True

    def release(self, key: str) -> None:
        """Unlock a key."""
        if self._file is not None:
            self._set(SET_LOCK, fcntl.F_UNLCK, key)

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        """Hold the lock of a key, after waiting for it: not in an event loop's thread."""
        self._set(WAIT_FOR_LOCK, fcntl.F_WRLCK, key)
        try:
            yield
        finally:
            self.release(key)

    def close(self) -> None:
        """Close the file, and unlock all keys."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _set(self, command: int, kind: int, key: str) -> None:
        with self._opening:
            if self._file is None:
                try:
                    self._file = open_private(self._path)
                except OSError as error:
                    raise StorageError(
                        f"the file of the add-on's locks cannot be opened: {error.strerror}"
                    ) from None
            file = self._file
        digest = blake2b(key.encode(), digest_size=8).digest()
        place = int.from_bytes(digest) >> 2  # Within what a file's offset can be.
        lock = struct.pack(LAYOUT, kind, os.SEEK_SET, place, 1, 0)
        fcntl.fcntl(file, command, lock)
