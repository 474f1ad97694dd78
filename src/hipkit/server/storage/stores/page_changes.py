"""Which parts of open pages have changed, besides messages.

The database writes these rows itself, whatever changes a room, a member, a user or a module.
"""

from __future__ import annotations

from hipkit.server.storage.stores.session import Record, Store, select

__all__ = ["GLANCES", "HEAD", "PEOPLE", "ROOMS", "PageChange", "PageChangeStore"]

ROOMS = "rooms"
"""The list of conversations: of everybody, or of one user."""
PEOPLE = "people"
"""The people in a room, or in every room."""
HEAD = "head"
"""A room's name, topic and state."""
GLANCES = "glances"
"""The glances of a room or of every room, for everybody or one user."""


class PageChange(Record, frozen=True, array_like=True):
    """That a part of pages has changed.

    Numbers have no gaps, since those of a transaction that is undone are given again. So readers
    know that rows are gone if the first one does not follow the last one that they saw.
    """

    id: int
    part: str
    room_id: int | None
    user_id: int | None


COLUMNS = select(PageChange, "page_changes")


class PageChangeStore(Store):
    """Reads the latest changes; older ones are gone."""

    async def newest(self) -> int:
        """Return the number of the last change; 0 where there is none."""
        return await self._value(int, "SELECT MAX(id) FROM page_changes") or 0

    async def after(self, number: int) -> list[PageChange]:
        """Return what changed after a number, as far as it is kept."""
        return await self._all(PageChange, COLUMNS + "WHERE id > ? ORDER BY id", number)
