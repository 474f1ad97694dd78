"""Publishes what happens in rooms: users enter and leave, and rooms change.

Everything here runs within a command. Messages publish their own events, where they are stored.
"""

from __future__ import annotations

from hipkit.server.events.log import Item, publish
from hipkit.server.services.access.actor import Actor
from hipkit.server.services.context import Context
from hipkit.server.services.representations.models import room_in_short, user_as_sender
from hipkit.server.services.representations.timestamps import to_json
from hipkit.server.services.representations.urls import Addresses
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.v2.models import RoomEventItem, Sender

__all__ = [
    "enter_room",
    "leave_every_room",
    "leave_room",
    "publish_room_event",
    "sender_of",
]


async def publish_room_event(
    context: Context,
    stores: Stores,
    room: RoomRecord,
    event: str,
    *,
    user_id: int | None = None,
) -> None:
    """Publish what a user did to a room, or without a user, the actor."""

    async def write_item(event: str, root: str) -> Item:
        addresses = Addresses(root)
        if user_id is None:
            sender = sender_of(context.actor, addresses)
        else:
            user = await stores.users.get(user_id)
            sender = None if user is None else user_as_sender(addresses, user)
        item = RoomEventItem(room=room_in_short(addresses, room), sender=sender)
        return Item(to_json(item))

    by_id = context.actor.user_id if user_id is None else user_id
    await publish(
        context,
        stores,
        (event,),
        write_item,
        group_id=room.group_id,
        room_id=room.id,
        user_id=by_id,
    )


async def enter_room(
    context: Context, stores: Stores, room: RoomRecord, user_id: int, now_us: int
) -> None:
    """Add a user to those present in a room, and publish it if they were not."""
    if await stores.members.enter(room.id, user_id, now_us):
        await publish_room_event(context, stores, room, "room_enter", user_id=user_id)


async def leave_room(
    context: Context, stores: Stores, room: RoomRecord, user_id: int
) -> None:
    """Remove a user from those present in a room, and publish it if they were."""
    if await stores.members.leave(room.id, user_id):
        await publish_room_event(context, stores, room, "room_exit", user_id=user_id)


async def leave_every_room(context: Context, stores: Stores, user_id: int) -> None:
    """Remove a user from every room, and from memberships and invitations."""
    for room_id in await stores.members.rooms_of(user_id):
        room = await stores.rooms.get(room_id)
        if room is not None:
            await leave_room(context, stores, room, user_id)
    await stores.members.leave_all(user_id)


def sender_of(actor: Actor, addresses: Addresses) -> Sender | None:
    """Return an actor as events show their sender; `None` for the operator."""
    if actor.kind == "operator":
        return None
    if actor.user is not None:
        return user_as_sender(addresses, actor.user)
    if actor.client is None:
        return Sender(name=actor.name)
    return Sender(
        id=actor.client.id,
        name=actor.client.name,
        allowed_scopes=actor.client.scopes.split(),
    )
