"""Searches messages: in one room or private chat, or in all rooms that the user may see."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markupsafe import Markup, escape

from hipkit.api.errors import BadRequestError
from hipkit.server.http.responses import Answer
from hipkit.server.page.rendering import SenderView, plain_text, sender_view
from hipkit.server.page.visit import ViewRoute, Visit
from hipkit.server.services.access.lookup import find_room
from hipkit.server.services.messages.message import users_of
from hipkit.server.services.messages.private_chats import open_private_chat
from hipkit.server.services.messages.search import (
    read_phrases,
    search_messages,
    search_rooms,
)
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.messages import MessageRecord
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.server.storage.stores.search import Phrase
from hipkit.server.storage.tokenizer import tokenize

__all__ = ["VIEWS", "highlight"]

MOST_HITS = 50

WORD = re.compile(r"\w+")
BEFORE_CHARACTERS = 100
SHOWN_CHARACTERS = 400


async def show_search(visit: Visit) -> Answer:
    """Show the search form, and the messages that were found."""
    text, context = visit.query("q").strip(), visit.context
    room, chat, problem = None, None, None
    if reference := visit.query("room"):
        room = await find_room(context.stores, context.actor, reference)
    elif visit.query("chat"):
        chat = await open_private_chat(context, visit.query_number("chat"))
    place = room or chat
    found: list[tuple[RoomRecord | None, MessageRecord]] = []
    next_before, is_complete = None, True
    try:
        if text and place is not None:
            before_us = visit.query_number("before") or None
            conversation_id = place.conversation_id
            page = await search_messages(
                context, conversation_id, text, before_us=before_us, count=MOST_HITS
            )
            found = [(room, message) for message in page.messages]
            next_before = page.next_before_us
        elif text:
            in_rooms = await search_rooms(context, text, count=MOST_HITS)
            found, is_complete = list(in_rooms.messages), in_rooms.is_complete
    except BadRequestError as error:
        problem = error.message
    within = {"room": room.id} if room else {"chat": chat.other.id} if chat else {}
    return await visit.page(
        "search.html",
        problem=problem,
        text=text,
        room=room,
        chat=chat,
        within=within,
        hits=await _hits(context.stores, found, read_phrases(text)),
        older=next_before and {**within, "q": text, "before": next_before},
        is_complete=is_complete,
    )


async def _hits(
    stores: Stores,
    found: Sequence[tuple[RoomRecord | None, MessageRecord]],
    phrases: Sequence[Phrase],
) -> list[tuple[RoomRecord | None, MessageRecord, SenderView, Markup]]:
    people = await users_of(stores, [message for _, message in found])
    return [
        (
            room,
            message,
            sender_view(message, people),
            highlight(plain_text(message), phrases),
        )
        for room, message in found
    ]


def highlight(text: str, phrases: Sequence[Phrase]) -> Markup:
    """Return the part of a text around the first match, with all matches marked."""
    whole = {token for phrase in phrases for token in phrase.tokens}
    prefixes = tuple(phrase.tokens[-1] for phrase in phrases if phrase.is_prefix)
    hits = [
        match
        for match in WORD.finditer(text)
        if any(
            token in whole or (prefixes and token.startswith(prefixes))
            for token in tokenize(match.group())
        )
    ]
    start = max(0, hits[0].start() - BEFORE_CHARACTERS) if hits else 0
    end = min(len(text), start + SHOWN_CHARACTERS)
    pieces = [Markup("…") if start else Markup("")]
    done = start
    for hit in hits:
        if hit.end() > end:
            break
        pieces += [escape(text[done : hit.start()]), MARK.format(hit.group())]
        done = hit.end()
    pieces += [escape(text[done:end]), Markup("…") if end < len(text) else Markup("")]
    return Markup("").join(pieces)


MARK = Markup("<mark>{0}</mark>")

VIEWS = [ViewRoute("/search", show_search, for_guests=True)]
