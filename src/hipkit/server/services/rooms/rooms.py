"""Lists, creates, updates and deletes rooms, and sets their pictures.

Posting into a room is in `services/messages/posting.py`.
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET

from hipkit.api.errors import NotFoundError
from hipkit.api.files import ImageSource
from hipkit.server.services.access.keys import new_key, new_version
from hipkit.server.services.access.lookup import (
    check_open,
    find_named_user,
    find_room,
    find_room_to_administer,
    find_user,
    list_seen_rooms,
)
from hipkit.server.services.context import Context
from hipkit.server.services.files.avatars import replace_picture
from hipkit.server.services.messages.message import add_to_room, new_message
from hipkit.server.services.people.details import full_user
from hipkit.server.services.people.names import clean_name
from hipkit.server.services.registry import handles
from hipkit.server.services.representations.expansion import Expansion
from hipkit.server.services.representations.models import (
    room_in_full,
    room_in_short,
    room_statistics,
    user_in_short,
)
from hipkit.server.services.representations.paging import Slice
from hipkit.server.services.rooms.changes import (
    add_room,
    check_room_name,
    publish_archiving,
    remove_room,
    settle_members,
)
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.server.storage.stores.users import UserRecord
from hipkit.v2.models import Created, Links, Room, RoomPage, RoomStatistics, User
from hipkit.v2.rooms import (
    CreateRoom,
    DeleteRoom,
    DeleteRoomAvatar,
    GetAllRooms,
    GetRoom,
    GetRoomAvatar,
    GetRoomStatistics,
    UpdateRoom,
    UpdateRoomAvatar,
)

__all__ = [
    "create_room",
    "delete_room",
    "delete_room_avatar",
    "full_room",
    "get_all_rooms",
    "get_room",
    "get_room_avatar",
    "get_room_statistics",
    "show_rooms",
    "update_room",
    "update_room_avatar",
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
    stores = context.stores
    room = await find_room(stores, context.actor, request.room_id_or_name)
    return await full_room(context, stores, room, Expansion(request.expand))


async def full_room(
    context: Context, stores: Stores, room: RoomRecord, expand: Expansion
) -> Room:
    """Return a room with its owner and participants, in full where the request expands them."""
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


@handles(CreateRoom)
async def create_room(context: Context, request: CreateRoom) -> Created:
    """Create a room; its owner is the named user, else the actor, else the group's owner."""
    owner, visibility = request.owner_user_id, request.delegate_admin_visibility
    room = await add_room(
        context,
        name=request.name,
        topic=request.topic or "",
        is_private=request.privacy == "private",
        has_guest_access=request.guest_access is True,
        delegate_admin_visibility=None if visibility is UNSET else visibility,
        owner=None if owner is UNSET else owner,
    )
    return Created(id=room.id, links=Links(self_=context.addresses.room(room.id)))


@handles(UpdateRoom)
async def update_room(context: Context, request: UpdateRoom) -> None:
    """Replace every setting of a room; a new topic or guest access is posted as a message."""
    actor = context.actor
    name = clean_name(request.name)

    async def command(stores: Stores) -> None:
        room = await find_room_to_administer(stores, actor, request.room_id_or_name)
        await check_room_name(stores, actor.group_id, name, room.id)
        topic = room.topic if _is_unchanged(request.topic) else request.topic
        if request.is_archived and topic != room.topic:
            check_open(room)
        owner_id = room.owner_id
        if not _is_unchanged(request.owner):
            reference = request.owner.id
            owner_id = (
                await find_named_user(stores, actor.group_id, "owner", reference)
            ).id
        visibility = request.delegate_admin_visibility
        changed = msgspec.structs.replace(
            room,
            name=name,
            topic=topic,
            privacy=request.privacy,
            is_archived=request.is_archived,
            is_guest_accessible=request.is_guest_accessible,
            guest_key=(room.guest_key or new_key())
            if request.is_guest_accessible
            else None,
            delegate_admin_visibility=room.delegate_admin_visibility
            if visibility is UNSET
            else visibility,
            owner_id=owner_id,
            version=new_version(),
        )
        await stores.rooms.replace(changed)
        if changed.privacy == "private":
            await settle_members(stores, room, changed)
        await publish_archiving(context, stores, room, changed)
        await _announce(context, stores, room, changed)

    await context.write(command)


@handles(DeleteRoom)
async def delete_room(context: Context, request: DeleteRoom) -> None:
    """Delete a room and the tokens that are bound to it."""
    await remove_room(context, request.room_id_or_name)


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
async def update_room_avatar(context: Context, request: UpdateRoomAvatar) -> None:
    """Set a room's picture."""
    await _set_avatar(context, request.room_id_or_name, request.avatar)


@handles(DeleteRoomAvatar)
async def delete_room_avatar(context: Context, request: DeleteRoomAvatar) -> None:
    """Remove a room's picture; without one nothing happens."""
    await _set_avatar(context, request.room_id_or_name, None)


async def _announce(
    context: Context, stores: Stores, before: RoomRecord, after: RoomRecord
) -> None:
    if after.topic != before.topic and not after.is_archived:
        message = await new_message(context, stores, kind="topic", body=after.topic)
        await add_to_room(context, stores, after, message)
    if after.is_guest_accessible != before.is_guest_accessible:
        # In an archived room too: guests may read what follows this message.
        body = f"Guest access is {'on' if after.is_guest_accessible else 'off'}"
        message = await new_message(context, stores, kind="guest_access", body=body)
        await add_to_room(context, stores, after, message)


def _is_unchanged(value: object) -> bool:
    """Return whether a setting was sent as null, which keeps it (`Rule.null_keeps`)."""
    return value is UNSET


async def _set_avatar(
    context: Context, reference: str | int, picture: ImageSource | None
) -> None:
    async def change(stores: Stores, key: str | None) -> str | None:
        room = await find_room_to_administer(stores, context.actor, reference)
        await stores.rooms.set_avatar(room.id, key, new_version())
        return room.avatar_key

    await replace_picture(context, picture, "avatar", change)
