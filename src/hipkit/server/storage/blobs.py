"""Where the bytes of shared files and pictures lie: a folder beside the database.

A file's name there is its key, an unguessable text of our own making; nothing that a client
sent ever becomes part of a path.
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

__all__ = ["KEY", "BlobStore", "Upload", "sync_folder"]

KEY = re.compile(r"[A-Za-z0-9_-]{43}")
"""What every file's name is."""
KEY_BYTES = 32
CHUNK_BYTES = 64 * 1024
PREFIX = 2
"""So many letters of its key are the name of the folder that a file lies in."""
LOCK = ".lock"
ORPHANS = "orphans"


class Upload:
    """Bytes that are arriving. `keep` makes them a file; otherwise closing removes them."""

    def __init__(self, folder: Path, key: str) -> None:
        self.key = key
        self.size_bytes = 0
        self.path = folder / f"{key}.part"
        self._target = folder / key[:PREFIX] / key
        self._file: BinaryIO | None = self._open()

    def write(self, data: bytes) -> None:
        """Append bytes.

        Raises:
            StorageError: The disk does not take them.
        """
        if self._file is None:
            raise ValueError("the upload is closed")
        try:
            self._file.write(data)
        except OSError as error:
            raise _failure(error) from error
        self.size_bytes += len(data)

    def keep(self) -> str:
        """Put the bytes on disk for good, under the key that is returned.

        Raises:
            StorageError: The disk does not take them.
        """
        if self._file is None:
            raise ValueError("the upload is closed")
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._target.parent.mkdir(mode=0o700, exist_ok=True)
            self.path.rename(self._target)
            sync_folder(self._target.parent)
        except OSError as error:
            raise _failure(error) from error
        finally:
            _let_go(self._file)
        self._file = None
        return self.key

    def close(self) -> None:
        """Remove what was not kept. Closing twice does nothing."""
        if self._file is not None:
            _let_go(self._file)
            self._file = None
            _unlink(self.path)

    def flush(self) -> None:
        """Let other readers of `path` see everything written so far."""
        if self._file is not None:
            self._file.flush()

    def _open(self) -> BinaryIO:
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise _failure(error) from error
        return os.fdopen(handle, "wb")


