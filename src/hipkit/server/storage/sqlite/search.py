"""Searching in SQLite: the index of FTS5 over the words that `MessageStore` stores.

FTS5 writes its part of a transaction out at every savepoint, and each command has one. So the
commands leave the index alone, and it follows what they did just before the commit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from hipkit.server.storage.stores.message_text import message_text
from hipkit.server.storage.stores.messages import COLUMNS, FILES, MessageRecord
from hipkit.server.storage.stores.search import Phrase
from hipkit.server.storage.stores.session import Session

__all__ = ["SqliteSearchStore", "add_search_functions", "update_index"]


class SqliteSearchStore:
    """A `SearchStore` over FTS5."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def page(
        self,
        conversation_id: int,
        phrases: Iterable[Phrase],
        *,
        before_us: int,
        count: int,
    ) -> list[MessageRecord]:
        """Return a conversation's messages with every one of the phrases, newest first."""
        newest = await self._session.one(
            tuple[int],
            "SELECT sequence FROM messages WHERE conversation_id = ? AND sent_us < ?"
            " ORDER BY sent_us DESC LIMIT 1",
            conversation_id,
            before_us,
        )
        if newest is None:
            return []
        # Later messages of a conversation have higher numbers, so the index gives them in
        # order; CROSS JOIN keeps it the outer loop, which can end as soon as enough is found.
        return await self._session.all(
            MessageRecord,
            COLUMNS + " FROM message_words CROSS JOIN messages"
            " ON messages.sequence = message_words.rowid"
            + FILES
            + "WHERE message_words"
            " MATCH ? AND message_words.rowid <= ? AND is_deleted = 0"
            " ORDER BY message_words.rowid DESC LIMIT ?",
            _expression(conversation_id, phrases),
            newest[0],
            count,
        )


def add_search_functions(connection: sqlite3.Connection) -> None:
    """Give migrations the function that finds the words of a message."""
    connection.create_function("message_text", 4, message_text, deterministic=True)


def update_index(connection: sqlite3.Connection) -> None:
    """Bring the index up to what the transaction stored and removed.

    Raises:
        sqlite3.Error: The database cannot be written.
    """
    removed = connection.execute(
        "INSERT INTO message_words (message_words, rowid, text, place)"
        " SELECT 'delete', sequence, text, place FROM message_words_removed"
    )
    if removed.rowcount:
        connection.execute("DELETE FROM message_words_removed")
    added = connection.execute(
        "INSERT INTO message_words (rowid, text, place)"
        " SELECT sequence, text, place FROM message_words_source"
        " WHERE sequence > (SELECT last_sequence FROM message_words_progress)"
        " ORDER BY sequence"
    )
    if added.rowcount:
        connection.execute(
            "UPDATE message_words_progress SET last_sequence ="
            " (SELECT max(sequence) FROM message_texts)"
        )


def _expression(conversation_id: int, phrases: Iterable[Phrase]) -> str:
    """Return what FTS5 is asked for. Words are letters and digits: none ends its quotes."""
    parts = [f'place : "c{conversation_id}"']
    for phrase in phrases:
        words = " ".join(phrase.words)
        parts.append(f'text : "{words}"' + (" *" if phrase.is_begun else ""))
    return " AND ".join(parts)
