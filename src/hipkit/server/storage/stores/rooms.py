"""Rooms, with the counters of their conversations."""

from __future__ import annotations

from operator import attrgetter

from msgspec.structs import astuple

from hipkit.server.storage.stores.session import Record, Store, insert, select, update

__all__ = ["NewRoom", "RoomRecord", "RoomStore"]


class NewRoom(Record, frozen=True, array_like=True, kw_only=True):
    """A room to be stored, new or changed."""

    group_id: int
    name: str
    topic: str
    privacy: str
    is_archived: bool = False
    is_guest_accessible: bool = False
    guest_key: str | None = None
    delegate_admin_visibility: bool | None = None
    owner_id: int
    version: str


class RoomRecord(NewRoom, frozen=True, array_like=True, kw_only=True):
    """A stored room."""

    id: int
    conversation_id: int
    avatar_key: str | None
    created_us: int
    messages_sent: int
    last_active_us: int | None


COLUMNS = select(
    RoomRecord,
    "rooms JOIN conversations ON conversations.id = rooms.conversation_id",
    id="rooms.id",
    group_id="rooms.group_id",
)
INSERT = insert("rooms", "id", NewRoom, "conversation_id, name_key, created_us")
REPLACE = update("rooms", NewRoom, "name_key")
replaced = attrgetter(*NewRoom.__struct_fields__)


class RoomStore(Store):
    """Reads and writes rooms. No method returns a deleted one."""

    async def get(self, room_id: int) -> RoomRecord | None:
        """Return a room by its id."""
        sql = COLUMNS + "WHERE rooms.id = ? AND is_deleted = 0"
        return await self._one(RoomRecord, sql, room_id)

    async def by_name(self, group_id: int, name: str) -> RoomRecord | None:
        """Return the room of this name, in whichever case."""
        sql = COLUMNS + "WHERE rooms.group_id = ? AND name_key = ?"
        return await self._one(RoomRecord, sql, group_id, name.casefold())

    async def by_guest_key(self, key: str) -> RoomRecord | None:
        """Return the room that guests enter by this key."""
        sql = COLUMNS + "WHERE guest_key = ? AND is_deleted = 0"
        return await self._one(RoomRecord, sql, key)

    async def page(
        self,
        group_id: int,
        *,
        seen_by: int | None,
        includes_public: bool = True,
        include_private: bool,
        include_archived: bool,
        start: int,
        count: int,
    ) -> list[RoomRecord]:
        """Return rooms in the order of their ids.

        `seen_by` is the user whose private rooms are listed, or without `includes_public` their
        public ones too; `None` lists everyone's.
        """
        sql = (
            COLUMNS + "WHERE rooms.group_id = ? AND is_deleted = 0 AND is_archived <= ?"
        )
        values = [group_id, include_archived]
        if not include_private:
            sql += " AND privacy = 'public'"
        if seen_by is not None:
            sql += (
                " AND ((privacy = 'public' AND ? = 1) OR owner_id = ? OR EXISTS (SELECT 1"
                " FROM room_members WHERE room_id = rooms.id AND user_id = ?))"
            )
            values += [includes_public, seen_by, seen_by]
        sql += " ORDER BY rooms.id LIMIT ? OFFSET ?"
        return await self._all(RoomRecord, sql, *values, count, start)

    async def auto_joined(
        self, user_id: int, *, start: int, count: int
    ) -> list[RoomRecord]:
        """Return a user's auto-join rooms."""
        sql = (
            COLUMNS + "JOIN auto_join_rooms ON room_id = rooms.id"
            " WHERE user_id = ? AND is_deleted = 0 ORDER BY rooms.id LIMIT ? OFFSET ?"
        )
        return await self._all(RoomRecord, sql, user_id, count, start)

    async def add(
        self, room: NewRoom, now_us: int, *, room_id: int | None = None
    ) -> int:
        """Add a room with an empty conversation, and return its id: `room_id`, or the next one."""
        sql = "INSERT INTO conversations (group_id) VALUES (?)"
        conversation_id = await self._insert(sql, room.group_id)
        values = (*astuple(room), conversation_id, room.name.casefold(), now_us)
        return await self._insert(INSERT, room_id, *values)

    async def is_taken(self, room_id: int) -> bool:
        """Return whether a room has or had this id."""
        sql = "SELECT id FROM rooms WHERE id = ?"
        return await self._value(int, sql, room_id) is not None

    async def next_id(self, lowest: int) -> int:
        """Return the id after all that rooms have or had from a number on; else that number."""
        sql = "SELECT MAX(id) + 1 FROM rooms WHERE id >= ?"
        return await self._value(int, sql, lowest) or lowest

    async def count_of_owners(self, group_id: int, emails: str) -> int:
        """Count the rooms of users whose addresses are like a pattern of SQL."""
        sql = (
            "SELECT COUNT(*) FROM rooms WHERE group_id = ? AND is_deleted = 0 AND owner_id"
            " IN (SELECT id FROM users WHERE users.group_id = ? AND email LIKE ?)"
        )
        return await self._value(int, sql, group_id, group_id, emails) or 0

    async def replace(self, room: RoomRecord) -> None:
        """Update every column of a room but its picture and its counters."""
        await self._run(REPLACE, *replaced(room), room.name.casefold(), room.id)

    async def set_topic(self, room_id: int, topic: str, version: str) -> None:
        """Update a room's topic."""
        sql = "UPDATE rooms SET topic = ?, version = ? WHERE id = ?"
        await self._run(sql, topic, version, room_id)

    async def set_avatar(self, room_id: int, key: str | None, version: str) -> None:
        """Update a room's picture; `None` removes it."""
        sql = "UPDATE rooms SET avatar_key = ?, version = ? WHERE id = ?"
        await self._run(sql, key, version, room_id)

    async def delete(self, room_id: int) -> None:
        """Mark a room as deleted, and free its name.

        Its messages stay until `MessageStore.doomed` finds them: a large history would hold up
        everything else that is written. The row stays for good, so that its id is not used again.
        """
        await self._run(
            "UPDATE rooms SET is_deleted = 1, name_key = NULL, guest_key = NULL,"
            " avatar_key = NULL WHERE id = ?",
            room_id,
        )

    async def add_auto_join(self, user_id: int, room_id: int) -> None:
        """Add a room to a user's auto-join rooms."""
        sql = (
            "INSERT INTO auto_join_rooms (user_id, room_id) VALUES (?, ?)"
            " ON CONFLICT DO NOTHING"
        )
        await self._run(sql, user_id, room_id)
