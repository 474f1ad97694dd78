"""Rooms, with the counters of their conversations."""

from __future__ import annotations

from hipkit.server.storage.stores.session import Record, Session, given_id

__all__ = ["RoomRecord", "RoomStore"]


class RoomRecord(Record, frozen=True, array_like=True):
    """A room."""

    id: int
    group_id: int
    conversation_id: int
    name: str
    topic: str
    privacy: str
    is_archived: bool
    is_guest_accessible: bool
    guest_key: str | None
    delegate_admin_visibility: bool | None
    owner_id: int
    avatar_key: str | None
    created_us: int
    version: str
    messages_sent: int
    last_active_us: int | None


COLUMNS = (
    "SELECT rooms.id, rooms.group_id, conversation_id, name, topic, privacy, is_archived,"
    " is_guest_accessible, guest_key, delegate_admin_visibility, owner_id, avatar_key,"
    " created_us, version, messages_sent, last_active_us"
    " FROM rooms JOIN conversations ON conversations.id = rooms.conversation_id "
)


class RoomStore:
    """Reads and writes rooms. No method returns a deleted one."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, room_id: int) -> RoomRecord | None:
        """Return a room by its id."""
        return await self._session.one(
            RoomRecord, COLUMNS + "WHERE rooms.id = ? AND is_deleted = 0", room_id
        )

    async def by_name(self, group_id: int, name: str) -> RoomRecord | None:
        """Return the room of this name, in whichever case."""
        return await self._session.one(
            RoomRecord,
            COLUMNS + "WHERE rooms.group_id = ? AND name_key = ?",
            group_id,
            name.casefold(),
        )

    async def by_guest_key(self, key: str) -> RoomRecord | None:
        """Return the room that guests enter by this key."""
        return await self._session.one(
            RoomRecord, COLUMNS + "WHERE guest_key = ? AND is_deleted = 0", key
        )

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
        values: list[int] = [group_id, int(include_archived)]
        if not include_private:
            sql += " AND privacy = 'public'"
        if seen_by is not None:
            sql += (
                " AND ((privacy = 'public' AND ? = 1) OR owner_id = ? OR EXISTS (SELECT 1"
                " FROM room_members WHERE room_id = rooms.id AND user_id = ?))"
            )
            values += [int(includes_public), seen_by, seen_by]
        sql += " ORDER BY rooms.id LIMIT ? OFFSET ?"
        return await self._session.all(RoomRecord, sql, *values, count, start)

    async def auto_joined(
        self, user_id: int, *, start: int, count: int
    ) -> list[RoomRecord]:
        """Return a user's auto-join rooms."""
        return await self._session.all(
            RoomRecord,
            COLUMNS + "JOIN auto_join_rooms ON room_id = rooms.id"
            " WHERE user_id = ? AND is_deleted = 0 ORDER BY rooms.id LIMIT ? OFFSET ?",
            user_id,
            count,
            start,
        )

    async def add(
        self,
        *,
        group_id: int,
        name: str,
        topic: str,
        privacy: str,
        guest_key: str | None,
        delegate_admin_visibility: bool | None,
        owner_id: int,
        version: str,
        now_us: int,
        room_id: int | None = None,
    ) -> int:
        """Add a room with an empty conversation, and return its id: `room_id`, or the next one."""
        conversation_id = await self._session.insert(
            "INSERT INTO conversations (group_id) VALUES (?)", group_id
        )
        id_column, id_mark, id_value = given_id(room_id)
        return await self._session.insert(
            f"INSERT INTO rooms ({id_column}group_id, conversation_id, name, name_key,"  # noqa: S608 - names of ours
            " topic, privacy, is_archived, is_guest_accessible, guest_key,"
            " delegate_admin_visibility, owner_id, created_us, version)"
            f" VALUES ({id_mark}?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?)",
            *id_value,
            group_id,
            conversation_id,
            name,
            name.casefold(),
            topic,
            privacy,
            int(guest_key is not None),
            guest_key,
            _truth(delegate_admin_visibility),
            owner_id,
            now_us,
            version,
        )

    async def is_taken(self, room_id: int) -> bool:
        """Return whether a room has or had this id."""
        row = await self._session.one(
            tuple[int], "SELECT id FROM rooms WHERE id = ?", room_id
        )
        return row is not None

    async def replace(self, room: RoomRecord) -> None:
        """Update every column of a room but its picture and its counters."""
        await self._session.run(
            "UPDATE rooms SET name = ?, name_key = ?, topic = ?, privacy = ?,"
            " is_archived = ?, is_guest_accessible = ?, guest_key = ?,"
            " delegate_admin_visibility = ?, owner_id = ?, version = ? WHERE id = ?",
            room.name,
            room.name.casefold(),
            room.topic,
            room.privacy,
            int(room.is_archived),
            int(room.is_guest_accessible),
            room.guest_key,
            _truth(room.delegate_admin_visibility),
            room.owner_id,
            room.version,
            room.id,
        )

    async def set_topic(self, room_id: int, topic: str, version: str) -> None:
        """Update a room's topic."""
        await self._session.run(
            "UPDATE rooms SET topic = ?, version = ? WHERE id = ?",
            topic,
            version,
            room_id,
        )

    async def set_avatar(self, room_id: int, key: str | None, version: str) -> None:
        """Update a room's picture; `None` removes it."""
        await self._session.run(
            "UPDATE rooms SET avatar_key = ?, version = ? WHERE id = ?",
            key,
            version,
            room_id,
        )

    async def delete(self, room_id: int) -> None:
        """Mark a room as deleted, and free its name.

        Its messages stay until `MessageStore.doomed` finds them: a large history would hold up
        everything else that is written. The row stays for good, so that its id is not used again.
        """
        await self._session.run(
            "UPDATE rooms SET is_deleted = 1, name_key = NULL, guest_key = NULL,"
            " avatar_key = NULL WHERE id = ?",
            room_id,
        )

    async def add_auto_join(self, user_id: int, room_id: int) -> None:
        """Add a room to a user's auto-join rooms."""
        await self._session.run(
            "DELETE FROM auto_join_rooms WHERE user_id = ? AND room_id = ?",
            user_id,
            room_id,
        )
        await self._session.run(
            "INSERT INTO auto_join_rooms (user_id, room_id) VALUES (?, ?)",
            user_id,
            room_id,
        )


def _truth(value: bool | None) -> int | None:
    return None if value is None else int(value)
