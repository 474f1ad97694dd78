"""Names, sizes and keys of shared files and pictures; `BlobStore` has their bytes."""

from __future__ import annotations

from collections.abc import Iterable

from hipkit.server.storage.stores.session import Record, Store, insert, select

__all__ = ["FileRecord", "FileStore"]


class FileRecord(Record, frozen=True, array_like=True):
    """A file; its bytes are in the blob store under its key."""

    id: int
    key: str
    name: str
    size_bytes: int
    content_type: str


COLUMNS = select(FileRecord, "files")
INSERT = insert("files", "group_id, key, name, size_bytes, content_type, created_us")


class FileStore(Store):
    """Reads and writes the rows of files."""

    async def by_key(self, key: str) -> FileRecord | None:
        """Return a file by the unguessable part of its address."""
        return await self._one(FileRecord, COLUMNS + "WHERE key = ?", key)

    async def known(self, keys: Iterable[str]) -> set[str]:
        """Return those of the keys under which a file is known."""
        sql = "SELECT key FROM files WHERE key IN "
        return {key for (key,) in await self._all_in(tuple[str], sql, values=keys)}

    async def add(
        self,
        *,
        group_id: int,
        key: str,
        name: str,
        size_bytes: int,
        content_type: str,
        now_us: int,
    ) -> int:
        """Add a file whose bytes are stored, and return its id."""
        return await self._insert(
            INSERT, group_id, key, name, size_bytes, content_type, now_us
        )

    async def remove(self, key: str) -> None:
        """Delete the row of a file."""
        await self._run("DELETE FROM files WHERE key = ?", key)
