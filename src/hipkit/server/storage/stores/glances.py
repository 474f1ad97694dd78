"""What add-ons pushed to their glances: the latest content for each of those who may see it."""

from __future__ import annotations

from hipkit.server.storage.stores.page_changes import GLANCES
from hipkit.server.storage.stores.session import Record, Store, insert, select

__all__ = ["GlanceStore", "GlanceValue"]


class GlanceValue(Record, frozen=True, array_like=True):
    """Content that was pushed to a glance, as JSON."""

    content: str
    updated_us: int
    room_id: int | None
    user_id: int | None


COLUMNS = select(GlanceValue, "glance_values")
UPSERT = (
    insert("glance_values", "client_id, key, room_id, user_id, content, updated_us")
    + " ON CONFLICT (client_id, key, COALESCE(room_id, 0), COALESCE(user_id, 0))"
    " DO UPDATE SET content = excluded.content, updated_us = excluded.updated_us"
)
INSERT_CHANGE = insert("page_changes", "part, room_id, user_id")


class GlanceStore(Store):
    """Reads and writes what was pushed."""

    async def push(
        self,
        client_id: str,
        contents: dict[str, str],
        *,
        room_id: int | None,
        user_id: int | None,
        now_us: int,
    ) -> None:
        """Store contents by the keys of their glances, in place of what was pushed before.

        Args:
            client_id: The add-on's.
            contents: JSON by key.
            room_id: The room that shows them; `None` for every room.
            user_id: The user who sees them; `None` for everybody.
            now_us: The time.
        """
        for key, content in contents.items():
            await self._run(UPSERT, client_id, key, room_id, user_id, content, now_us)
        # One change for all, and not one for each by a trigger: only the latest are kept.
        await self._run(INSERT_CHANGE, GLANCES, room_id, user_id)

    async def seen_by(
        self, client_id: str, key: str, *, room_id: int, user_id: int
    ) -> GlanceValue | None:
        """Return what a user sees of a glance in a room: what was pushed for the fewest.

        For the user in the room, or else for the user, the room or the group.
        """
        sql = (
            COLUMNS
            + "WHERE client_id = ? AND key = ? AND COALESCE(room_id, 0) IN (0, ?)"
            " AND COALESCE(user_id, 0) IN (0, ?)"
            " ORDER BY user_id IS NULL, room_id IS NULL LIMIT 1"
        )
        return await self._one(GlanceValue, sql, client_id, key, room_id, user_id)

    async def count(self, client_id: str, *, at_most: int) -> int:
        """Count what a client has pushed and is stored, up to a number."""
        sql = (
            "SELECT COUNT(*) FROM"
            " (SELECT 1 FROM glance_values WHERE client_id = ? LIMIT ?) AS part"
        )
        return await self._value(int, sql, client_id, at_most) or 0
