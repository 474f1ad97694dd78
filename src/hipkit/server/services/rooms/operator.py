"""What an administrator does on the machine itself: rooms, and who belongs to them.

Like everything of `hipkit admin` it works on a database that a server may be using meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from hipkit.server.services.access.keys import new_version
from hipkit.server.services.access.lookup import ROOM_ADMIN, ROOM_MEMBER
from hipkit.server.services.context import Context
from hipkit.server.services.files.stored import remove_file
from hipkit.server.services.files.sweep import sweep_messages
from hipkit.server.services.people.names import NAME_CHARACTERS, clean_name
from hipkit.server.services.people.operator import (
    MOST_LISTED,
    find_group,
    find_room,
    find_user,
)
from hipkit.server.services.rooms.changes import add_room as add_room_to_group
from hipkit.server.services.rooms.changes import remove_room, tell_of_archiving
from hipkit.server.services.rooms.members import end_membership
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.rooms import RoomRecord

__all__ = [
    "MadeRoom",
    "add_auto_join",
    "add_member",
    "add_room",
    "delete_room",
    "list_rooms",
    "remove_member",
    "set_archived",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeRoom:
    """A room that was made."""

    id: int
    name: str


async def add_room(
    context: Context,
    *,
    name: str,
    topic: str = "",
    is_private: bool = False,
    owner: str | int | None = None,
    room_id: int | None = None,
) -> MadeRoom:
    """Make a room; its owner is the group's if nobody else is named.

    Old programs may know their room by the number that it had with HipChat: `room_id` gives it
    back.
    """
    cleaned = clean_name(name, most_characters=NAME_CHARACTERS)

    async def command(stores: Stores) -> int:
        group = await find_group(stores)
        owner_id = group.owner_id or 0
        if owner is not None:
            owner_id = (await find_user(stores, owner)).id
        return await add_room_to_group(
            context,
            stores,
            group_id=group.id,
            name=cleaned,
            topic=topic,
            is_private=is_private,
            owner_id=owner_id,
            room_id=room_id,
        )

    return MadeRoom(id=await context.write(command), name=cleaned)


async def list_rooms(context: Context) -> list[RoomRecord]:
    """Return every room, private and archived ones too."""
    return await context.stores.rooms.page(
        context.actor.group_id,
        seen_by=None,
        include_private=True,
        include_archived=True,
        start=0,
        count=MOST_LISTED,
    )


async def add_member(
    context: Context, room: str | int, user: str | int, *, is_admin: bool = False
) -> None:
    """Make a person a member of a room."""
    roles = f"{ROOM_ADMIN} {ROOM_MEMBER}" if is_admin else ROOM_MEMBER

    async def command(stores: Stores) -> None:
        room_id = (await find_room(stores, room)).id
        user_id = (await find_user(stores, user)).id
        await stores.members.set_member(room_id, user_id, roles)

    await context.write(command)


async def add_auto_join(context: Context, user: str | int, room: str | int) -> None:
    """Let a person's program enter a room by itself."""

    async def command(stores: Stores) -> None:
        user_id = (await find_user(stores, user)).id
        await stores.rooms.add_auto_join(user_id, (await find_room(stores, room)).id)

    await context.write(command)


async def remove_member(context: Context, room: str | int, user: str | int) -> None:
    """End a membership; out of a private room the person goes at once.

    Raises:
        NotFoundError: The person is no member.
        ForbiddenError: The person owns the room.
    """

    async def command(stores: Stores) -> None:
        found, member = await find_room(stores, room), await find_user(stores, user)
        await end_membership(context, stores, found, member, user)

    await context.write(command)


async def set_archived(
    context: Context, room: str | int, *, is_archived: bool
) -> RoomRecord:
    """Close a room to whatever could be said in it, or open it again."""

    async def command(stores: Stores) -> RoomRecord:
        found = await find_room(stores, room)
        changed = msgspec.structs.replace(
            found, is_archived=is_archived, version=new_version()
        )
        await stores.rooms.replace(changed)
        await tell_of_archiving(context, stores, found, changed)
        return changed

    return await context.write(command)


async def delete_room(context: Context, room: str | int) -> RoomRecord:
    """Delete a room with what was said in it, and return what it was."""

    async def command(stores: Stores) -> RoomRecord:
        found = await find_room(stores, room)
        await remove_room(context, stores, found)
        return found

    gone = await context.write(command)
    await remove_file(context.runtime.blobs, gone.avatar_key)
    # What a large room leaves behind goes with the server's sweeps.
    await sweep_messages(context.runtime.database, context.runtime.blobs)
    return gone
