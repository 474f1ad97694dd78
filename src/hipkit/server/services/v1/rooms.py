"""Handles API v1's operations on rooms and their messages by v2's services."""

from __future__ import annotations

from hipkit.server.services.access.lookup import find_room
from hipkit.server.services.context import Context
from hipkit.server.services.messages import posting as room_messages
from hipkit.server.services.registry import handles
from hipkit.server.services.representations.expansion import Expansion
from hipkit.server.services.rooms import changes, members, rooms
from hipkit.server.services.v1.lists import all_items, messages_of
from hipkit.server.services.v1.representations import (
    message_in_history,
    room_in_full,
    room_in_list,
)
from hipkit.v1.models import Deletion, Done, MessageList, RoomEnvelope, RoomList, Sent
from hipkit.v1.rooms import (
    RoomsCreate,
    RoomsDelete,
    RoomsHistory,
    RoomsList,
    RoomsMessage,
    RoomsMessageByGet,
    RoomsShow,
    RoomsTopic,
)
from hipkit.v2.rooms import (
    CreateRoom,
    GetAllMembers,
    GetAllRooms,
    GetRoom,
    SendRoomNotification,
    SetTopic,
)

__all__ = [
    "rooms_create",
    "rooms_delete",
    "rooms_history",
    "rooms_list",
    "rooms_message",
    "rooms_show",
    "rooms_topic",
]


@handles(RoomsList)
async def rooms_list(context: Context, request: RoomsList) -> RoomList:
    """List rooms."""
    everything = GetAllRooms(include_archived=True, expand=["items"])
    found = await all_items(context, rooms.get_all_rooms, everything)
    return RoomList(rooms=[room_in_list(room) for room in found])


@handles(RoomsShow)
async def rooms_show(context: Context, request: RoomsShow) -> RoomEnvelope:
    """Return a room with its participants, and a private room's members."""
    # Not as `get_room`, which makes what a sender names: it is only read.
    stores = context.stores
    found_room = await find_room(stores, context.actor, request.room_id)
    room = await rooms.full_room(context, stores, found_room, Expansion())
    member_ids = None
    if room.privacy == "private":
        of_room = GetAllMembers(room.id)
        found = await all_items(context, members.get_all_members, of_room)
        member_ids = [user.id for user in found]
    return RoomEnvelope(room=room_in_full(room, room.participants or (), member_ids))


@handles(RoomsCreate)
async def rooms_create(context: Context, request: RoomsCreate) -> RoomEnvelope:
    """Create a room."""
    created = await changes.create_room(
        context,
        CreateRoom(
            name=request.name,
            owner_user_id=request.owner_user_id,
            privacy=request.privacy,
            topic=request.topic,
            guest_access=request.guest_access == 1,
        ),
    )
    room = await rooms.get_room(context, GetRoom(created.id))
    return RoomEnvelope(room=room_in_full(room))


@handles(RoomsDelete)
async def rooms_delete(context: Context, request: RoomsDelete) -> Deletion:
    """Delete a room."""
    await changes.remove_room(context, request.room_id)
    return Deletion(deleted=True)


@handles(RoomsMessage)
@handles(RoomsMessageByGet)
async def rooms_message(
    context: Context, request: RoomsMessage | RoomsMessageByGet
) -> Sent:
    """Post a message, as v2's notifications are posted."""
    await room_messages.send_room_notification(
        context,
        SendRoomNotification(
            request.room_id,
            message=request.message,
            from_=request.from_,
            message_format=request.message_format,
            notify=request.notify == 1,
            color=request.color,
        ),
    )
    return Sent(status="sent")


@handles(RoomsTopic)
async def rooms_topic(context: Context, request: RoomsTopic) -> Done:
    """Change a room's topic."""
    topic = SetTopic(request.room_id, topic=request.topic)
    await room_messages.set_topic(context, topic, sender_label=request.from_ or "API")
    return Done(status="ok")


@handles(RoomsHistory)
async def rooms_history(context: Context, request: RoomsHistory) -> MessageList:
    """List a day's messages, or the latest ones."""
    found = await messages_of(context, request.room_id, request.date, request.timezone)
    return MessageList(messages=[message_in_history(message) for message in found])
