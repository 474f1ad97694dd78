"""A room's guest page, which anybody with its address may read."""

from __future__ import annotations

from hipkit.server.http.responses import Answer
from hipkit.server.page.history import ConversationView
from hipkit.server.page.streams import Reader
from hipkit.server.page.views.conversations import (
    allow_pictures,
    read_part,
    show_part,
    stream_messages,
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
    found = await _find(visit)
    conversation = _conversation(visit, found)
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
    return await show_part(visit, _conversation(visit, await _find(visit)))


async def follow(visit: Visit) -> Answer:
    """Stream new messages as long as guest access is enabled."""
    found = await _find(visit)
    conversation = _conversation(visit, found)

    async def may_read() -> bool:
        return await is_still_open(visit.context.stores, found)

    reader = Reader(
        guest_key=found.room.guest_key, network=network_of(visit.context.peer)
    )
    return stream_messages(visit, conversation, reader, may_read)


async def _find(visit: Visit) -> GuestRoom:
    key = visit.arguments["key"]
    return await find_guest_room(visit.context.stores, key)


def _conversation(visit: Visit, found: GuestRoom) -> ConversationView:
    return ConversationView(
        group_id=found.room.group_id,
        room_id=found.room.id,
        conversation_id=found.room.conversation_id,
        address=f"/guest/{visit.arguments['key']}",
        oldest_us=found.since_us,
    )


VIEWS = [
    ViewRoute("/guest/{key}", show_room, is_public=True),
    ViewRoute("/guest/{key}/history", show_history, is_public=True),
    ViewRoute("/guest/{key}/feed", follow, is_public=True),
]
