"""A room's guest page, which anybody with its address may read."""

from __future__ import annotations

from functools import partial

from hipkit.server.http.responses import Answer
from hipkit.server.page.history import ConversationView
from hipkit.server.page.streams.stream import Reader
from hipkit.server.page.views.conversations import (
    allow_pictures,
    conversation_of,
    open_stream,
    read_part,
    show_part,
)
from hipkit.server.page.visit import ViewRoute, Visit
from hipkit.server.services.rooms.guests import (
    GuestRoom,
    find_guest_room,
    is_still_open,
)
from hipkit.server.shared.limits import network_of

__all__ = ["VIEWS"]


async def show_room(visit: Visit) -> Answer:
    """Show a room's messages since guest access was enabled."""
    found, conversation = await _find(visit)
    answer = visit.part(
        "guest.html",
        room=found.room,
        conversation=conversation,
        part=await read_part(visit, conversation),
        at=visit.query("at"),
    )
    return allow_pictures(visit, answer)


async def show_history(visit: Visit) -> Answer:
    """Show the part of the history that adjoins what the reader has."""
    _, conversation = await _find(visit)
    return await show_part(visit, conversation)


async def follow(visit: Visit) -> Answer:
    """Stream new messages as long as guest access is enabled."""
    found, conversation = await _find(visit)
    may_read = partial(is_still_open, visit.context.stores, found)
    network = network_of(visit.context.peer)
    reader = Reader(guest_key=found.room.guest_key, network=network)
    return open_stream(visit, conversation, reader, may_read)


async def _find(visit: Visit) -> tuple[GuestRoom, ConversationView]:
    key = visit.arguments["key"]
    found = await find_guest_room(visit.context.stores, key)
    return found, conversation_of(
        found.room, guest_page=f"/guest/{key}", oldest_us=found.since_us
    )


VIEWS = [
    ViewRoute("/guest/{key}", show_room, is_public=True),
    ViewRoute("/guest/{key}/history", show_history, is_public=True),
    ViewRoute("/guest/{key}/feed", follow, is_public=True),
]
