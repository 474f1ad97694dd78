"""Who belongs to a room, who is in it, and who was asked in."""

from __future__ import annotations

from hipkit.server.storage.stores.session import Record, Session

__all__ = ["MemberRecord", "RoomPeopleStore"]


class MemberRecord(Record, frozen=True, array_like=True):
    """A user's place in a room."""

    user_id: int
    roles: str
    """Separated by spaces; empty for somebody who is in the room without being a member."""


class RoomPeopleStore:
    """Reads and writes members, participants and invitations."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def roles(self, room_id: int, user_id: int) -> tuple[str, ...] | None:
        """Return a member's roles, or `None` for somebody who is no member."""
        row = await self._session.one(
            tuple[str],
            "SELECT roles FROM room_members WHERE room_id = ? AND user_id = ?",
            room_id,
            user_id,
        )
        return tuple(row[0].split()) if row else None

    async def members(
        self, room_id: int, *, start: int, count: int
    ) -> list[MemberRecord]:
        """Return members in the order of their ids."""
        return await self._session.all(
            MemberRecord,
            "SELECT user_id, roles FROM room_members WHERE room_id = ?"
            " ORDER BY user_id LIMIT ? OFFSET ?",
            room_id,
            count,
            start,
        )

    async def participants(
        self, room_id: int, *, include_members: bool, start: int, count: int
    ) -> list[MemberRecord]:
        """Return who is in the room, and on request its absent members, by id."""
        return await self._session.all(
            MemberRecord,
            # Cut inside, where both parts come in order: so no more is read than the page holds.
            "SELECT people.user_id, COALESCE(roles, '') FROM ("
            "SELECT user_id FROM room_participants WHERE room_id = ?"
            " UNION SELECT user_id FROM room_members WHERE room_id = ? AND ? = 1"
            " ORDER BY user_id LIMIT ? OFFSET ?"
            ") AS people LEFT JOIN room_members"
            " ON room_members.room_id = ? AND room_members.user_id = people.user_id"
            " ORDER BY people.user_id",
            room_id,
            room_id,
            int(include_members),
            count,
            start,
            room_id,
        )

    async def set_member(self, room_id: int, user_id: int, roles: str) -> None:
        """Make a user a member with exactly these roles."""
        await self._session.run(
            "DELETE FROM room_members WHERE room_id = ? AND user_id = ?",
            room_id,
            user_id,
        )
        await self._session.run(
            "INSERT INTO room_members (room_id, user_id, roles) VALUES (?, ?, ?)",
            room_id,
            user_id,
            roles,
        )

    async def remove_member(self, room_id: int, user_id: int) -> bool:
        """End a membership, and say whether there was one."""
        return (
            await self._session.run(
                "DELETE FROM room_members WHERE room_id = ? AND user_id = ?",
                room_id,
                user_id,
            )
            > 0
        )

    async def enter(self, room_id: int, user_id: int, now_us: int) -> bool:
        """Count a user among those in the room, and say whether that is new."""
        added = await self._session.run(
            "INSERT INTO room_participants (room_id, user_id, since_us) SELECT ?, ?, ?"
            " WHERE NOT EXISTS (SELECT 1 FROM room_participants WHERE room_id = ?"
            " AND user_id = ?)",
            room_id,
            user_id,
            now_us,
            room_id,
            user_id,
        )
        return added > 0

    async def leave(self, room_id: int, user_id: int) -> bool:
        """Count a user among those in the room no longer, and say whether they were."""
        removed = await self._session.run(
            "DELETE FROM room_participants WHERE room_id = ? AND user_id = ?",
            room_id,
            user_id,
        )
        return removed > 0

    async def rooms_of(self, user_id: int) -> list[int]:
        """Return the ids of the rooms that a user is in."""
        rows = await self._session.all(
            tuple[int],
            "SELECT room_id FROM room_participants WHERE user_id = ? ORDER BY room_id",
            user_id,
        )
        return [row[0] for row in rows]

    async def leave_all(self, user_id: int) -> None:
        """Take a user out of every room."""
        await self._session.run(
            "DELETE FROM room_participants WHERE user_id = ?", user_id
        )
        await self._session.run("DELETE FROM room_members WHERE user_id = ?", user_id)
        await self._session.run(
            "DELETE FROM room_invitations WHERE user_id = ?", user_id
        )
        await self._session.run(
            "DELETE FROM auto_join_rooms WHERE user_id = ?", user_id
        )

    async def invite(
        self,
        room_id: int,
        user_id: int,
        *,
        inviter_id: int | None,
        reason: str,
        now_us: int,
    ) -> None:
        """Note an invitation; a newer one takes an older one's place."""
        await self._session.run(
            "DELETE FROM room_invitations WHERE room_id = ? AND user_id = ?",
            room_id,
            user_id,
        )
        await self._session.run(
            "INSERT INTO room_invitations (room_id, user_id, inviter_id, reason, created_us)"
            " VALUES (?, ?, ?, ?, ?)",
            room_id,
            user_id,
            inviter_id,
            reason,
            now_us,
        )
