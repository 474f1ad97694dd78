"""Finding messages by their words, in one room or in all that a person may see."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

from markupsafe import Markup, escape

from hipkit.api.errors import BadRequestError
from hipkit.server.http.responses import Answer
from hipkit.server.page.rendering import SenderView, plain_text, sender_view
from hipkit.server.page.sidebar import list_sidebar
from hipkit.server.page.visit import Visit, view
from hipkit.server.services.access.lookup import find_room
from hipkit.server.services.context import Context
from hipkit.server.services.messages.message import users_of
from hipkit.server.services.messages.search import read_phrases, search_messages
from hipkit.server.storage.stores.messages import MessageRecord
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.server.storage.stores.search import Phrase
from hipkit.server.storage.tokenizer import tokenize

__all__ = ["VIEWS", "highlight"]

MOST_HITS = 50
MOST_ROOMS = 100
"""Searched at once, those where something was said last."""
MOST_SECONDS = 3.0

WORD = re.compile(r"\w+")
BEFORE_CHARACTERS = 100
SHOWN_CHARACTERS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class HitView:
    """A message that was found."""

    room: RoomRecord
    message: MessageRecord
    sender: SenderView
    text: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    hits: Sequence[tuple[RoomRecord, MessageRecord]]
    next_before: int | None
    """Where the next page begins; only a single room has one."""
    is_whole: bool
    """Whether every room in which something was said was searched."""


async def show_search(visit: Visit) -> Answer:
    """Show what was found."""
    text, context = visit.query("q").strip(), visit.context
    room = None
    if reference := visit.query("room"):
        room = await find_room(context.stores, context.actor, reference)
    found, problem = NOTHING, None
    if text:
        try:
            found = await _search(visit, text, room)
        except BadRequestError as error:
            problem = error.message
    people = await users_of(context.stores, [message for _, message in found.hits])
    phrases = read_phrases(text)
    hits = [
        HitView(
            room=place,
            message=message,
            sender=sender_view(message, people),
            text=highlight(plain_text(message), phrases),
        )
        for place, message in found.hits
    ]
    return await visit.page(
        "search.html", text=text, room=room, hits=hits, found=found, problem=problem
    )


async def _search(visit: Visit, text: str, room: RoomRecord | None) -> _Found:
    if room is None:
        return await _search_rooms(visit.context, text)
    before = visit.query("before")
    found = await search_messages(
        visit.context,
        room.conversation_id,
        text,
        before_us=int(before) if re.fullmatch("[0-9]{1,18}", before) else None,
        count=MOST_HITS,
    )
    return _Found(
        hits=[(room, message) for message in found.messages],
        next_before=found.next_before_us,
        is_whole=True,
    )


async def _search_rooms(context: Context, text: str) -> _Found:
    """Search room after room, within a time that a person waits."""
    rooms = sorted(
        (room for room in await list_sidebar(context) if room.last_active_us),
        key=lambda room: room.last_active_us or 0,
        reverse=True,
    )
    hits: list[tuple[RoomRecord, MessageRecord]] = []
    ends = monotonic() + MOST_SECONDS
    searched = 0
    for room in rooms[:MOST_ROOMS]:
        if monotonic() > ends:
            break
        found = await search_messages(
            context, room.conversation_id, text, count=MOST_HITS
        )
        hits += [(room, message) for message in found.messages]
        searched += 1
    hits.sort(key=lambda hit: hit[1].sent_us, reverse=True)
    return _Found(
        hits=hits[:MOST_HITS], next_before=None, is_whole=searched == len(rooms)
    )


def highlight(text: str, phrases: Sequence[Phrase]) -> Markup:
    """Return the part of a text around the first hit, every word that was looked for marked."""
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
NOTHING = _Found(hits=(), next_before=None, is_whole=True)

VIEWS = [view("/search", show_search, for_guests=True)]
