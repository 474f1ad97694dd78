"""Groups: the organisations that rooms and users belong to."""

from __future__ import annotations

from hipkit.server.storage.stores.session import Record, Store, select

__all__ = ["GroupRecord", "GroupStore"]


class GroupRecord(Record, frozen=True, array_like=True):
    """A group."""

    id: int
    name: str
    subdomain: str
    owner_id: int | None
    avatar_key: str | None
    created_us: int


COLUMNS = select(GroupRecord, "chat_groups")


class GroupStore(Store):
    """Reads and writes groups."""

    async def get(self, group_id: int) -> GroupRecord | None:
        """Return a group by its id."""
        return await self._one(GroupRecord, COLUMNS + "WHERE id = ?", group_id)

    async def first(self) -> GroupRecord | None:
        """Return the oldest group, which the first start created."""
        return await self._one(GroupRecord, COLUMNS + "ORDER BY id LIMIT 1")

    async def add(self, *, name: str, subdomain: str, now_us: int) -> int:
        """Add a group, which has no owner yet, and return its id."""
        sql = "INSERT INTO chat_groups (name, subdomain, created_us) VALUES (?, ?, ?)"
        return await self._insert(sql, name, subdomain, now_us)

    async def set_owner(self, group_id: int, user_id: int) -> None:
        """Set the group's owner."""
        sql = "UPDATE chat_groups SET owner_id = ? WHERE id = ?"
        await self._run(sql, user_id, group_id)

    async def set_avatar(self, group_id: int, key: str | None) -> None:
        """Set or remove the group's picture."""
        sql = "UPDATE chat_groups SET avatar_key = ? WHERE id = ?"
        await self._run(sql, key, group_id)

    async def file_bytes(self, group_id: int) -> int:
        """Return the total size of the group's files and pictures."""
        sql = "SELECT file_bytes FROM chat_groups WHERE id = ?"
        return await self._value(int, sql, group_id) or 0

    async def all_file_bytes(self) -> int:
        """Return the total size of the files and pictures of all groups."""
        return await self._value(int, "SELECT SUM(file_bytes) FROM chat_groups") or 0

    async def messages_sent(self, group_id: int) -> int:
        """Return the number of the group's messages, including private ones."""
        sql = "SELECT SUM(messages_sent) FROM conversations WHERE group_id = ?"
        return await self._value(int, sql, group_id) or 0
