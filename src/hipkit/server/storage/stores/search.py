"""Finds messages by their text. How depends on the database; what is found does not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from hipkit.server.storage.stores.messages import MessageRecord

__all__ = ["Phrase", "SearchStore"]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Tokens that follow each other in this order."""

    tokens: Sequence[str]
    """At least one, folded by `tokenize`."""
    is_prefix: bool = False
    """Whether the last token is the beginning of one."""


class SearchStore(Protocol):
    """Searches what `MessageStore` has written.

    The index belongs to the transaction that stores a message: one that is committed is found,
    and one that is rolled back is not.
    """

    async def page(
        self,
        conversation_id: int,
        phrases: Iterable[Phrase],
        *,
        before_us: int,
        count: int,
    ) -> list[MessageRecord]:
        """Return a conversation's messages that have every one of the phrases, newest first.

        All are older than `before_us`; deleted messages are not among them.
        """
