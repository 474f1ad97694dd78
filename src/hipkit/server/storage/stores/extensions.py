"""Modules of add-ons, and links that open them.

A module is found by its client, room, kind and key: each client has its own keys, and may use one
again in every room and for every kind.
"""

from __future__ import annotations

from msgspec.structs import astuple

from hipkit.server.storage.stores.session import Record, Store, insert, select

__all__ = ["ExtensionRecord", "ExtensionStore", "NewExtension"]


class NewExtension(Record, frozen=True, array_like=True, kw_only=True):
    """A module to be stored, new or changed."""

    group_id: int
    room_id: int | None
    """The only room that it is for; `None` for every room of the group."""
    client_id: str
    kind: str
    """As in the API's paths: `glance`, `webPanel` ..."""
    key: str
    body: str
    """The module's JSON."""
    from_descriptor: bool
    """Whether the add-on's descriptor declares it, and not a call."""


class ExtensionRecord(NewExtension, frozen=True, array_like=True, kw_only=True):
    """A stored module."""

    id: int
    created_us: int


MOST_LISTED = 1_000

COLUMNS = select(ExtensionRecord, "extensions")
INSERT = insert("extensions", NewExtension, "created_us")
INSERT_LINK = insert("addon_links", "hash, client_id, extension_id, expires_us")


class ExtensionStore(Store):
    """Reads and writes modules and links."""

    async def get(self, extension_id: int) -> ExtensionRecord | None:
        """Return a module by its id."""
        return await self._one(ExtensionRecord, COLUMNS + "WHERE id = ?", extension_id)

    async def by_key(
        self, client_id: str, room_id: int | None, kind: str, key: str
    ) -> ExtensionRecord | None:
        """Return a client's module: of a room, or with `None` of the group."""
        sql = (
            COLUMNS + "WHERE client_id = ? AND key = ? AND kind = ?"
            " AND COALESCE(room_id, 0) = ?"
        )
        return await self._one(ExtensionRecord, sql, client_id, key, kind, room_id or 0)

    async def with_key(
        self, client_id: str, room_id: int | None, key: str
    ) -> list[ExtensionRecord]:
        """Return a client's modules of any kind with a key: a room's before the group's."""
        sql = (
            COLUMNS + "WHERE client_id = ? AND key = ?"
            " AND COALESCE(room_id, 0) IN (0, ?) ORDER BY room_id IS NULL, id"
        )
        return await self._all(ExtensionRecord, sql, client_id, key, room_id or 0)

    async def has_glance(self, client_id: str, room_id: int | None, key: str) -> bool:
        """Return whether a client has a glance with a key: in a room, or with `None` anywhere."""
        sql = (
            "SELECT 1 FROM extensions WHERE client_id = ? AND key = ? AND kind = 'glance'"
            " AND (? = 0 OR COALESCE(room_id, 0) IN (0, ?)) LIMIT 1"
        )
        place = room_id or 0
        return await self._value(int, sql, client_id, key, place, place) is not None

    async def glances(
        self, group_id: int, room_id: int, count: int
    ) -> list[ExtensionRecord]:
        """Return the glances of a room, and those of its group, the oldest first."""
        sql = (
            COLUMNS + "WHERE group_id = ? AND kind = 'glance'"
            " AND (room_id IS NULL OR room_id = ?) ORDER BY id LIMIT ?"
        )
        return await self._all(ExtensionRecord, sql, group_id, room_id, count)

    async def of_descriptor(self, client_id: str) -> list[ExtensionRecord]:
        """Return the modules that a client's descriptor declares."""
        sql = COLUMNS + "WHERE client_id = ? AND from_descriptor = 1 ORDER BY id"
        return await self._all(ExtensionRecord, sql, client_id)

    async def of_client(self, client_id: str) -> list[ExtensionRecord]:
        """Return all modules of a client, the oldest first."""
        sql = COLUMNS + "WHERE client_id = ? ORDER BY id LIMIT ?"
        return await self._all(ExtensionRecord, sql, client_id, MOST_LISTED)

    async def count(self, client_id: str, room_id: int | None) -> int:
        """Count a client's modules of a room, or with `None` those of the group."""
        sql = (
            "SELECT COUNT(*) FROM extensions WHERE client_id = ?"
            " AND COALESCE(room_id, 0) = ?"
        )
        return await self._value(int, sql, client_id, room_id or 0) or 0

    async def put(self, extension: NewExtension, now_us: int) -> int:
        """Store a module in place of the one with its key, which keeps its id; return that."""
        known = await self.by_key(
            extension.client_id, extension.room_id, extension.kind, extension.key
        )
        if known is None:
            return await self._insert(INSERT, *astuple(extension), now_us)
        sql = "UPDATE extensions SET body = ?, from_descriptor = ? WHERE id = ?"
        await self._run(sql, extension.body, extension.from_descriptor, known.id)
        return known.id

    async def delete(self, extension_id: int) -> None:
        """Delete a module, with its links and what was pushed to it."""
        await self._run("DELETE FROM extensions WHERE id = ?", extension_id)

    async def add_link(
        self, link_hash: bytes, client_id: str, extension_id: int, expires_us: int
    ) -> None:
        """Store a link to a module by the hash of its token."""
        await self._run(INSERT_LINK, link_hash, client_id, extension_id, expires_us)

    async def link_target(
        self, link_hash: bytes, now_us: int, *, client_id: str | None = None
    ) -> ExtensionRecord | None:
        """Return the module that a link opens, if it has not expired.

        With `client_id` only if it is that client's.
        """
        sql = (
            select(
                ExtensionRecord,
                "addon_links JOIN extensions ON extensions.id = extension_id",
                client_id="extensions.client_id",
            )
            + "WHERE hash = ? AND expires_us > ? AND COALESCE(?, addon_links.client_id)"
            " = addon_links.client_id"
        )
        return await self._one(ExtensionRecord, sql, link_hash, now_us, client_id)

    async def delete_link(self, link_hash: bytes) -> None:
        """Delete a link."""
        await self._run("DELETE FROM addon_links WHERE hash = ?", link_hash)

    async def count_links(self, client_id: str, now_us: int) -> int:
        """Delete a client's links that have expired, and count the others."""
        sql = "DELETE FROM addon_links WHERE client_id = ? AND expires_us <= ?"
        await self._run(sql, client_id, now_us)
        sql = "SELECT COUNT(*) FROM addon_links WHERE client_id = ?"
        return await self._value(int, sql, client_id) or 0