class BlobStore:
    """Keeps files by key; the folder is made when the first one comes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.orphanage = path / ORPHANS

    def upload(self) -> Upload:
        """Begin a file."""
        try:
            self.path.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise _failure(error) from error
        return Upload(self.path, secrets.token_urlsafe(KEY_BYTES))

    def save(self, data: bytes) -> str:
        """Keep some bytes and return their key."""
        upload = self.upload()
        try:
            upload.write(data)
            return upload.keep()
        finally:
            upload.close()

    def find(self, key: str) -> Path | None:
        """Return where a file lies, or `None` where there is none or the key is no key."""
        if KEY.fullmatch(key) is None:
            return None
        path = self.place(key)
        return path if path.is_file() else None

    def place(self, key: str) -> Path:
        """Return where a file lies if it is there; the key has to be one of ours."""
        return self.path / key[:PREFIX] / key

    def adopt(self, key: str, source: Path) -> None:
        """Move a file of the same disk in under its key, in the place of what is there."""
        target = self.place(key)
        source.chmod(0o600)
        with source.open("rb") as file:
            os.fsync(file.fileno())
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        source.replace(target)
        sync_folder(target.parent)

    def remove(self, key: str) -> None:
        """Remove a file; one that is gone already is no fault.

        Raises:
            StorageError: The folder cannot be written.
        """
        path = self.find(key)
        if path is not None:
            _unlink(path)

    @contextlib.contextmanager
    def shared(self) -> Iterator[None]:
        """Keep `alone` from a block that adds files and then the rows that name them.

        For whoever does not have the database's lock; who has it is not within `alone` then.

        Raises:
            StorageError: The folder cannot be written.
        """
        with _told():
            self.path.mkdir(mode=0o700, exist_ok=True)
            handle = self._lock(fcntl.LOCK_SH)
        with os.fdopen(handle):
            yield

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """Say whether no other program adds files, and keep those that would from it.

        Raises:
            StorageError: The folder cannot be written.
        """
        try:
            with _told():
                handle = self._lock(fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        with os.fdopen(handle):
            yield True

    def _lock(self, kind: int) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        handle = os.open(self.path / LOCK, flags, 0o600)
        try:
            fcntl.flock(handle, kind)
        except BaseException:
            os.close(handle)
            raise
        return handle

    def remove_parts(self) -> None:
        """Remove uploads that will never be whole: within `alone` that is all of them.

        Raises:
            StorageError: The folder cannot be written.
        """
        with _told():
            for part in self.path.glob("*.part"):
                part.unlink(missing_ok=True)

    def listing(self) -> Iterator[set[str]]:
        """Yield the keys of all files, some at a time; what has another name is not ours.

        Raises:
            StorageError: The folder cannot be read.
        """
        with _told():
            folders = [
                entry
                for entry in self.path.iterdir()
                if len(entry.name) == PREFIX and entry.is_dir()
            ]
        for folder in folders:
            yield {key for key in _keys_in(folder) if key[:PREFIX] == folder.name}

    def orphans(self) -> set[str]:
        """Return the keys of the files that were moved aside.

        Raises:
            StorageError: The folder cannot be read.
        """
        return _keys_in(self.orphanage)

    def set_aside(self, key: str, moment: int) -> None:
        """Move a file into the folder of orphans, and note when that was, in UNIX seconds.

        Raises:
            StorageError: The folder cannot be written.
        """
        with _told(), _may_be_gone:
            self.orphanage.mkdir(mode=0o700, exist_ok=True)
            os.utime(self.place(key), (moment, moment), follow_symlinks=False)
            self.place(key).rename(self.orphanage / key)

    def take_back(self, key: str) -> None:
        """Move a file out of the folder of orphans to where it was.

        Raises:
            StorageError: The folder cannot be written.
        """
        with _told(), _may_be_gone:
            self.place(key).parent.mkdir(mode=0o700, exist_ok=True)
            (self.orphanage / key).rename(self.place(key))

    def sweep_orphans(self, *, before: int, latest: int) -> None:
        """Remove the orphans that were moved aside before a moment, in UNIX seconds.

        Those that were later than `latest` came with a clock that was wrong: they begin anew.

        Raises:
            StorageError: The folder cannot be written.
        """
        for key in self.orphans():
            path = self.orphanage / key
            with _told(), _may_be_gone:
                moved = path.lstat().st_mtime
                if moved > latest:
                    os.utime(path, (latest, latest), follow_symlinks=False)
                elif moved < before:
                    path.unlink()

    @staticmethod
    def chunks(path: Path) -> Iterator[bytes]:
        """Give a file's bytes in pieces."""
        with path.open("rb") as file:
            yield from iter(lambda: file.read(CHUNK_BYTES), b"")


def sync_folder(path: Path) -> None:
    """Put a folder's names on disk for good."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _keys_in(folder: Path) -> set[str]:
    with _told(), _may_be_gone, os.scandir(folder) as entries:
        return {
            entry.name
            for entry in entries
            if KEY.fullmatch(entry.name) and not entry.is_dir(follow_symlinks=False)
        }
    return set()


_may_be_gone = contextlib.suppress(FileNotFoundError)
"""For what commands may remove meanwhile."""


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BlockingIOError:
        raise
    except OSError as error:
        raise _failure(error) from error


def _let_go(file: BinaryIO) -> None:
    """Close a file whose failures were told already: closing tries the last write again."""
    with contextlib.suppress(OSError):
        file.close()


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _failure(error) from error


def _failure(error: OSError) -> StorageError:
    return StorageError(
        f"the folder of files cannot be written: {error.strerror}", may_pass=True
    )
