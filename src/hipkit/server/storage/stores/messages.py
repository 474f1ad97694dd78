"""Messages of rooms and private chats, in the order of their timestamps within a conversation."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import astuple

from hipkit.server.storage.stores.session import (
    Record,
    Store,
    in_parts,
    insert,
    select,
)
from hipkit.server.storage.tokenizer import tokenize_message

__all__ = [
    "FILES",
    "JOINED_COLUMNS",
    "MOVE_ON",
    "ConversationRecord",
    "DoomedRecord",
    "MessageRecord",
    "MessageStore",
    "NewMessage",
    "PrivateChatRecord",
]


class NewMessage(Record, frozen=True, array_like=True, kw_only=True):
    """A message to be stored, its members named like their columns.

    `MessageStore.add` chooses its timestamp.
    """

    id: str
    kind: str
    sender_id: int | None
    sender_label: str
    client_id: str | None = None
    body: str
    format: str = "text"
    color: str | None = None
    notify: int = 0
    card: str | None = None
    attach_to: str | None = None
    mentions: str = "{}"
    links: str = "[]"
    emoticons: str = "[]"
    file_id: int | None = None


class MessageRecord(NewMessage, frozen=True, array_like=True, kw_only=True):
    """A stored message, with its file's name, size and key."""

    conversation_id: int
    sent_us: int
    is_deleted: bool
    file_key: str | None
    file_name: str | None
    file_size_bytes: int | None
    file_content_type: str | None


class ConversationRecord(Record, frozen=True, array_like=True):
    """The room or the two users to which a conversation belongs."""

    group_id: int
    room_id: int | None
    lower_user_id: int | None
    higher_user_id: int | None

    @property
    def is_of_a_deleted_room(self) -> bool:
        """Whether its messages are still to be swept."""
        return self.room_id is None and self.lower_user_id is None


class PrivateChatRecord(Record, frozen=True, array_like=True):
    """A private chat as one of the two users sees it."""

    conversation_id: int
    other_id: int
    last_active_us: int


class DoomedRecord(Record, frozen=True, array_like=True):
    """A message of a deleted room, and its file."""

    sequence: int
    file_key: str | None


class AgedRecord(DoomedRecord, frozen=True, array_like=True):
    """A message that may be old, and its file."""

    kind: str
    sent_us: int


FILES = "LEFT JOIN files ON files.id = messages.file_id"
JOINED_COLUMNS = {
    "id": "messages.id",
    "file_key": "files.key",
    "file_name": "files.name",
    "file_size_bytes": "files.size_bytes",
    "file_content_type": "files.content_type",
}
"""Columns of a `MessageRecord` that are named differently in `messages` joined with `FILES`."""

AGED = select(AgedRecord, f"messages {FILES}", file_key="files.key")
COLUMNS = select(MessageRecord, f"messages {FILES}", **JOINED_COLUMNS)
SEQUENCES = (
    "(SELECT sequence FROM messages WHERE conversation_id = ? AND sent_us <= ?"
    " AND sent_us >= ? ORDER BY sent_us DESC LIMIT ? OFFSET ?)"
)
"""Read from the index only: otherwise every skipped message and its file would be read too."""

PAGE_WITH_DELETED = f"{COLUMNS}WHERE sequence IN {SEQUENCES} ORDER BY sent_us DESC"
PAGE = PAGE_WITH_DELETED.replace(">= ?", ">= ? AND is_deleted = 0")
MOVE_ON = (
    "UPDATE conversations SET messages_sent = messages_sent + 1, last_active_us ="
    " CASE WHEN last_active_us >= ? THEN last_active_us + 1 ELSE ? END WHERE id = ?"
)
INSERT = insert("messages", "conversation_id, sent_us", NewMessage)
INSERT_TEXT = insert("message_texts", "sequence, conversation_id, text")


