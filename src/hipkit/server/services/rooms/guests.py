"""Finds the room of a guest address, which is readable as long as guest access is on."""

from __future__ import annotations

from dataclasses import dataclass

from hipkit.api.errors import NotFoundError
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.rooms import RoomRecord

__all__ = ["GuestRoom", "find_guest_room", "is_still_open"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestRoom:
    """A room as its guests see it."""

    room: RoomRecord
    since_us: int
    """When guest access was switched on; guests see no earlier messages."""


async def find_guest_room(stores: Stores, key: str) -> GuestRoom:
    """Return the room that a guest address leads to.

    Raises:
        NotFoundError: No room has this key, or its guest access is off.
    """
    room = await stores.rooms.by_guest_key(key)
    if room is None or not room.is_guest_accessible:
        raise NotFoundError("There is no room for guests at this address any more")
    message = await stores.messages.last_guest_access(room.conversation_id)
    # Without a message about it, the room was created with guest access.
    since_us = room.created_us if message is None else message.sent_us
    return GuestRoom(room=room, since_us=since_us)


async def is_still_open(stores: Stores, guest_room: GuestRoom) -> bool:
    """Return whether guest access has stayed enabled since a room was found.

    When it is disabled and enabled again, it begins anew, with another address.
    """
    try:
        found = await find_guest_room(stores, guest_room.room.guest_key or "")
    except NotFoundError:
        return False
    return found.since_us == guest_room.since_us
