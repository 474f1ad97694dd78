"""Creates, updates, archives and deletes rooms: by HipChat's operations and `hipkit admin`."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from msgspec import UNSET, UnsetType

from hipkit.api.errors import BadRequestError
from hipkit.server.services.access.keys import new_key, new_version
from hipkit.server.services.access.lookup import (
    OWNER_ROLES,
    ROOM_MEMBER,
    check_open,
    check_operator,
    find_named_user,
    find_room_to_administer,
)
from hipkit.server.services.context import Context
from hipkit.server.services.errors import InvalidValueError
from hipkit.server.services.files.stored import remove_file
from hipkit.server.services.messages.message import add_to_room, new_message
from hipkit.server.services.people.names import NAME_CHARACTERS, clean_name
from hipkit.server.services.registry import handles
from hipkit.server.services.rooms.adding import insert_room
from hipkit.server.services.rooms.publishing import publish_room_event
from hipkit.server.services.senders.rooms import check_may_make
from hipkit.server.services.sweep import sweep_messages
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.rooms import NewRoom, RoomRecord
from hipkit.v2.models import Created, Links
from hipkit.v2.rooms import CreateRoom, DeleteRoom, UpdateRoom

__all__ = [
    "RoomChanges",
    "change_room",
    "create_room",
    "delete_room",
    "remove_room",
    "update_room",
]


@handles(CreateRoom)
async def create_room(
    context: Context, request: CreateRoom, *, room_id: int | None = None
) -> Created:
    """Create a room with its owner in it, and publish that.

    Args:
        context: The context of the call.
        request: The room. Its owner is the named user, else the actor if that is a user, else
            the group's owner. A sender owns what it makes, and lets no guests in.
        room_id: The id that old programs know, which only the operator may choose.

    Raises:
        ForbiddenError: Another actor than the operator chooses the id.
        FullError: Senders have made as many rooms as they may.
        BadRequestError: A value is invalid, or another room has the name, or has or had the id.
    """
    actor, group_id = context.actor, context.actor.group_id
    owner, visibility = request.owner_user_id, request.delegate_admin_visibility
    name = clean_name(request.name, most_characters=NAME_CHARACTERS)
    is_private = request.privacy == "private"
    if room_id is not None:
        check_operator(actor)
    # Whoever has a room's guest address reads what is said there, and a sender would.
    is_for_guests = bool(request.guest_access) and actor.kind != "sender"

    async def command(stores: Stores) -> int:
        new_id = room_id
        if actor.kind == "sender":
            owner_id, new_id = await check_may_make(context, stores)
        elif owner is None or owner is UNSET:
            group = await stores.groups.get(group_id)
            owner_id = actor.user_id or (group.owner_id if group else None) or 0
        else:
            named = await find_named_user(stores, group_id, "owner_user_id", owner)
            owner_id = named.id
        await _check_name(stores, group_id, name, None)
        if room_id is not None and await stores.rooms.is_taken(room_id):
            raise InvalidValueError("id", "unique", "is another room's id", room_id)
        new = NewRoom(
            group_id=group_id,
            name=name,
            topic=request.topic or "",
            privacy="private" if is_private else "public",
            is_guest_accessible=is_for_guests,
            guest_key=new_key() if is_for_guests else None,
            delegate_admin_visibility=None if visibility is UNSET else visibility,
            owner_id=owner_id,
            version=new_version(),
        )
        return (await insert_room(context, stores, new, room_id=new_id)).id

    added_id = await context.write(command)
    return Created(id=added_id, links=Links(self_=context.addresses.room(added_id)))


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomChanges:
    """New values of a room's settings; `None` leaves a setting as it is.

    Attributes:
        owner: The new owner's id, e-mail address or `@mention` name.
        delegate_admin_visibility: `UNSET` leaves it; `None` uses the group's setting.
    """

    name: str | None = None
    topic: str | None = None
    privacy: str | None = None
    is_archived: bool | None = None
    is_guest_accessible: bool | None = None
    owner: str | int | None = None
    delegate_admin_visibility: bool | UnsetType | None = UNSET


@handles(UpdateRoom)
async def update_room(context: Context, request: UpdateRoom) -> None:
    """Replace every setting of a room; a new topic or guest access is posted as a message."""
    changes = RoomChanges(
        name=request.name,
        topic=None if _is_unchanged(request.topic) else request.topic,
        privacy=request.privacy,
        is_archived=request.is_archived,
        is_guest_accessible=request.is_guest_accessible,
        owner=None if _is_unchanged(request.owner) else request.owner.id,
        delegate_admin_visibility=request.delegate_admin_visibility,
    )
    await change_room(context, request.room_id_or_name, changes)


async def change_room(
    context: Context, reference: str | int, changes: RoomChanges
) -> RoomRecord:
    """Change some of a room's settings, and return the room.

    A new topic or guest access is posted as a message. An archived room takes no new messages.

    Raises:
        ForbiddenError: The actor may not administer the room, or it is archived and stays so
            with another topic.
        BadRequestError: A value is invalid, or another room has the name.
    """
    actor, name = context.actor, changes.name
    if name is not None:
        name = clean_name(name, most_characters=NAME_CHARACTERS)

    async def command(stores: Stores) -> RoomRecord:
        room = await find_room_to_administer(stores, actor, reference)
        if name is not None:
            await _check_name(stores, actor.group_id, name, room.id)
        owner_id = None
        if changes.owner is not None:
            named = await find_named_user(
                stores, actor.group_id, "owner", changes.owner
            )
            owner_id = named.id
        changed = _changed(room, changes, name, owner_id)
        if changed.is_archived and changed.topic != room.topic:
            check_open(room)
        await stores.rooms.replace(changed)
        if changed.privacy == "private":
            await _settle_members(stores, room, changed)
        await _publish_archiving(context, stores, room, changed)
        await _announce(context, stores, room, changed)
        return changed

    return await context.write(command)


def _changed(
    room: RoomRecord, changes: RoomChanges, name: str | None, owner_id: int | None
) -> RoomRecord:
    new = {
        "name": name,
        "topic": changes.topic,
        "privacy": changes.privacy,
        "is_archived": changes.is_archived,
        "is_guest_accessible": changes.is_guest_accessible,
        "owner_id": owner_id,
    }
    kept = {name: value for name, value in new.items() if value is not None}
    changed = msgspec.structs.replace(room, **kept, version=new_version())
    guest_key = (room.guest_key or new_key()) if changed.is_guest_accessible else None
    visibility = changes.delegate_admin_visibility
    return msgspec.structs.replace(
        changed,
        guest_key=guest_key,
        delegate_admin_visibility=room.delegate_admin_visibility
        if visibility is UNSET
        else visibility,
    )


@handles(DeleteRoom)
async def delete_room(context: Context, request: DeleteRoom) -> None:
    """Delete a room and the tokens that are bound to it."""
    await remove_room(context, request.room_id_or_name)


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


async def _settle_members(
    stores: Stores, before: RoomRecord, after: RoomRecord
) -> None:
    """Within a command: turn the participants of a room that becomes private into members.

    A private room's owner is always its administrator, a new one too.
    """
    if before.privacy != "private":
        await stores.members.add_participants(after.id, ROOM_MEMBER)
    await stores.members.set_member(after.id, after.owner_id, OWNER_ROLES)


async def _publish_archiving(
    context: Context, stores: Stores, before: RoomRecord, after: RoomRecord
) -> None:
    """Within a command: publish it if a change of a room archives or reopens it."""
    if after.is_archived != before.is_archived:
        event = "room_archived" if after.is_archived else "room_unarchived"
        await publish_room_event(context, stores, after, event)


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


async def _check_name(
    stores: Stores, group_id: int, name: str, own_id: int | None
) -> None:
    """Check that no other room has a name; case makes no difference.

    Raises:
        BadRequestError: Another room has it; the message is HipChat's.
    """
    other = await stores.rooms.by_name(group_id, name)
    if other is not None and other.id != own_id:
        raise BadRequestError("Another room exists with that name.", field="name")
