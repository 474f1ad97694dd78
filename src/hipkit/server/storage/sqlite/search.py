"""Search in SQLite: an FTS5 index over the tokens that `MessageStore` stores.

FTS5 writes its pending changes out at every savepoint, and each command has one. Indexing within
commands would so cost a write for every message. The index is brought up to date once, just before
the commit, within the same transaction: a crash leaves both the messages and the index, or neither.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from hipkit.server.storage.stores.messages import FILES, JOINED_COLUMNS, MessageRecord
from hipkit.server.storage.stores.search import Phrase
from hipkit.server.storage.stores.session import Store, select
from hipkit.server.storage.tokenizer import tokenize_message

__all__ = ["UPDATE_INDEX", "SqliteSearchStore", "add_search_functions"]

UPDATE_INDEX = (
    "INSERT INTO message_words (message_words, rowid, text, place)"
    " SELECT 'delete', sequence, text, place FROM message_words_removed",
    "DELETE FROM message_words_removed",
    "INSERT INTO message_words (rowid, text, place)"
    " SELECT sequence, text, place FROM message_words_source"
    " WHERE sequence > (SELECT last_sequence FROM message_words_progress)"
    " ORDER BY sequence",
    "UPDATE message_words_progress SET last_sequence = newest FROM"
    " (SELECT max(sequence) AS newest FROM message_texts) WHERE last_sequence < newest",
)
"""Brings the index up to what a transaction stored and removed, at its end."""


# Within a conversation later messages have higher sequence numbers, so the index returns matches
# in their order. CROSS JOIN keeps it the outer loop, which ends after `count` rows; SQLite might
# otherwise read and sort every message of the conversation.
FOUND = select(
    MessageRecord,
    "message_words CROSS JOIN messages ON messages.sequence = message_words.rowid"
    f" {FILES} WHERE message_words MATCH ? AND message_words.rowid <= ? AND is_deleted = 0"
    " ORDER BY message_words.rowid DESC LIMIT ?",
    **JOINED_COLUMNS,
)


class SqliteSearchStore(Store):
    """A `SearchStore` over FTS5."""

    async def page(
        self,
        conversation_id: int,
        phrases: Iterable[Phrase],
        *,
        before_us: int,
        count: int,
    ) -> list[MessageRecord]:
        """Return a conversation's messages with every one of the phrases, newest first."""
        sql = (
            "SELECT sequence FROM messages WHERE conversation_id = ? AND sent_us < ?"
            " ORDER BY sent_us DESC LIMIT 1"
        )
        newest = await self._value(int, sql, conversation_id, before_us)
        if newest is None:
            return []
        expression = _expression(conversation_id, phrases)
        return await self._all(MessageRecord, FOUND, expression, newest, count)


def add_search_functions(connection: sqlite3.Connection) -> None:
    """Add the function by which a migration tokenizes stored messages."""
    connection.create_function("message_text", 4, tokenize_message, deterministic=True)


def _expression(conversation_id: int, phrases: Iterable[Phrase]) -> str:
    """Return a query for FTS5. Tokens are letters and digits: none can end its quotes."""
    parts = [f'place : "c{conversation_id}"']
    for phrase in phrases:
        tokens = " ".join(phrase.tokens)
        parts.append(f'text : "{tokens}"' + (" *" if phrase.is_prefix else ""))
    return " AND ".join(parts)
