"""The blob store: the bytes of shared files and pictures, in a folder beside the database.

A file's name is its key, an unguessable text that is chosen here. Nothing that a client sent
becomes part of a path.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from hipkit.api.errors import StorageError

__all__ = ["KEY", "BlobStore", "Upload", "sync_folder", "sync_private"]

KEY = re.compile(r"[A-Za-z0-9_-]{43}")
"""The pattern of keys, the names of all files."""
KEY_BYTES = 32
PREFIX = 2
"""How many letters of its key name the subfolder of a file."""
LOCK = ".lock"
ORPHANS = "orphans"


class Upload:
    """Bytes that are being received. `keep` turns them into a file; else `close` removes them."""

    def __init__(self, folder: Path, key: str) -> None:
        self.key = key
        self.size_bytes = 0
        self.path = folder / f"{key}.part"
        self._target = folder / key[:PREFIX] / key
        with _storage_errors():
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file: BinaryIO | None = os.fdopen(handle, "wb")

    def write(self, data: bytes) -> None:
        """Append bytes.

        Raises:
            StorageError: The disk rejects them.
        """
        if self._file is None:
            raise ValueError("the upload is closed")
        with _storage_errors():
            self._file.write(data)
        self.size_bytes += len(data)

    def keep(self) -> str:
        """Store the bytes durably, and return their key.

        They are flushed before the file gets its name, and the folder after: a crash leaves a
        part, which the next start removes, or the whole file, and never a file cut short.

        Raises:
            StorageError: The disk rejects them.
        """
        if self._file is None:
            raise ValueError("the upload is closed")
        with _storage_errors():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._target.parent.mkdir(mode=0o700, exist_ok=True)
            self.path.rename(self._target)
            sync_folder(self._target.parent)
        self._file = None
        return self.key

    def close(self) -> None:
        """Remove the bytes unless they were kept. Closing twice does nothing."""
        if self._file is not None:
            # After an error, closing repeats the failed write.
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None
            with _storage_errors():
                self.path.unlink(missing_ok=True)

    def flush(self) -> None:
        """Flush the bytes written so far, so that other readers of `path` see them."""
        if self._file is not None:
            self._file.flush()


class BlobStore:
    """Stores files by key; the first one creates the folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.orphanage = path / ORPHANS

    def upload(self) -> Upload:
        """Begin an upload."""
        with _storage_errors():
            self.path.mkdir(mode=0o700, exist_ok=True)
        return Upload(self.path, secrets.token_urlsafe(KEY_BYTES))

    def save(self, data: bytes) -> str:
        """Store bytes durably, and return their key."""
        with contextlib.closing(self.upload()) as upload:
            upload.write(data)
            return upload.keep()

    def find(self, key: str) -> Path | None:
        """Return the path of a file, or `None` if there is none or the key is invalid."""
        if KEY.fullmatch(key) is None:
            return None
        path = self.place(key)
        return path if path.is_file() else None

    def place(self, key: str) -> Path:
        """Return the path that a file has if it exists; the key has to be valid."""
        return self.path / key[:PREFIX] / key

    def adopt(self, key: str, source: Path) -> None:
        """Move a file of the same disk into the store, replacing one of the same key."""
        target = self.place(key)
        sync_private(source)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        source.replace(target)
        sync_folder(target.parent)

    def remove(self, key: str) -> None:
        """Remove a file; a missing one is no error.

        Raises:
            StorageError: The folder cannot be written.
        """
        if path := self.find(key):
            with _storage_errors():
                path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def shared(self) -> Iterator[None]:
        """Hold off `exclusive` while a block adds files and then their rows.

        For programs without the database's lock, such as `hipkit admin` beside a server: between
        a file and its row an orphan sweep would take the file for an orphan. The server itself
        holds the database's lock, so no other process sweeps while it adds files.

        Raises:
            StorageError: The folder cannot be written.
        """
        with _storage_errors():
            self.path.mkdir(mode=0o700, exist_ok=True)
            handle = self._lock(fcntl.LOCK_SH)
        with os.fdopen(handle):
            yield

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[bool]:
        """Hold off `shared`, and yield whether no other program was adding files already.

        Raises:
            StorageError: The folder cannot be written.
        """
        try:
            with _storage_errors():
                handle = self._lock(fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        with os.fdopen(handle):
            yield True

    def _lock(self, kind: int) -> int:
        handle = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, kind)
        except BaseException:
            os.close(handle)
            raise
        return handle

    def remove_parts(self) -> None:
        """Remove uploads that will never be complete: within `exclusive` all of them.

        Raises:
            StorageError: The folder cannot be written.
        """
        with _storage_errors():
            for part in self.path.glob("*.part"):
                part.unlink(missing_ok=True)

    def listing(self) -> Iterator[set[str]]:
        """Yield the keys of all files, a folder at a time; files with other names are ignored.

        Raises:
            StorageError: The folder cannot be read.
        """
        with _storage_errors():
            found = [one for one in self.path.iterdir() if len(one.name) == PREFIX]
            folders = [one for one in found if one.is_dir()]
        for folder in folders:
            yield {key for key in _keys_in(folder) if key[:PREFIX] == folder.name}

    def orphans(self) -> set[str]:
        """Return the keys of the files that were moved aside.

        Raises:
            StorageError: The folder cannot be read.
        """
        return _keys_in(self.orphanage)

    def set_aside(self, key: str, now_seconds: int) -> None:
        """Move a file into the folder of orphans, and store the time as its modification time.

        Raises:
            StorageError: The folder cannot be written.
        """
        with _storage_errors(), _may_be_gone:
            self.orphanage.mkdir(mode=0o700, exist_ok=True)
            os.utime(self.place(key), (now_seconds, now_seconds), follow_symlinks=False)
            self.place(key).rename(self.orphanage / key)

    def take_back(self, key: str) -> None:
        """Move a file from the folder of orphans back to where it was.

        Raises:
            StorageError: The folder cannot be written.
        """
        with _storage_errors(), _may_be_gone:
            self.place(key).parent.mkdir(mode=0o700, exist_ok=True)
            (self.orphanage / key).rename(self.place(key))

    def sweep_orphans(self, *, before: int, latest: int) -> None:
        """Remove the orphans that were moved aside before a time, in UNIX seconds.

        One that was moved after `latest` was so by a wrong clock: its time starts again now,
        because it would else stay until the clock gets there.

        Raises:
            StorageError: The folder cannot be written.
        """
        for key in self.orphans():
            path = self.orphanage / key
            with _storage_errors(), _may_be_gone:
                moved = path.lstat().st_mtime
                if moved > latest:
                    os.utime(path, (latest, latest), follow_symlinks=False)
                elif moved < before:
                    path.unlink()


def sync_folder(path: Path) -> None:
    """Flush a folder, so that the names in it survive a crash."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_private(path: Path) -> None:
    """Flush a complete file that only this user may read, before it gets its name."""
    path.chmod(0o600)
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _keys_in(folder: Path) -> set[str]:
    with _storage_errors(), _may_be_gone, os.scandir(folder) as entries:
        return {
            entry.name
            for entry in entries
            if KEY.fullmatch(entry.name) and not entry.is_dir(follow_symlinks=False)
        }
    return set()


_may_be_gone = contextlib.suppress(FileNotFoundError)
"""For files that a concurrent command may remove."""


@contextlib.contextmanager
def _storage_errors() -> Iterator[None]:
    """Raise a block's `OSError` as a `StorageError`, except that of a lock that is held."""
    try:
        yield
    except BlockingIOError:
        raise
    except OSError as error:
        problem = f"the folder of files cannot be written: {error.strerror}"
        raise StorageError(problem, may_pass=True) from error
