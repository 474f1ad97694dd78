"""Searches the messages of one conversation, or of the rooms that the actor may see."""

from __future__ import annotations

import re
from dataclasses import dataclass
from time import monotonic

from hipkit.api.errors import BadRequestError
from hipkit.server.services.access.lookup import check_may_read, list_rooms_by_activity
from hipkit.server.services.context import Context
from hipkit.server.services.representations.timestamps import LATEST_US
from hipkit.server.storage.protocol import ScanTooLongError, Stores
from hipkit.server.storage.stores.messages import MessageRecord
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.server.storage.stores.search import Phrase
from hipkit.server.storage.tokenizer import tokenize

__all__ = [
    "FoundInRooms",
    "FoundMessages",
    "read_phrases",
    "search_messages",
    "search_rooms",
]

MOST_RESULTS = 1000
SEARCH_SECONDS = 2.0
"""How long a search may occupy a reader thread."""

MOST_ROOMS = 100
"""How many rooms are searched at once: those with the latest messages."""
ROOMS_SECONDS = 3.0
"""After how long no further room is searched: a person waits for the results."""

LONGEST_TEXT = 1000
MOST_TOKENS = 32
PART = re.compile(r'"([^"]*)"?|([^"\s]+)')
"""A quoted phrase, whose end may be missing, or a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMessages:
    """A page of search results."""

    messages: list[MessageRecord]
    """Newest first."""
    next_before_us: int | None
    """The next page's `before_us`; `None` on the last page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundInRooms:
    """Search results from several rooms, newest first."""

    messages: list[tuple[RoomRecord, MessageRecord]]
    is_complete: bool
    """Whether every room with messages was searched."""


async def search_messages(
    context: Context,
    conversation_id: int,
    text: str,
    *,
    before_us: int | None = None,
    count: int = 50,
) -> FoundMessages:
    """Return the messages of a conversation that hold every word of a text.

    Words in quotes have to follow each other, and the last word may be the beginning of one.
    Neither case nor accents matter. Every text is accepted; one without words finds nothing.

    Raises:
        NotFoundError: There is no such conversation, or the actor has no part in it.
        ForbiddenError: Its room is private, or not the one that the token is bound to.
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


async def search_rooms(context: Context, text: str, *, count: int) -> FoundInRooms:
    """Return the newest matches of a text in the rooms that the actor may see.

    Raises:
        BadRequestError: A room would take too long, as in `search_messages`.
    """
    rooms = [
        room for room in await list_rooms_by_activity(context) if room.last_active_us
    ]
    found: list[tuple[RoomRecord, MessageRecord]] = []
    searched, ends = 0, monotonic() + ROOMS_SECONDS
    for room in rooms[:MOST_ROOMS]:
        if monotonic() > ends:
            break
        part = await search_messages(context, room.conversation_id, text, count=count)
        found += [(room, message) for message in part.messages]
        searched += 1
    found.sort(key=lambda pair: pair[1].sent_us, reverse=True)
    return FoundInRooms(messages=found[:count], is_complete=searched == len(rooms))


def read_phrases(text: str) -> list[Phrase]:
    """Return the phrases of a search text: each word is one, and each quotation."""
    phrases = []
    left = MOST_TOKENS
    cut = text[:LONGEST_TEXT]
    for match in PART.finditer(cut):
        quoted, bare = match.groups()
        tokens = tokenize(bare if quoted is None else quoted)[:left]
        left -= len(tokens)
        if tokens:
            # Only the last word can still be being typed; a quotation is complete.
            is_last = match.end() == len(cut) and bare is not None
            phrases.append(Phrase(tokens, is_prefix=is_last))
    return phrases
