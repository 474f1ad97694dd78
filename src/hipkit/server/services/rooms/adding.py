"""Adds a room: what everything that makes rooms does in its command."""

from __future__ import annotations

from hipkit.server.services.access.lookup import OWNER_ROLES
from hipkit.server.services.context import Context
from hipkit.server.services.rooms.publishing import enter_room, publish_room_event
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.rooms import NewRoom, RoomRecord

__all__ = ["insert_room"]


async def insert_room(
    context: Context, stores: Stores, new: NewRoom, *, room_id: int | None = None
) -> RoomRecord:
    """Within a command: store a room with its owner in it, publish that, and return the room.

    The caller has checked that no other room has the name or the id.
    """
    added_id = await stores.rooms.add(new, context.now_us, room_id=room_id)
    if new.privacy == "private":
        await stores.members.set_member(added_id, new.owner_id, OWNER_ROLES)
    room = await stores.rooms.get(added_id)
    if room is None:
        raise RuntimeError("a room was added and is not there")
    await publish_room_event(context, stores, room, "room_created")
    await enter_room(context, stores, room, new.owner_id, context.now_us)
    return room
