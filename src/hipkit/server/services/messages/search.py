"""Finds messages of one conversation by their words, newest first."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hipkit.api.errors import BadRequestError
from hipkit.server.services.access.lookup import check_may_read
from hipkit.server.services.context import Context
from hipkit.server.services.representations.timestamps import LATEST_US
from hipkit.server.storage.protocol import ScanTooLongError, Stores
from hipkit.server.storage.stores.messages import MessageRecord
from hipkit.server.storage.stores.search import Phrase
from hipkit.server.storage.tokenizer import words_in

__all__ = ["FoundMessages", "read_phrases", "search_messages"]

MOST_RESULTS = 1000
SEARCH_SECONDS = 2.0
"""How long a search may keep others from the reader thread."""

LONGEST_TEXT = 1000
MOST_WORDS = 32
PART = re.compile(r'"([^"]*)"?|([^"\s]+)')
"""A quoted phrase, whose end may be missing, or a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMessages:
    """A page of what was found."""

    messages: list[MessageRecord]
    """Newest first."""
    next_before_us: int | None
    """With this as `before_us` the next page comes; `None` where this is the last."""


async def search_messages(
    context: Context,
    conversation_id: int,
    text: str,
    *,
    before_us: int | None = None,
    count: int = 50,
) -> FoundMessages:
    """Find the messages of a conversation that hold every word of a text.

    What stands in quotes has to stand so in the message, and the last word may go on there.
    Neither case nor accents matter, and no text is a mistake; one without words finds nothing.

    Raises:
        NotFoundError: There is no such conversation, or the caller has no part in it.
        ForbiddenError: Its room is private, or not the one that the token is good for.
        BadRequestError: It would take too long, because the words are in too many messages.
    """
    await check_may_read(context.stores, context.actor, conversation_id)
    phrases = read_phrases(text)
    if not phrases:
        return FoundMessages(messages=[], next_before_us=None)
    size = max(1, min(count, MOST_RESULTS))

    async def query(stores: Stores) -> list[MessageRecord]:
        return await stores.search.page(
            conversation_id,
            phrases,
            before_us=LATEST_US if before_us is None else min(before_us, LATEST_US),
            count=size + 1,
        )

    try:
        found = await context.runtime.database.scan(query, seconds=SEARCH_SECONDS)
    except ScanTooLongError:
        raise BadRequestError(
            "The search takes too long: use more words, or longer ones"
        ) from None
    page = found[:size]
    has_more = len(found) > size
    return FoundMessages(
        messages=page, next_before_us=page[-1].sent_us if has_more else None
    )


def read_phrases(text: str) -> list[Phrase]:
    """Return what to look for: every word for itself, and phrases as they are quoted."""
    phrases = []
    left = MOST_WORDS
    cut = text[:LONGEST_TEXT]
    for match in PART.finditer(cut):
        quoted, bare = match.groups()
        words = words_in(bare if quoted is None else quoted)[:left]
        left -= len(words)
        if words:
            # Only what is still being typed may go on: the last word, not a closed quote.
            is_last = match.end() == len(cut) and not match[0].endswith('"')
            phrases.append(Phrase(words, is_begun=is_last and bare is not None))
    return phrases
