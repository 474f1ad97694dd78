"""Finding messages by their words. How depends on the database; what is found does not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from hipkit.server.storage.stores.messages import MessageRecord

__all__ = ["Phrase", "SearchStore"]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that stand beside each other in this order."""

    words: Sequence[str]
    """At least one, folded by `words_in`."""
    is_begun: bool = False
    """Whether the last word may go on."""


class SearchStore(Protocol):
    """Reads what `MessageStore` has written; a message is found once it is stored."""

    async def page(
        self,
        conversation_id: int,
        phrases: Iterable[Phrase],
        *,
        before_us: int,
        count: int,
    ) -> list[MessageRecord]:
        """Return a conversation's messages with every one of the phrases, newest first.

        All are older than `before_us`; deleted messages are not among them.
        """
