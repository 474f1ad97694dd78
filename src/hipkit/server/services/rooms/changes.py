"""Changes to rooms: create, archive and delete them, with one set of checks for all who may.

HipChat's operations call these functions (`rooms.py`), and so does `hipkit admin room`.
"""

from __future__ import annotations

import msgspec

from hipkit.api.errors import BadRequestError
from hipkit.server.services.access.keys import new_key, new_version
from hipkit.server.services.access.lookup import (
    OWNER_ROLES,
    ROOM_MEMBER,
    check_operator,
    find_named_user,
    find_room_to_administer,
)
from hipkit.server.services.context import Context
from hipkit.server.services.errors import InvalidValueError
from hipkit.server.services.files.stored import remove_file
from hipkit.server.services.people.names import NAME_CHARACTERS, clean_name
from hipkit.server.services.rooms.publishing import enter_room, publish_room_event
from hipkit.server.services.sweep import sweep_messages
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.rooms import RoomRecord

__all__ = [
    "add_room",
    "check_room_name",
    "publish_archiving",
    "remove_room",
    "set_archived",
    "settle_members",
]


async def add_room(
    context: Context,
    *,
    name: str,
    topic: str = "",
    is_private: bool = False,
    has_guest_access: bool = False,
    delegate_admin_visibility: bool | None = None,
    owner: str | int | None = None,
    room_id: int | None = None,
) -> RoomRecord:
    """Create a room with its owner in it, and publish that.

    Args:
        context: The context of the call.
        name: Its name; spaces around it are removed.
        topic: Its topic.
        is_private: Whether it is for members only.
        has_guest_access: Whether guests may enter by a secret URL.
        delegate_admin_visibility: A setting that HipChat had, which changes nothing here.
        owner: Its owner; by default the actor if it is a user, else the group's owner.
        room_id: The id that old programs know, which only the operator may choose.

    Raises:
        ForbiddenError: Another actor than the operator chooses the id.
        BadRequestError: A value is invalid, or another room has the name, or has or had the id.
    """
    actor, group_id = context.actor, context.actor.group_id
    cleaned = clean_name(name, most_characters=NAME_CHARACTERS)
    if room_id is not None:
        check_operator(actor)

    async def command(stores: Stores) -> RoomRecord:
        if owner is not None:
            named = await find_named_user(stores, group_id, "owner_user_id", owner)
            owner_id = named.id
        else:
            group = await stores.groups.get(group_id)
            owner_id = actor.user_id or (group.owner_id if group else None) or 0
        await check_room_name(stores, group_id, cleaned, None)
        if room_id is not None and await stores.rooms.is_taken(room_id):
            raise InvalidValueError("id", "unique", "is another room's id", room_id)
        added_id = await stores.rooms.add(
            group_id=group_id,
            name=cleaned,
            topic=topic,
            privacy="private" if is_private else "public",
            guest_key=new_key() if has_guest_access else None,
            delegate_admin_visibility=delegate_admin_visibility,
            owner_id=owner_id,
            version=new_version(),
            now_us=context.now_us,
            room_id=room_id,
        )
        if is_private:
            await stores.members.set_member(added_id, owner_id, OWNER_ROLES)
        room = await stores.rooms.get(added_id)
        if room is None:
            raise RuntimeError("a room was added and is not there")
        await publish_room_event(context, stores, room, "room_created")
        await enter_room(context, stores, room, owner_id, context.now_us)
        return room

    return await context.write(command)


async def set_archived(
    context: Context, reference: str | int, *, is_archived: bool
) -> RoomRecord:
    """Archive a room, which then takes no new messages, or reopen it.

    Raises:
        ForbiddenError: The actor may not administer the room.
    """

    async def command(stores: Stores) -> RoomRecord:
        room = await find_room_to_administer(stores, context.actor, reference)
        changed = msgspec.structs.replace(
            room, is_archived=is_archived, version=new_version()
        )
        await stores.rooms.replace(changed)
        await publish_archiving(context, stores, room, changed)
        return changed

    return await context.write(command)


async def remove_room(context: Context, reference: str | int) -> RoomRecord:
    """Delete a room with everything that is valid only in it, and return its last state.

    Messages are deleted by sweeps, the first of them here; what deliveries of webhooks show of
    them is deleted at once. Webhooks of the room still get what has happened so far, this
    included, and are then deleted.

    Raises:
        ForbiddenError: The actor may not administer the room.
    """

    async def command(stores: Stores) -> RoomRecord:
        room = await find_room_to_administer(stores, context.actor, reference)
        await publish_room_event(context, stores, room, "room_deleted")
        await stores.subscriptions.end_of_room(room.id)
        await stores.webhooks.detach_grants(room.id)
        await stores.grants.end_of_room(room.id)
        await stores.rooms.delete(room.id)
        await stores.events.sweep_room(room.id)
        if room.avatar_key is not None:
            await stores.files.remove(room.avatar_key)
        return room

    deleted = await context.write(command)
    runtime = context.runtime
    # After the commit: a command that fails must not have removed the picture.
    await remove_file(runtime.blobs, deleted.avatar_key)
    await sweep_messages(runtime.database, runtime.blobs)
    return deleted


async def settle_members(stores: Stores, before: RoomRecord, after: RoomRecord) -> None:
    """Within a command: turn the participants of a room that becomes private into members.

    A private room's owner is always its administrator, a new one too.
    """
    if before.privacy != "private":
        await stores.members.add_participants(after.id, ROOM_MEMBER)
    await stores.members.set_member(after.id, after.owner_id, OWNER_ROLES)


async def publish_archiving(
    context: Context, stores: Stores, before: RoomRecord, after: RoomRecord
) -> None:
    """Within a command: publish it if a change of a room archives or reopens it."""
    if after.is_archived != before.is_archived:
        event = "room_archived" if after.is_archived else "room_unarchived"
        await publish_room_event(context, stores, after, event)


async def check_room_name(
    stores: Stores, group_id: int, name: str, own_id: int | None
) -> None:
    """Check that no other room has a name; case makes no difference.

    Raises:
        BadRequestError: Another room has it; the message is HipChat's.
    """
    other = await stores.rooms.by_name(group_id, name)
    if other is not None and other.id != own_id:
        raise BadRequestError("Another room exists with that name.", field="name")
