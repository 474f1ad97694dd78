"""Who may have lost access to something: for what is under way, such as streams.

The database writes these rows itself, whatever changes a session, a person, a member or a room.
"""

from __future__ import annotations

from hipkit.server.storage.stores.session import Record, Session

__all__ = ["AccessChange", "AccessChangeStore"]


class AccessChange(Record, frozen=True, array_like=True):
    """That a person, or everybody in a room, may have lost access. Numbers have no gaps."""

    id: int
    user_id: int | None
    room_id: int | None


class AccessChangeStore:
    """Reads the latest changes; older ones are gone."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def actor_version(self) -> int | None:
        """Return a number that grows with each change to something that actors depend on.

        That is a token, a user or an OAuth client, in whichever process it changed. `None` where
        the database does not count: then nothing that was read may be kept.
        """
        row = await self._session.one(tuple[int], "SELECT number FROM actor_version")
        return row[0] if row else None

    async def newest(self) -> int:
        """Return the number of the last change; 0 where there is none."""
        row = await self._session.one(
            tuple[int], "SELECT COALESCE(MAX(id), 0) FROM access_changes"
        )
        return row[0] if row else 0

    async def after(self, number: int) -> list[AccessChange]:
        """Return what changed after a number, as far as it is kept."""
        return await self._session.all(
            AccessChange,
            "SELECT id, user_id, room_id FROM access_changes WHERE id > ? ORDER BY id",
            number,
        )