class MessageStore(Store):
    """Reads and writes messages."""

    async def add(self, conversation_id: int, message: NewMessage, now_us: int) -> int:
        """Store a message and return its timestamp.

        That is `now_us`, or just after the conversation's last message where the clock has
        not advanced: timestamps always grow, so reading by date skips and repeats nothing.
        """
        file_name = None
        if message.file_id is not None:
            sql = "SELECT name FROM files WHERE id = ?"
            file_name = await self._value(str, sql, message.file_id)
        text = tokenize_message(message.body, message.format, message.card, file_name)
        return await self._store(conversation_id, message, text, now_us)

    async def _store(
        self, conversation_id: int, message: NewMessage, text: str, now_us: int
    ) -> int:
        """Choose the timestamp, and store a message with what it is found by."""
        # The conversation's row is the only place where order is decided: its timestamp grows by
        # at least one with every message, in the transaction that takes the next sequence number.
        # Search relies on both growing together.
        sql = MOVE_ON + " RETURNING last_active_us"
        last_us = await self._value(int, sql, now_us, now_us, conversation_id)
        sent_us = last_us or now_us
        values = (conversation_id, sent_us, *astuple(message))
        sequence = await self._insert(INSERT, *values)
        if text:
            await self._run(INSERT_TEXT, sequence, conversation_id, text)
        return sent_us

    async def get(self, conversation_id: int, message_id: str) -> MessageRecord | None:
        """Return one message of a conversation."""
        sql = COLUMNS + "WHERE messages.id = ? AND conversation_id = ?"
        return await self._one(MessageRecord, sql, message_id, conversation_id)

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
        """Return the messages between two timestamps, both included, newest first."""
        sql = PAGE_WITH_DELETED if include_deleted else PAGE
        values = (conversation_id, newest_us, oldest_us, count, start)
        return await self._all(MessageRecord, sql, *values)

    async def find(self, message_id: str) -> MessageRecord | None:
        """Return a message of any conversation."""
        sql = COLUMNS + "WHERE messages.id = ?"
        return await self._one(MessageRecord, sql, message_id)

    async def conversation(self, conversation_id: int) -> ConversationRecord | None:
        """Return to whom a conversation belongs; a deleted room's belongs to nobody."""
        sql = (
            "SELECT conversations.group_id, rooms.id, lower_user_id, higher_user_id"
            " FROM conversations LEFT JOIN rooms"
            " ON rooms.conversation_id = conversations.id AND rooms.is_deleted = 0"
            " WHERE conversations.id = ?"
        )
        return await self._one(ConversationRecord, sql, conversation_id)

    async def after(
        self, conversation_id: int, after_us: int, *, count: int
    ) -> list[MessageRecord]:
        """Return the first messages after a timestamp, oldest first, deleted ones too."""
        sql = (
            COLUMNS
            + "WHERE conversation_id = ? AND sent_us > ? ORDER BY sent_us LIMIT ?"
        )
        return await self._all(MessageRecord, sql, conversation_id, after_us, count)

    async def last_guest_access(self, conversation_id: int) -> MessageRecord | None:
        """Return the message by which guest access was last switched on or off."""
        sql = (
            COLUMNS + "WHERE conversation_id = ? AND kind = 'guest_access'"
            " ORDER BY sent_us DESC LIMIT 1"
        )
        return await self._one(MessageRecord, sql, conversation_id)

    async def private_conversation(self, one_id: int, other_id: int) -> int | None:
        """Return the conversation between two users, if they ever had one."""
        sql = "SELECT id FROM conversations WHERE lower_user_id = ? AND higher_user_id = ?"
        return await self._value(int, sql, *sorted((one_id, other_id)))

    async def open_private_conversation(
        self, group_id: int, one_id: int, other_id: int
    ) -> int:
        """Return the conversation between two users, created if there is none."""
        found = await self.private_conversation(one_id, other_id)
        if found is not None:
            return found
        sql = "INSERT INTO conversations (group_id, lower_user_id, higher_user_id) VALUES (?, ?, ?)"
        return await self._insert(sql, group_id, *sorted((one_id, other_id)))

    async def private_chats(
        self, user_id: int, *, count: int
    ) -> list[PrivateChatRecord]:
        """Return the private chats of a user that hold messages, the latest first."""
        # A UNION of two and no OR, so that each half has an index. It drops the second row of a
        # chat with oneself.
        sql = (
            "SELECT id, higher_user_id, last_active_us FROM conversations"
            " WHERE lower_user_id = ? AND last_active_us IS NOT NULL"
            " UNION SELECT id, lower_user_id, last_active_us FROM conversations"
            " WHERE higher_user_id = ? AND last_active_us IS NOT NULL"
            " ORDER BY last_active_us DESC LIMIT ?"
        )
        return await self._all(PrivateChatRecord, sql, user_id, user_id, count)

    async def doomed(self, count: int) -> list[DoomedRecord]:
        """Return some messages of deleted rooms."""
        sql = (
            "SELECT sequence, files.key FROM rooms JOIN messages"
            " ON messages.conversation_id = rooms.conversation_id"
            " LEFT JOIN files ON files.id = messages.file_id"
            " WHERE rooms.is_deleted = 1 LIMIT ?"
        )
        return await self._all(DoomedRecord, sql, count)

    async def oldest(self, *, after: int, count: int) -> list[AgedRecord]:
        """Return the messages that were stored first, of those after a sequence number."""
        sql = AGED + "WHERE sequence > ? ORDER BY sequence LIMIT ?"
        return await self._all(AgedRecord, sql, after, count)

    async def remove(self, sequences: Iterable[int]) -> None:
        """Delete messages and their search texts."""
        for marks, part in in_parts(sequences):
            for table in ("message_texts", "messages"):
                sql = f"DELETE FROM {table} WHERE sequence IN {marks}"  # noqa: S608 - names of ours
                await self._run(sql, *part)
