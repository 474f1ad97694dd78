"""Rooms inside a command: made, changed and removed, whoever asks.

Programs do so through `rooms.py`, administrators on the machine itself through `operator.py`.
"""

from __future__ import annotations

from hipkit.api.errors import BadRequestError
from hipkit.server.services.access.keys import new_version
from hipkit.server.services.access.lookup import OWNER_ROLES, ROOM_MEMBER
from hipkit.server.services.context import Context
from hipkit.server.services.errors import InvalidValueError
from hipkit.server.services.webhooks.publishing import enter_room, tell_of_room
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.rooms import RoomRecord

__all__ = [
    "add_room",
    "check_room_name",
    "remove_room",
    "settle_members",
    "tell_of_archiving",
]


async def add_room(
    context: Context,
    stores: Stores,
    *,
    group_id: int,
    name: str,
    topic: str = "",
    is_private: bool = False,
    guest_key: str | None = None,
    delegate_admin_visibility: bool | None = None,
    owner_id: int,
    room_id: int | None = None,
) -> int:
    """Within a command: make a room with its owner in it, tell webhooks, and return its id.

    Args:
        context: Who makes it, and when.
        stores: The command's.
        group_id: Whose it is.
        name: As `clean_name` returned it.
        topic: What it is about.
        is_private: Whether it is for members only.
        guest_key: What guests enter by, if they may.
        delegate_admin_visibility: As HipChat kept it.
        owner_id: Somebody of the group.
        room_id: Its number; the next if left out.

    Raises:
        BadRequestError: Another room has the name, or has or had the number.
    """
    await check_room_name(stores, group_id, name, None)
    if room_id is not None and await stores.rooms.is_taken(room_id):
        raise InvalidValueError("id", "unique", "is another room's number", room_id)
    room_id = await stores.rooms.add(
        group_id=group_id,
        name=name,
        topic=topic,
        privacy="private" if is_private else "public",
        guest_key=guest_key,
        delegate_admin_visibility=delegate_admin_visibility,
        owner_id=owner_id,
        version=new_version(),
        now_us=context.now_us,
        room_id=room_id,
    )
    if is_private:
        await stores.members.set_member(room_id, owner_id, OWNER_ROLES)
    room = await stores.rooms.get(room_id)
    if room is None:
        raise RuntimeError("a room was added and is not there")
    await tell_of_room(context, stores, room, "room_created")
    await enter_room(context, stores, room, owner_id, context.now_us)
    return room_id


async def remove_room(context: Context, stores: Stores, room: RoomRecord) -> None:
    """Within a command: delete a room with everything that is good for it alone.

    What was said in it goes with sweeps, the picture's file once the command is committed. Its
    webhooks get what has happened so far, this too, and then go.
    """
    await tell_of_room(context, stores, room, "room_deleted")
    newest_event_id = await stores.webhook_events.newest()
    await stores.webhooks.end_of_room(room.id, newest_event_id)
    await stores.grants.end_of_room(room.id)
    await stores.rooms.delete(room.id)
    if room.avatar_key is not None:
        await stores.files.remove(room.avatar_key)


async def settle_members(stores: Stores, before: RoomRecord, after: RoomRecord) -> None:
    """Within a command: turn the participants of a room that becomes private into members.

    A private room's owner is always its administrator, a new one too.
    """
    if before.privacy != "private":
        await stores.members.add_participants(after.id, ROOM_MEMBER)
    await stores.members.set_member(after.id, after.owner_id, OWNER_ROLES)


async def tell_of_archiving(
    context: Context, stores: Stores, before: RoomRecord, after: RoomRecord
) -> None:
    """Within a command: tell webhooks if a change of a room archives it, or ends that."""
    if after.is_archived != before.is_archived:
        event = "room_archived" if after.is_archived else "room_unarchived"
        await tell_of_room(context, stores, after, event)


async def check_room_name(
    stores: Stores, group_id: int, name: str, own_id: int | None
) -> None:
    """Refuse a name that another room has, in whichever case.

    Raises:
        BadRequestError: In HipChat's words.
    """
    other = await stores.rooms.by_name(group_id, name)
    if other is not None and other.id != own_id:
        raise BadRequestError("Another room exists with that name.", field="name")
