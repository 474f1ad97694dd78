"""Messages of rooms and private chats, ordered by their moment within a conversation."""

from __future__ import annotations

from collections.abc import Iterable

from hipkit.server.storage.session import Record, Session, in_parts

__all__ = ["DoomedRecord", "MessageRecord", "MessageStore", "NewMessage"]


class NewMessage(Record, frozen=True, array_like=True, kw_only=True):
    """A message to be stored. Its moment is settled by the conversation that takes it."""

    id: str
    kind: str
    sender_id: int | None
    sender_label: str
    client_id: str | None = None
    body: str
    format: str = "text"
    color: str | None = None
    notify: bool = False
    card: str | None = None
    attach_to: str | None = None
    mentions: str = "{}"
    links: str = "[]"
    emoticons: str = "[]"
    file_id: int | None = None


class MessageRecord(Record, frozen=True, array_like=True):
    """A stored message, with what its file is called and where it lies."""

    id: str
    conversation_id: int
    sent_us: int
    kind: str
    sender_id: int | None
    sender_label: str
    client_id: str | None
    body: str
    format: str
    color: str | None
    notify: bool
    card: str | None
    attach_to: str | None
    mentions: str
    links: str
    is_deleted: bool
    file_key: str | None
    file_name: str | None
    file_size_bytes: int | None
    file_content_type: str | None


class DoomedRecord(Record, frozen=True, array_like=True):
    """A message of a deleted room, and its file."""

    sequence: int
    file_key: str | None


COLUMNS = (
    "SELECT messages.id, conversation_id, sent_us, kind, sender_id, sender_label,"
    " client_id, body, format, color, notify, card, attach_to, mentions, links,"
    " is_deleted, files.key, files.name, files.size_bytes, files.content_type"
    " FROM messages LEFT JOIN files ON files.id = messages.file_id "
)

REMOVE = "DELETE FROM messages WHERE sequence IN "


class MessageStore:
    """Reads and writes messages."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, conversation_id: int, message: NewMessage, now_us: int) -> int:
        """Store a message and return its moment.

        That is `now_us`, or just after the conversation's last message where the clock has
        not moved on: moments always grow, so reading by date skips and repeats nothing.
        """
        await self._session.run(
            "UPDATE conversations SET messages_sent = messages_sent + 1, last_active_us ="
            " CASE WHEN last_active_us >= ? THEN last_active_us + 1 ELSE ? END WHERE id = ?",
            now_us,
            now_us,
            conversation_id,
        )
        row = await self._session.one(
            tuple[int],
            "SELECT last_active_us FROM conversations WHERE id = ?",
            conversation_id,
        )
        sent_us = row[0] if row else now_us
        await self._session.insert(
            "INSERT INTO messages (id, conversation_id, sent_us, kind, sender_id,"
            " sender_label, client_id, body, format, color, notify, card, attach_to,"
            " mentions, links, emoticons, file_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            message.id,
            conversation_id,
            sent_us,
            message.kind,
            message.sender_id,
            message.sender_label,
            message.client_id,
            message.body,
            message.format,
            message.color,
            int(message.notify),
            message.card,
            message.attach_to,
            message.mentions,
            message.links,
            message.emoticons,
            message.file_id,
        )
        return sent_us

    async def get(self, conversation_id: int, message_id: str) -> MessageRecord | None:
        """Return one message of a conversation."""
        return await self._session.one(
            MessageRecord,
            COLUMNS + "WHERE messages.id = ? AND conversation_id = ?",
            message_id,
            conversation_id,
        )

    async def page(
        self,
        conversation_id: int,
        *,
        newest_us: int,
        oldest_us: int,
        include_deleted: bool,
        start: int,
        count: int,
    ) -> list[MessageRecord]:
        """Return messages between two moments, both included, newest first."""
        return await self._session.all(
            MessageRecord,
            COLUMNS + "WHERE conversation_id = ? AND sent_us <= ? AND sent_us >= ?"
            " AND is_deleted <= ? ORDER BY sent_us DESC LIMIT ? OFFSET ?",
            conversation_id,
            newest_us,
            oldest_us,
            int(include_deleted),
            count,
            start,
        )

    async def private_conversation(self, one_id: int, other_id: int) -> int | None:
        """Return the conversation between two users, if they ever had one."""
        row = await self._session.one(
            tuple[int],
            "SELECT id FROM conversations WHERE lower_user_id = ? AND higher_user_id = ?",
            min(one_id, other_id),
            max(one_id, other_id),
        )
        return row[0] if row else None

    async def open_private_conversation(
        self, group_id: int, one_id: int, other_id: int
    ) -> int:
        """Return the conversation between two users, begun if need be."""
        found = await self.private_conversation(one_id, other_id)
        if found is not None:
            return found
        return await self._session.insert(
            "INSERT INTO conversations (group_id, lower_user_id, higher_user_id)"
            " VALUES (?, ?, ?)",
            group_id,
            min(one_id, other_id),
            max(one_id, other_id),
        )

    async def doomed(self, count: int) -> list[DoomedRecord]:
        """Return some messages of deleted rooms."""
        return await self._session.all(
            DoomedRecord,
            "SELECT sequence, files.key FROM rooms JOIN messages"
            " ON messages.conversation_id = rooms.conversation_id"
            " LEFT JOIN files ON files.id = messages.file_id"
            " WHERE rooms.is_deleted = 1 LIMIT ?",
            count,
        )

    async def remove(self, sequences: Iterable[int]) -> None:
        """Remove messages for good."""
        for marks, part in in_parts(sequences):
            await self._session.run(REMOVE + marks, *part)
