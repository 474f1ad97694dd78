"""Lists and returns rooms, and sets their pictures.

Read next: `changes.py`, which changes rooms, and `services/messages/posting.py`.
"""

from __future__ import annotations

import msgspec

from hipkit.api.errors import NotFoundError
from hipkit.server.services.access.keys import new_version
from hipkit.server.services.access.lookup import (
    find_room,
    find_room_to_administer,
    find_user,
    list_seen_rooms,
    look_up_room,
)
from hipkit.server.services.context import Context
from hipkit.server.services.files.avatars import replace_picture
from hipkit.server.services.people.details import full_user
from hipkit.server.services.registry import handles
from hipkit.server.services.representations.expansion import Expansion
from hipkit.server.services.representations.models import (
    room_in_full,
    room_in_short,
    room_statistics,
    user_in_short,
)
from hipkit.server.services.representations.paging import Slice
from hipkit.server.services.senders.rooms import find_room_to_send
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.server.storage.stores.users import UserRecord
from hipkit.v2.models import Room, RoomPage, RoomStatistics, User
from hipkit.v2.rooms import (
    DeleteRoomAvatar,
    GetAllRooms,
    GetRoom,
    GetRoomAvatar,
    GetRoomStatistics,
    UpdateRoomAvatar,
)

__all__ = [
    "full_room",
    "get_all_rooms",
    "get_room",
    "get_room_avatar",
    "get_room_statistics",
    "set_room_avatar",
    "show_rooms",
]

MOST_PARTICIPANTS = 50
"""In a room in full; `get_all_participants` lists them all."""


@handles(GetAllRooms)
async def get_all_rooms(context: Context, request: GetAllRooms) -> RoomPage:
    """List the rooms that the actor may see."""
    include_private = request.include_private is not False
    include_archived = request.include_archived is True
    part = Slice.of(
        f"{context.addresses.api}/room",
        request,
        {"include-private": include_private, "include-archived": include_archived},
    )

    async def query(stores: Stores) -> RoomPage:
        found = await list_seen_rooms(
            stores,
            context.actor,
            include_private=include_private,
            include_archived=include_archived,
            start=part.start,
            count=part.count,
        )
        return await show_rooms(context, stores, part, found)

    return await context.runtime.database.scan(query)


async def show_rooms(
    context: Context, stores: Stores, part: Slice, found: list[RoomRecord]
) -> RoomPage:
    """Return a page of rooms, in full where the request expands them."""
    inner = part.expand.below("items")
    items = [
        await full_room(context, stores, room, inner)
        if "items" in part.expand
        else room_in_short(context.addresses, room)
        for room in part.items(found)
    ]
    return part.page(RoomPage, found, items)


@handles(GetRoom)
async def get_room(context: Context, request: GetRoom) -> Room:
    """Return a room in full."""
    stores, reference = context.stores, request.room_id_or_name
    actor = context.actor
    if (
        actor.kind == "sender"
        and await look_up_room(stores, actor.group_id, reference) is None
    ):
        # hypchat and hiplogging look a room up by its name, and post into the id that they find.
        room = await context.write(
            lambda stores: find_room_to_send(context, stores, reference)
        )
    else:
        room = await find_room(stores, actor, reference)
    return await full_room(context, stores, room, Expansion(request.expand))


async def full_room(
    context: Context, stores: Stores, room: RoomRecord, expand: Expansion
) -> Room:
    """Return a room with its owner and participants, in full where the request expands them."""
    if context.actor.kind == "sender":
        # Whoever has a room's guest address reads what is said there.
        room = msgspec.structs.replace(room, guest_key=None)
    participants: list[User] = []
    owner: UserRecord | None = None
    for user in await stores.members.participants(
        room.id, include_members=False, start=0, count=MOST_PARTICIPANTS
    ):
        if user.id == room.owner_id:
            owner = user
        participants.append(
            await full_user(context, stores, user)
            if "participants" in expand
            else user_in_short(context.addresses, user)
        )
    owner = owner or await find_user(stores, context.actor, room.owner_id)
    return room_in_full(
        context.addresses,
        room,
        owner=await full_user(context, stores, owner)
        if "owner" in expand
        else user_in_short(context.addresses, owner),
        participants=participants,
        statistics=room_statistics(context.addresses, room)
        if "statistics" in expand
        else None,
    )


@handles(GetRoomStatistics)
async def get_room_statistics(
    context: Context, request: GetRoomStatistics
) -> RoomStatistics:
    """Return how many messages a room has, and when the last one was sent."""
    reference = request.room_id_or_name
    room = await find_room(context.stores, context.actor, reference)
    return room_statistics(context.addresses, room)


@handles(GetRoomAvatar)
async def get_room_avatar(context: Context, request: GetRoomAvatar) -> str:
    """Return the address of a room's picture.

    Raises:
        NotFoundError: It has none.
    """
    reference = request.room_id_or_name
    room = await find_room(context.stores, context.actor, reference)
    if room.avatar_key is None:
        raise NotFoundError("This room has no avatar")
    return context.addresses.picture(room.avatar_key)


@handles(UpdateRoomAvatar)
@handles(DeleteRoomAvatar)
async def set_room_avatar(
    context: Context, request: UpdateRoomAvatar | DeleteRoomAvatar
) -> None:
    """Set or remove a room's picture; removing none does nothing."""

    async def change(stores: Stores, key: str | None) -> str | None:
        reference = request.room_id_or_name
        room = await find_room_to_administer(stores, context.actor, reference)
        await stores.rooms.set_avatar(room.id, key, new_version())
        return room.avatar_key

    picture = request.avatar if isinstance(request, UpdateRoomAvatar) else None
    await replace_picture(context, picture, "avatar", change)
