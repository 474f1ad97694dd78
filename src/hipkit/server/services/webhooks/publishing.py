"""Tells webhooks what happened: into the outbox, in the commit that makes it so.

Everything here runs inside a command. An event is written only where a webhook waits for it, and
once, however many wait. What becomes of it then is `outbox.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hipkit.server.services.access.actor import Actor
from hipkit.server.services.access.keys import new_placeholder
from hipkit.server.services.context import Context
from hipkit.server.services.representations.models import room_in_short, user_as_sender
from hipkit.server.services.representations.timestamps import to_json
from hipkit.server.services.representations.urls import Addresses, placeholder_root
from hipkit.server.shared.signals import EVENTS
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.events import NewEvent
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.v2.models import RoomEventItem, Sender

__all__ = [
    "enter_room",
    "leave_every_room",
    "leave_room",
    "sender_of",
    "tell",
    "tell_of_room",
]


async def tell(
    context: Context,
    stores: Stores,
    room: RoomRecord,
    event: str,
    make_item: Callable[[Addresses], Awaitable[object]],
    *,
    text: str | None = None,
    user_id: int | None = None,
) -> None:
    """Put an event into the outbox, where a webhook waits for it.

    `make_item` is called only where a webhook waits; the links that it makes lead to a
    placeholder, because each receiver gets them with its own host. `text` is what patterns are
    held against, `user_id` the person it is about, if not the actor.
    """
    if not await stores.subscriptions.has_subscribers(room.group_id, room.id, event):
        return
    addresses = Addresses(placeholder_root(new_placeholder()))
    new = NewEvent(
        group_id=room.group_id,
        room_id=room.id,
        event=event,
        text=text,
        item=to_json(await make_item(addresses)).decode(),
        user_id=context.actor.user_id if user_id is None else user_id,
        root=addresses.root,
        answered_by=context.answered_by,
    )
    await stores.events.add(new, context.now_us)
    context.topics.add(EVENTS)


async def tell_of_room(
    context: Context, stores: Stores, room: RoomRecord, event: str
) -> None:
    """Tell that something was done to a room itself."""

    async def make_item(addresses: Addresses) -> RoomEventItem:
        return RoomEventItem(
            room=room_in_short(addresses, room),
            sender=sender_of(context.actor, addresses),
        )

    await tell(context, stores, room, event, make_item)


async def enter_room(
    context: Context, stores: Stores, room: RoomRecord, user_id: int, now_us: int
) -> None:
    """Count a person among those in a room, and tell if they were not."""
    if await stores.members.enter(room.id, user_id, now_us):
        await _tell_of_person(context, stores, room, "room_enter", user_id)


async def leave_room(
    context: Context, stores: Stores, room: RoomRecord, user_id: int
) -> None:
    """Count a person among those in a room no longer, and tell if they were."""
    if await stores.members.leave(room.id, user_id):
        await _tell_of_person(context, stores, room, "room_exit", user_id)


async def leave_every_room(context: Context, stores: Stores, user_id: int) -> None:
    """Take a person out of every room, and out of all that has to do with rooms."""
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


async def _tell_of_person(
    context: Context, stores: Stores, room: RoomRecord, event: str, user_id: int
) -> None:
    async def make_item(addresses: Addresses) -> RoomEventItem:
        user = await stores.users.get(user_id)
        return RoomEventItem(
            room=room_in_short(addresses, room),
            sender=None if user is None else user_as_sender(addresses, user),
        )

    await tell(context, stores, room, event, make_item, user_id=user_id)
