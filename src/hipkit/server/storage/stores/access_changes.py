"""Who may have lost access to something: for what is under way, such as streams.

The database writes these rows itself, whatever changes a session, a person, a member or a room.
"""

from __future__ import annotations

from hipkit.server.storage.stores.session import Record, Store, select

__all__ = ["AccessChange", "AccessChangeStore"]


class AccessChange(Record, frozen=True, array_like=True):
    """That a person, or everybody in a room, may have lost access. Numbers have no gaps."""

    id: int
    user_id: int | None
    room_id: int | None


COLUMNS = select(AccessChange, "access_changes")


class AccessChangeStore(Store):
    """Reads the latest changes; older ones are gone."""

    async def actor_version(self) -> int | None:
        """Return a number that is new after each change to something that actors depend on.

        That is a token, a user or an OAuth client, in whichever process it changed. A restore
        sets it to a random number. `None` where the database does not count: then nothing that
        was read may be kept.
        """
        return await self._value(int, "SELECT number FROM actor_version")

    async def newest(self) -> int:
        """Return the number of the last change; 0 where there is none."""
        return await self._value(int, "SELECT MAX(id) FROM access_changes") or 0

    async def after(self, number: int) -> list[AccessChange]:
        """Return what changed after a number, as far as it is kept."""
        sql = COLUMNS + "WHERE id > ? ORDER BY id"
        return await self._all(AccessChange, sql, number)
