"""Grants: which credentials end together.

Every token, refresh token and authorization code belongs to a grant, and so does a webhook that a
user's token created. A grant that was given for another credential has that one's grant as its
parent. Ending a grant deletes everything that belongs to it and to the grants below it. A token
that expires leaves its grant, and so ends nothing else.
"""

from __future__ import annotations

from hipkit.server.storage.stores.session import Record, Store, Value, insert, select

__all__ = ["GrantRecord", "GrantStore"]


class GrantRecord(Record, frozen=True, array_like=True):
    """The user, client and room that a credential was limited to when it was issued."""

    id: int
    parent_id: int | None
    """The grant of the credential that it was given for."""
    user_id: int | None
    client_id: str | None
    """The client that it was given to, whether or not that has to authenticate."""
    room_id: int | None


COLUMNS = select(GrantRecord, "grants")
INSERT = insert("grants", "parent_id, user_id, client_id, room_id")

WITH_DESCENDANTS = (
    "WITH RECURSIVE ended (id) AS (SELECT id FROM grants WHERE {} = ?"
    " UNION SELECT grants.id FROM grants JOIN ended ON grants.parent_id = ended.id)"
    " DELETE FROM grants WHERE id IN (SELECT id FROM ended)"
)
"""Not by cascade, whose depth databases limit: a chain of tokens may be of any length."""

UNUSED = (
    "DELETE FROM grants WHERE id > ? AND id <= ?"
    " AND NOT EXISTS (SELECT 1 FROM tokens WHERE grant_id = grants.id)"
    " AND NOT EXISTS (SELECT 1 FROM refresh_tokens WHERE grant_id = grants.id)"
    " AND NOT EXISTS (SELECT 1 FROM authorization_codes WHERE grant_id = grants.id)"
    " AND NOT EXISTS (SELECT 1 FROM webhooks WHERE grant_id = grants.id)"
    " AND NOT EXISTS (SELECT 1 FROM grants AS made WHERE made.parent_id = grants.id)"
)


class GrantStore(Store):
    """Reads, adds and ends grants."""

    async def add(
        self,
        *,
        parent_id: int | None = None,
        user_id: int | None = None,
        client_id: str | None = None,
        room_id: int | None = None,
    ) -> int:
        """Store a grant and return its id."""
        return await self._insert(INSERT, parent_id, user_id, client_id, room_id)

    async def get(self, grant_id: int) -> GrantRecord | None:
        """Return a grant that has not ended."""
        return await self._one(GrantRecord, COLUMNS + "WHERE id = ?", grant_id)

    async def end(self, grant_id: int) -> None:
        """End a grant."""
        await self._end("id", grant_id)

    async def end_of_user(self, user_id: int) -> None:
        """End every grant of a user."""
        await self._end("user_id", user_id)

    async def end_of_client(self, client_id: str) -> None:
        """End every grant that was given to a client."""
        await self._end("client_id", client_id)

    async def end_of_room(self, room_id: int) -> None:
        """End every grant that is limited to a room."""
        await self._end("room_id", room_id)

    async def sweep(self, position: int, count: int) -> int:
        """Delete the unused ones among some grants after a position.

        Returns the position to go on from: 0 after the last.
        """
        sql = (
            "SELECT MAX(id), COUNT(*) FROM (SELECT id FROM grants WHERE id > ?"
            " ORDER BY id LIMIT ?) AS part"
        )
        row = await self._one(tuple[int | None, int], sql, position, count)
        last, found = row or (None, 0)
        if last is None:
            return 0
        await self._run(UNUSED, position, last)
        return last if found == count else 0

    async def _end(self, column: str, value: Value) -> None:
        await self._run(WITH_DESCENDANTS.format(column), value)
