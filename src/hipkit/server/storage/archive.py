"""The format of backups: a tar file of the database, the files that it names, and a manifest.

The manifest has the size and SHA-256 of every member. It comes last, so an archive that was cut
short has none. Reading trusts nothing: a member that the manifest does not list, that has
another name than ours, or that is not a plain file makes the whole archive invalid.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import tarfile
from pathlib import Path
from typing import IO, BinaryIO

import msgspec

from hipkit.api.errors import StorageError
from hipkit.server.storage.blobs import KEY
from hipkit.version import VERSION

__all__ = ["DATABASE_NAME", "ArchiveWriter", "Manifest", "unpack"]

FORMAT = "hipkit backup 1"
DATABASE_NAME = "database.sqlite3"
FILES = "files/"
MANIFEST_NAME = "manifest.json"

LARGEST_MANIFEST_BYTES = 256 * 1024 * 1024
CHUNK_BYTES = 1024 * 1024

# The last two: sizes that fit no number, and headers that nest without end.
UNREADABLE = (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError)


class Member(msgspec.Struct, frozen=True):
    """The manifest's entry for one member."""

    size_bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest of an archive."""

    format: str
    hipkit: str
    schema_version: int
    created: str
    members: dict[str, Member]
    missing: tuple[str, ...] = ()
    """Keys of files that the database names and that were removed before they were copied."""

    @property
    def file_keys(self) -> list[str]:
        """The keys of the files in the archive."""
        return [n.removeprefix(FILES) for n in self.members if n.startswith(FILES)]


class ArchiveWriter:
    """Writes an archive to a stream, member by member."""

    def __init__(self, target: BinaryIO) -> None:
        # As a stream, without seeking, so that a pipe will do. `finish` closes it.
        self._tar = tarfile.open(  # noqa: SIM115 - it is open for as long as this is in use
            fileobj=target, mode="w|", format=tarfile.PAX_FORMAT
        )
        self._members: dict[str, Member] = {}
        self._missing: list[str] = []

    def add_database(self, path: Path) -> None:
        """Add the copy of a database."""
        self._add(DATABASE_NAME, path)

    def add_file(self, key: str, path: Path) -> None:
        """Add a file, or list it as missing."""
        try:
            self._add(FILES + key, path)
        except FileNotFoundError:
            self._missing.append(key)

    def finish(self, *, schema_version: int, created: str) -> Manifest:
        """Add the manifest and return it."""
        manifest = Manifest(
            format=FORMAT,
            hipkit=VERSION,
            schema_version=schema_version,
            created=created,
            members=self._members,
            missing=tuple(self._missing),
        )
        content = msgspec.json.encode(manifest)
        self._tar.addfile(_info(MANIFEST_NAME, len(content)), io.BytesIO(content))
        self._tar.close()
        return manifest

    def _add(self, name: str, path: Path) -> None:
        with path.open("rb") as file:
            size_bytes = file.seek(0, io.SEEK_END)
            file.seek(0)
            hashed = _Hashed(file)
            self._tar.addfile(_info(name, size_bytes), hashed)
        self._members[name] = hashed.member(size_bytes)


def unpack(source: Path, folder: Path) -> Manifest:
    """Unpack an archive into an empty folder, files by their keys, and check every member.

    Raises:
        StorageError: It is not a backup, incomplete, or differs from its manifest.
    """
    found: dict[str, Member] = {}
    manifest = None
    try:
        with tarfile.open(source, mode="r:") as tar:
            for info in tar:
                name = _checked_name(info, source)
                if name in found or manifest is not None:
                    raise _invalid(source, "unexpected member")
                if name == MANIFEST_NAME:
                    manifest = _read_manifest(tar, info, source)
                else:
                    content = _content(tar, info)
                    with (folder / name.removeprefix(FILES)).open("xb") as target:
                        shutil.copyfileobj(content, target, CHUNK_BYTES)
                    found[name] = content.member(info.size)
    except UNREADABLE as error:
        raise _invalid(source, "not a complete tar file") from error
    except OSError as error:
        raise StorageError(f"{source}: cannot be unpacked: {error.strerror}") from error
    if manifest is None:
        raise _invalid(
            source, "no manifest: it was cut short, or another program wrote it"
        )
    if manifest.format != FORMAT:
        raise _invalid(source, "this hipkit does not know its format")
    if found != manifest.members or DATABASE_NAME not in found:
        raise _invalid(source, "its content differs from its manifest")
    if not all(map(KEY.fullmatch, manifest.missing)):
        # The next backup would look for a file of that name: `../../etc/passwd`, say.
        raise _invalid(source, "its manifest names a file with an invalid key")
    return manifest


class _Hashed(io.RawIOBase):
    """Hashes what is read of a file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        data = self._file.read(size)
        self._sha256.update(data)
        return data

    def member(self, size_bytes: int) -> Member:
        """Return the manifest's entry, once everything was read."""
        return Member(size_bytes, self._sha256.hexdigest())


def _info(name: str, size_bytes: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = size_bytes
    info.mode = 0o600
    return info


def _checked_name(info: tarfile.TarInfo, source: Path) -> str:
    is_known = info.name in (DATABASE_NAME, MANIFEST_NAME) or (
        info.name.startswith(FILES) and KEY.fullmatch(info.name.removeprefix(FILES))
    )
    # Nor does a backup have devices, links, folders or sparse files: a few bytes that describe a
    # hole would fill the disk.
    is_plain = info.type in (tarfile.REGTYPE, tarfile.AREGTYPE)
    if not is_known or not is_plain or info.issparse():
        raise _invalid(source, "a member that is not part of a backup")
    return info.name


def _content(tar: tarfile.TarFile, info: tarfile.TarInfo) -> _Hashed:
    """Return a member's bytes; reading raises `ReadError` if the file ends before."""
    file = tar.extractfile(info)
    if file is None or info.size < 0:
        raise tarfile.ReadError
    return _Hashed(file)


def _read_manifest(
    tar: tarfile.TarFile, info: tarfile.TarInfo, source: Path
) -> Manifest:
    if info.size > LARGEST_MANIFEST_BYTES:
        raise _invalid(source, "its manifest is too large")
    try:
        return msgspec.json.decode(_content(tar, info).read(), type=Manifest)
    except msgspec.DecodeError as error:
        raise _invalid(source, "its manifest cannot be read") from error


def _invalid(source: Path, problem: str) -> StorageError:
    return StorageError(f"{source}: not a usable backup: {problem}")
