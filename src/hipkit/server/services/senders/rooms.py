"""Rooms that senders post into before anybody has made them.

A program knows a room by HipChat's id or by its name, and both stay what they were: a room that is
named by its id gets just that one, and one that is named by its name an id that HipChat never had.
"""

from __future__ import annotations

import logging

from hipkit.api.errors import NotFoundError
from hipkit.server.senders import LOWEST_MADE_ID
from hipkit.server.services.access.keys import new_version
from hipkit.server.services.access.lookup import (
    check_seen,
    find_room,
    look_up_room,
    own_user,
    row_id,
)
from hipkit.server.services.context import Context
from hipkit.server.services.errors import FullError
from hipkit.server.services.people.names import NAME_CHARACTERS, clean_name
from hipkit.server.services.rooms.adding import insert_room
from hipkit.server.services.senders.identity import SENDER_EMAILS
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.rooms import NewRoom, RoomRecord

__all__ = ["check_may_make", "find_room_to_send"]

log = logging.getLogger("hipkit.server")

MOST_SAME_NAMES = 100


async def find_room_to_send(
    context: Context, stores: Stores, reference: str | int
) -> RoomRecord:
    """Within a command: return a room to post into; one that a sender names first is made.

    Raises:
        NotFoundError: There is no such room, and none can have this id.
        BadRequestError: It is no name for a room.
        ForbiddenError: The room is private, and the sender not a member.
        FullError: Senders have made as many rooms as they may.
    """
    actor, policy = context.actor, context.runtime.senders
    if actor.kind == "sender":
        # A room that is called by an id with a space around it could not be found again.
        reference = str(reference).strip()
    found = await look_up_room(stores, actor.group_id, reference)
    if actor.kind != "sender" or policy is None or found is not None:
        return await check_seen(stores, actor, reference, found)
    room_id = row_id(reference)
    if room_id is None:
        return await _make_room(context, stores, str(reference))
    if not policy.is_id(room_id) or await stores.rooms.is_taken(room_id):
        raise NotFoundError(f"Room {reference} not found")
    name = policy.room_name(room_id)
    if policy.has_name(room_id):
        named = await stores.rooms.by_name(actor.group_id, name)
        if named is not None:
            return await find_room(stores, actor, named.id)
    return await _make_room(context, stores, name, room_id=room_id)


async def _make_room(
    context: Context, stores: Stores, name: str, *, room_id: int | None = None
) -> RoomRecord:
    """Within a command: make a public room for a sender.

    Raises:
        BadRequestError: It is no name for a room.
        FullError: Senders have made as many rooms as they may.
    """
    group_id = context.actor.group_id
    name = clean_name(name, most_characters=NAME_CHARACTERS)
    owner_id, free_id = await check_may_make(context, stores)
    if room_id is not None:
        name = await _free_name(stores, group_id, name)
    new = NewRoom(
        group_id=group_id,
        name=name,
        topic="",
        privacy="public",
        owner_id=owner_id,
        version=new_version(),
    )
    return await insert_room(context, stores, new, room_id=room_id or free_id)


async def check_may_make(context: Context, stores: Stores) -> tuple[int, int]:
    """Within a command: check that a sender may make a room; return its owner's id and its own.

    Raises:
        FullError: Senders have made as many rooms as they may.
    """
    actor, policy = context.actor, context.runtime.senders
    most = 0 if policy is None else policy.settings.new_rooms
    if await stores.rooms.count_of_owners(actor.group_id, SENDER_EMAILS) >= most:
        log.warning("no room is made: programs have made %d, the most", most)
        raise FullError(
            f"No room is made for this message: programs have made {most} already."
            " Delete some, or raise new_rooms in [senders]"
        )
    return own_user(actor).id, await stores.rooms.next_id(LOWEST_MADE_ID)


async def _free_name(stores: Stores, group_id: int, name: str) -> str:
    """Return a name that no room has; somebody may have called one `Room 12345`."""
    for suffix in ("", *(f" ({number})" for number in range(2, MOST_SAME_NAMES))):
        if await stores.rooms.by_name(group_id, name + suffix) is None:
            return name + suffix
    raise FullError("No room is made for this message: too many have its name")
