"""Stores a message in one statement: on a server across a network every further one is a wait."""

from __future__ import annotations

from msgspec.structs import astuple

from hipkit.api.errors import StorageError
from hipkit.server.storage.stores.messages import MOVE_ON, MessageStore, NewMessage

__all__ = ["PostgresMessageStore"]

FIELDS = NewMessage.__struct_fields__
STORE = (
    f"WITH moment AS ({MOVE_ON} RETURNING id, last_active_us),"  # noqa: S608 - texts of our own
    f" stored AS (INSERT INTO messages (conversation_id, sent_us, {', '.join(FIELDS)})"
    f" SELECT id, last_active_us, {', '.join('?' * len(FIELDS))} FROM moment"
    " RETURNING sequence, conversation_id, sent_us),"
    " texts AS (INSERT INTO message_texts (sequence, conversation_id, text)"
    " SELECT sequence, conversation_id, searched FROM stored,"
    " (SELECT ?::text AS searched) AS given WHERE searched <> '')"
    " SELECT sent_us FROM stored"
)


class PostgresMessageStore(MessageStore):
    """A `MessageStore` with a statement of its own for what happens most."""

    async def _store(
        self, conversation_id: int, message: NewMessage, text: str, now_us: int
    ) -> int:
        values = (now_us, now_us, conversation_id, *astuple(message), text)
        sent_us = await self._value(int, STORE, *values)
        if sent_us is None:
            raise StorageError("there is no such conversation")
        return sent_us
