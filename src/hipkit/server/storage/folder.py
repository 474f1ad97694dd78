"""Where the bytes of shared files and pictures lie: a folder beside the database.

A file's name there is its key, an unguessable text of our own making; nothing that a client
sent ever becomes part of a path.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from hipkit.errors import StorageError

__all__ = ["KEY", "FileFolder", "Upload", "sync_folder"]

KEY = re.compile(r"[A-Za-z0-9_-]{43}")
"""What every file's name is."""
KEY_BYTES = 32
CHUNK_BYTES = 64 * 1024


class Upload:
    """Bytes that are arriving. `keep` makes them a file; otherwise closing removes them."""

    def __init__(self, folder: Path, key: str) -> None:
        self.key = key
        self.size_bytes = 0
        self.path = folder / f"{key}.part"
        self._target = folder / key[:2] / key
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


class FileFolder:
    """Keeps files by key; the folder is made when the first one comes."""

    def __init__(self, path: Path) -> None:
        self.path = path

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
        return self.path / key[:2] / key

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

    def sweep(self, before: float) -> None:
        """Remove what broken uploads left behind that nobody wrote to since `before`.

        That is in UNIX seconds: another server may be receiving files into the same folder.

        Raises:
            StorageError: The folder cannot be written.
        """
        for part in self.path.glob("*.part"):
            with contextlib.suppress(FileNotFoundError):
                if part.stat().st_mtime < before:
                    _unlink(part)

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
