"""Backs a database and its files up, and restores them, while a server may be running.

A backup has every file that its database names: the database is copied first, and files never
change. It lists those that were removed in between. Read next: `archive.py`, the format.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from hipkit.api.errors import StorageError
from hipkit.server.storage.archive import (
    DATABASE_NAME,
    ArchiveWriter,
    Manifest,
    unpack,
)
from hipkit.server.storage.blobs import BlobStore, sync_folder, sync_private
from hipkit.server.storage.sqlite import copy as sqlite_copy
from hipkit.server.storage.sqlite.file import latest_version

__all__ = ["Restored", "back_up", "back_up_to", "remove_work_folders", "restore"]

WORK_PREFIX = ".hipkit-work-"


def back_up(database: Path, files: BlobStore, target: Path) -> Manifest:
    """Write a backup to a new file, which gets its name once it is complete.

    Raises:
        StorageError: The file exists already, or something cannot be read or written.
    """
    if target.exists():
        raise StorageError(f"{target}: already exists")
    with _work_folder(target.parent) as folder:
        part = folder / target.name
        with part.open("xb") as file:
            manifest = back_up_to(database, files, file, folder)
        _put_in_place(part, target)
    return manifest


def back_up_to(
    database: Path, files: BlobStore, stream: BinaryIO, folder: Path | None = None
) -> Manifest:
    """Write a backup to a stream; the database is copied into `folder` first.

    Raises:
        StorageError: Something cannot be read or written.
    """
    if not database.is_file():
        raise StorageError(f"{database}: no such database")
    with _work_folder(folder or Path(tempfile.gettempdir())) as own:
        copy = own / DATABASE_NAME
        version = sqlite_copy.snapshot(database, copy)
        writer = ArchiveWriter(stream)
        writer.add_database(copy)
        for key in sqlite_copy.file_keys(copy):
            writer.add_file(key, files.place(key))
        created = datetime.now(UTC).isoformat(timespec="seconds")
        return writer.finish(schema_version=version, created=created)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The result of a restore."""

    manifest: Manifest
    saved_as: Path | None
    """The backup of the data before; `None` where there was none."""


def restore(
    source: Path, database: Path, files: BlobStore, *, replace: bool
) -> Restored:
    """Restore a backup, once all of it has been checked.

    With `replace` the database may exist and be in use. It is backed up first, and its content
    changes in one transaction: a restore that is interrupted anywhere leaves the old data or the
    new, with the files of both.

    Raises:
        StorageError: The backup is invalid, the database exists, or something cannot be written.
    """
    is_there = database.exists()
    if is_there and not replace:
        raise StorageError(
            f"{database}: already exists; use --replace, or another file with --db"
        )
    with _work_folder(database.parent) as folder:
        manifest = _unpack_checked(source, folder)
        content = folder / DATABASE_NAME
        saved_as = before = None
        if is_there:
            now = datetime.now(UTC)
            saved_as = database.with_name(
                f"{database.name}.before-restore-{now:%Y%m%dT%H%M%S.%fZ}.tar"
            )
            before = back_up(database, files, saved_as)
        # Files before the rows that name them, and the old ones last: at no time does the
        # database name a file that is not there.
        with files.shared():
            for key in manifest.file_keys:
                files.adopt(key, folder / key)
            if before is None:
                _put_in_place(content, database)
            else:
                sqlite_copy.overwrite(database, content)
                for key in set(before.file_keys).difference(manifest.file_keys):
                    files.remove(key)
    return Restored(manifest=manifest, saved_as=saved_as)


def _unpack_checked(source: Path, folder: Path) -> Manifest:
    manifest = unpack(source, folder)
    content = folder / DATABASE_NAME
    if manifest.schema_version > latest_version():
        raise StorageError(
            f"{source}: made by a newer hipkit ({manifest.hipkit}); update hipkit"
        )
    try:
        sqlite_copy.bring_up_to_date(content, manifest.schema_version)
        named = set(sqlite_copy.file_keys(content))
    except StorageError as error:
        raise StorageError(f"{source}: its database cannot be used: {error}") from error
    if named != {*manifest.file_keys, *manifest.missing}:
        raise StorageError(f"{source}: its files are not those that its database names")
    return manifest


@contextlib.contextmanager
def _work_folder(parent: Path) -> Iterator[Path]:
    """Yield a new folder that only this user can read, and remove it in the end."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=WORK_PREFIX, dir=parent))
    except OSError as error:
        raise StorageError(f"{parent}: cannot be written: {error.strerror}") from error
    try:
        with _locked(folder):
            yield folder
    except BrokenPipeError:
        raise
    except OSError as error:
        place = error.filename or parent
        raise StorageError(f"{place}: cannot be used: {error.strerror}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_work_folders(parent: Path) -> None:
    """Remove the folders of backups and restores that died; living ones hold a lock."""
    for folder in parent.glob(f"{WORK_PREFIX}*"):
        # Another user's, being removed, or in use.
        with contextlib.suppress(OSError), _locked(folder):
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def _put_in_place(path: Path, target: Path) -> None:
    """Move a complete file to a name that is still free, and write that to disk."""
    sync_private(path)
    try:
        target.hardlink_to(path)
    except FileExistsError as error:
        raise StorageError(f"{target}: already exists") from error
    except OSError:
        # Not every file system has hard links. A rename would replace a file that another process
        # created since the check, but there is nothing better.
        path.rename(target)
    sync_folder(target.parent)
