"""Search in PostgreSQL: a GIN index over the tokens that `MessageStore` stores.

The index has the words of a message without their places, and its conversation as one more word.
So it finds the messages with all the words of all phrases; whether those stand together is then
looked for in the text. PostgreSQL's own places would not do: a `tsvector` has none beyond 16,383,
and no more than 256 of one word.
"""

from __future__ import annotations

from collections.abc import Iterable

from hipkit.server.storage.stores.messages import FILES, JOINED_COLUMNS, MessageRecord
from hipkit.server.storage.stores.search import Phrase
from hipkit.server.storage.stores.session import Store, Value, select

__all__ = ["PostgresSearchStore"]

# As the migration that creates the index says it.
WORDS = (
    "array_to_tsvector(string_to_array(message_texts.text, ' ')"
    " || ('#' || message_texts.conversation_id::text))"
)
FOUND = select(
    MessageRecord,
    "messages JOIN message_texts ON message_texts.sequence = messages.sequence"
    f" {FILES} WHERE messages.conversation_id = ? AND messages.sent_us < ?"
    f" AND is_deleted = 0 AND {WORDS} @@ ?::tsquery",
    **JOINED_COLUMNS,
    conversation_id="messages.conversation_id",
)
TOGETHER = " AND strpos(' ' || message_texts.text || ' ', ?) > 0"
NEWEST = " ORDER BY messages.sent_us DESC LIMIT ?"


class PostgresSearchStore(Store):
    """A `SearchStore` over a GIN index."""

    async def page(
        self,
        conversation_id: int,
        phrases: Iterable[Phrase],
        *,
        before_us: int,
        count: int,
    ) -> list[MessageRecord]:
        """Return a conversation's messages with every one of the phrases, newest first."""
        phrases = list(phrases)
        together = [_as_text(phrase) for phrase in phrases if len(phrase.tokens) > 1]
        values: list[Value] = [conversation_id, before_us]
        values += [_query(conversation_id, phrases), *together, count]
        sql = FOUND + TOGETHER * len(together) + NEWEST
        return await self._all(MessageRecord, sql, *values)


def _query(conversation_id: int, phrases: Iterable[Phrase]) -> str:
    """Return a `tsquery`. Tokens are letters and digits: none can end its quotes."""
    parts = [f"'#{conversation_id}'"]
    for phrase in phrases:
        parts += [f"'{token}'" for token in phrase.tokens]
        if phrase.is_prefix:
            parts[-1] += ":*"
    return " & ".join(parts)


def _as_text(phrase: Phrase) -> str:
    """Return how a phrase stands in a text that has a space before and after every token."""
    return f" {' '.join(phrase.tokens)}" + ("" if phrase.is_prefix else " ")
