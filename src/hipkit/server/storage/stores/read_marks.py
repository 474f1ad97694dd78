"""Up to which message users have read conversations, and the messages after that."""

from __future__ import annotations

from hipkit.server.storage.stores.session import Record, Store, insert, select

__all__ = ["CountedRecord", "ReadMarkRecord", "ReadMarkStore"]


class ReadMarkRecord(Record, frozen=True, array_like=True):
    """Up to which timestamp a user has read a conversation. Its id is new whenever it moves."""

    id: int
    user_id: int
    conversation_id: int
    read_us: int


class CountedRecord(Record, frozen=True, array_like=True):
    """What decides whether and how a message counts as unread."""

    sequence: int
    conversation_id: int
    sent_us: int
    kind: str
    sender_id: int | None
    notify: bool
    mentions: str
    is_deleted: bool


MARKS = select(ReadMarkRecord, "read_marks")
COUNTED = select(CountedRecord, "messages")
INSERT = insert("read_marks", "user_id, conversation_id, read_us")
LATEST_AFTER = (
    COUNTED + "WHERE conversation_id = ? AND sent_us > ? ORDER BY sent_us DESC LIMIT ?"
)
NEWEST_OF_ALL = COUNTED + "WHERE sequence > ? ORDER BY sequence LIMIT ?"


class ReadMarkStore(Store):
    """Reads and writes marks, and reads of messages what counting needs."""

    async def begin_us(self) -> int:
        """Return the timestamp up to which everything counts as read, without any mark."""
        return await self._value(int, "SELECT sent_us FROM read_marks_begin") or 0

    async def of_user(self, user_id: int) -> dict[int, int]:
        """Return the timestamps up to which a user has read, by conversation."""
        sql = "SELECT conversation_id, read_us FROM read_marks WHERE user_id = ?"
        return dict(await self._all(tuple[int, int], sql, user_id))

    async def get(self, user_id: int, conversation_id: int) -> int | None:
        """Return the timestamp up to which a user has read a conversation."""
        sql = "SELECT read_us FROM read_marks WHERE user_id = ? AND conversation_id = ?"
        return await self._value(int, sql, user_id, conversation_id)

    async def set(self, user_id: int, conversation_id: int, read_us: int) -> None:
        """Store a mark in place of an earlier one."""
        # An update would keep the id, by which all processes see that the mark has moved.
        sql = "DELETE FROM read_marks WHERE user_id = ? AND conversation_id = ?"
        await self._run(sql, user_id, conversation_id)
        await self._insert(INSERT, user_id, conversation_id, read_us)

    async def newest(self) -> int:
        """Return the id of the mark that was moved last; 0 where there is none."""
        return await self._value(int, "SELECT MAX(id) FROM read_marks") or 0

    async def after(self, number: int, *, count: int) -> list[ReadMarkRecord]:
        """Return the marks with ids after a number, in their order."""
        sql = MARKS + "WHERE id > ? ORDER BY id LIMIT ?"
        return await self._all(ReadMarkRecord, sql, number, count)

    async def messages_after(
        self, conversation_id: int, read_us: int, *, count: int
    ) -> list[CountedRecord]:
        """Return a conversation's latest messages after a timestamp, the newest first."""
        values = (conversation_id, read_us, count)
        return await self._all(CountedRecord, LATEST_AFTER, *values)

    async def last_message_us(self, conversation_id: int) -> int:
        """Return the timestamp of a conversation's last message; 0 where there is none."""
        sql = "SELECT last_active_us FROM conversations WHERE id = ?"
        return await self._value(int, sql, conversation_id) or 0

    async def newest_message(self) -> int:
        """Return the sequence number of the last message of all; 0 where there is none."""
        return await self._value(int, "SELECT MAX(sequence) FROM messages") or 0

    async def new_messages(self, sequence: int, *, count: int) -> list[CountedRecord]:
        """Return the messages of all conversations after a sequence number, oldest first."""
        return await self._all(CountedRecord, NEWEST_OF_ALL, sequence, count)
