"""The version number of a database's records, shared by all processes that have it open.

It is in a file that is mapped into memory, so that asking for it takes no query. Who has cached
what a query returned asks whether it is still so.
"""

from __future__ import annotations

import mmap
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hipkit.addon.storage.private_files import open_private
from hipkit.api.errors import StorageError

__all__ = ["SharedVersion"]

NUMBER = struct.Struct("q")
BEGUN, ENDED = 0, NUMBER.size
"""Where the number of the last change is that was begun, and of the last one that has ended."""


class SharedVersion:
    """A version number in a file.

    A change begins before its commit and ends afterwards. In between there is no version, and if
    the process is killed there, not until the next change: what is read then is not cached.

    Args:
        path: The file. It is created when it is needed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._map: mmap.mmap | None = None
        self._opening = threading.Lock()

    def get(self) -> int | None:
        """Return the version; `None` while it is being changed.

        Raises:
            StorageError: The file cannot be opened.
        """
        shared = self._map or self._open()
        (begun,) = NUMBER.unpack_from(shared, BEGUN)
        return begun if NUMBER.unpack_from(shared, ENDED) == (begun,) else None

    @contextmanager
    def change(self) -> Iterator[None]:
        """Change the version around a commit, while no other process can begin one.

        Raises:
            StorageError: The file cannot be opened.
        """
        shared = self._map or self._open()
        (begun,) = NUMBER.unpack_from(shared, BEGUN)
        number = begun + 1
        NUMBER.pack_into(shared, BEGUN, number)
        try:
            yield
        finally:
            # After the commit others may have begun a change, and even ended it.
            (ended,) = NUMBER.unpack_from(shared, ENDED)
            NUMBER.pack_into(shared, ENDED, max(ended, number))

    def close(self) -> None:
        """Close the file."""
        with self._opening:
            self._map = None  # Another thread may still be reading it.

    def _open(self) -> mmap.mmap:
        with self._opening:
            if self._map is None:
                try:
                    self._map = _mapped(self._path)
                except OSError as error:
                    raise StorageError(
                        f"the add-on's database has a file that cannot be opened: {error.strerror}"
                    ) from None
            return self._map


def _mapped(path: Path) -> mmap.mmap:
    file = open_private(path, flags=os.O_APPEND)
    try:
        size = 2 * NUMBER.size
        if os.fstat(file).st_size < size:
            # Written, as a full disk ends a process that writes to a page which has no place there;
            # and appended, as another process may have done so just now.
            os.write(file, bytes(size))
        return mmap.mmap(file, size)
    finally:
        os.close(file)
