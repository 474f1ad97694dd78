"""Guests: who has a room's guest address reads along, for as long as guest access is on."""

from __future__ import annotations

from dataclasses import dataclass

from hipkit.api.errors import NotFoundError
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.rooms import RoomRecord

__all__ = ["GuestRoom", "find_guest_room"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestRoom:
    """A room as its guests see it."""

    room: RoomRecord
    since_us: int
    """When guest access was switched on; nothing from before is for guests."""


async def find_guest_room(stores: Stores, key: str) -> GuestRoom:
    """Return the room that guests enter by a key.

    Raises:
        NotFoundError: Nobody enters by it, or not any more.
    """
    room = await stores.rooms.by_guest_key(key)
    if room is None or not room.is_guest_accessible:
        raise NotFoundError("There is no room for guests at this address any more")
    switched = await stores.messages.last_guest_access(room.conversation_id)
    # Without a message about it, the room was made with guest access.
    since_us = room.created_us if switched is None else switched.sent_us
    return GuestRoom(room=room, since_us=since_us)
