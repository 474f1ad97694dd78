"""Members, participants and invitations of rooms.

Members have roles, and see their room where it is private. Participants are in the room now.
"""

from __future__ import annotations

from hipkit.server.storage.stores.session import Store, select, upsert
from hipkit.server.storage.stores.users import UserRecord

__all__ = ["MemberRecord", "MemberStore"]


ROOM_TABLES = (
    "room_participants",
    "room_members",
    "room_invitations",
    "auto_join_rooms",
)
"""Tables with rows for a user in a room."""


class MemberRecord(UserRecord, frozen=True, array_like=True):
    """A user as member or participant of one room."""

    room_roles: str
    """Separated by spaces; empty for a participant who is no member."""


MEMBERS = select(
    MemberRecord,
    "room_members JOIN users ON users.id = user_id"
    " WHERE room_id = ? ORDER BY user_id LIMIT ? OFFSET ?",
    roles="users.roles",
    room_roles="room_members.roles",
)
# The limit is inside, where both parts come in order: outside, every participant of a large room
# would be read and joined for each page.
PARTICIPANTS = select(
    MemberRecord,
    "(SELECT user_id FROM room_participants WHERE room_id = ?"
    " UNION SELECT user_id FROM room_members WHERE room_id = ? AND ? = 1"
    " ORDER BY user_id LIMIT ? OFFSET ?"
    ") AS present JOIN users ON users.id = present.user_id LEFT JOIN room_members"
    " ON room_members.room_id = ? AND room_members.user_id = present.user_id"
    " ORDER BY users.id",
    roles="users.roles",
    room_roles="COALESCE(room_members.roles, '')",
)
INVITE = upsert(
    "room_invitations",
    "room_id, user_id",
    "room_id, user_id, inviter_id, reason, created_us",
)


class MemberStore(Store):
    """Reads and writes members, participants and invitations."""

    async def roles(self, room_id: int, user_id: int) -> tuple[str, ...] | None:
        """Return a member's roles, or `None` for a user who is no member."""
        sql = "SELECT roles FROM room_members WHERE room_id = ? AND user_id = ?"
        roles = await self._value(str, sql, room_id, user_id)
        return None if roles is None else tuple(roles.split())

    async def members(
        self, room_id: int, *, start: int, count: int
    ) -> list[MemberRecord]:
        """Return members in the order of their ids."""
        return await self._all(MemberRecord, MEMBERS, room_id, count, start)

    async def participants(
        self, room_id: int, *, include_members: bool, start: int, count: int
    ) -> list[MemberRecord]:
        """Return participants, and on request absent members, in the order of their ids."""
        present = (room_id, room_id, include_members, count, start)
        return await self._all(MemberRecord, PARTICIPANTS, *present, room_id)

    async def set_member(self, room_id: int, user_id: int, roles: str) -> None:
        """Store a user as a member with exactly these roles."""
        await self.remove_member(room_id, user_id)
        sql = "INSERT INTO room_members (room_id, user_id, roles) VALUES (?, ?, ?)"
        await self._run(sql, room_id, user_id, roles)

    async def add_participants(self, room_id: int, roles: str) -> None:
        """Store every participant who is no member as one with these roles."""
        sql = (
            "INSERT INTO room_members (room_id, user_id, roles)"
            " SELECT room_id, user_id, ? FROM room_participants WHERE room_id = ?"
            " AND user_id NOT IN (SELECT user_id FROM room_members WHERE room_id = ?)"
        )
        await self._run(sql, roles, room_id, room_id)

    async def remove_member(self, room_id: int, user_id: int) -> bool:
        """Remove a member, and return whether the user was one."""
        sql = "DELETE FROM room_members WHERE room_id = ? AND user_id = ?"
        return await self._run(sql, room_id, user_id) > 0

    async def enter(self, room_id: int, user_id: int, now_us: int) -> bool:
        """Add a participant, and return whether the user was none before."""
        sql = (
            "INSERT INTO room_participants (room_id, user_id, since_us) VALUES (?, ?, ?)"
            " ON CONFLICT DO NOTHING"
        )
        return await self._run(sql, room_id, user_id, now_us) > 0

    async def leave(self, room_id: int, user_id: int) -> bool:
        """Remove a participant, and return whether the user was one."""
        sql = "DELETE FROM room_participants WHERE room_id = ? AND user_id = ?"
        return await self._run(sql, room_id, user_id) > 0

    async def rooms_of(self, user_id: int) -> list[int]:
        """Return the ids of the rooms in which a user is a participant."""
        sql = "SELECT room_id FROM room_participants WHERE user_id = ? ORDER BY room_id"
        return [room_id for (room_id,) in await self._all(tuple[int], sql, user_id)]

    async def leave_all(self, user_id: int) -> None:
        """Remove a user from every room, invitations and auto-join rooms included."""
        for table in ROOM_TABLES:
            sql = f"DELETE FROM {table} WHERE user_id = ?"  # noqa: S608 - names of ours
            await self._run(sql, user_id)

    async def invite(
        self,
        room_id: int,
        user_id: int,
        *,
        inviter_id: int | None,
        reason: str,
        now_us: int,
    ) -> None:
        """Store an invitation in place of an earlier one."""
        await self._run(INVITE, room_id, user_id, inviter_id, reason, now_us)
