"""Tells webhooks what happened: into the outbox, in the commit that makes it so.

Everything here runs inside a command. An event is written only where a webhook waits for it, and
once, however many wait. What becomes of it then is `outbox.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Self

from hipkit.server.services.access.actor import Actor
from hipkit.server.services.access.keys import new_placeholder
from hipkit.server.services.context import Context
from hipkit.server.services.representations.encoder import to_json
from hipkit.server.services.representations.models import room_in_short
from hipkit.server.services.representations.urls import Addresses, placeholder_root
from hipkit.server.shared.signals import EVENTS
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.server.storage.stores.users import UserRecord
from hipkit.server.storage.stores.webhook_events import NewEvent
from hipkit.v2.models import Links, RoomEventItem, Sender

__all__ = [
    "Cause",
    "enter_room",
    "leave_every_room",
    "leave_room",
    "sender_of",
    "tell",
    "tell_of_room",
]


def _placeholder() -> Addresses:
    return Addresses(placeholder_root(new_placeholder()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What is known of whoever causes events: who, and when."""

    now_us: int
    addresses: Addresses = field(default_factory=_placeholder)
    """With a placeholder: each receiver gets links with its own host, never the causer's."""
    actor: Actor | None = None
    topics: set[str] = field(default_factory=set)
    answered_by: int | None = None
    """The webhook whose receiver's answer causes them."""

    @classmethod
    def of(cls, context: Context) -> Self:
        """Return the cause that a call is."""
        return cls(
            now_us=context.now_us,
            actor=context.actor_or_none,
            topics=context.topics,
            answered_by=context.answered_by,
        )

    @classmethod
    def on_this_machine(cls, now_us: int) -> Self:
        """Return the cause that an administrator's command is."""
        return cls(now_us=now_us)

    @property
    def user_id(self) -> int | None:
        """The person who causes it."""
        return None if self.actor is None else self.actor.user_id


async def tell(
    cause: Cause,
    stores: Stores,
    room: RoomRecord,
    event: str,
    make_item: Callable[[], Awaitable[object]],
    *,
    text: str | None = None,
    user_id: int | None = None,
) -> None:
    """Put an event into the outbox, where a webhook waits for it.

    `make_item` makes what receivers get of it, and is called only where somebody does; `text`
    is what patterns are held against, `user_id` the person it is about, if not whoever causes
    it.
    """
    if not await stores.webhooks.are_waiting(room.group_id, room.id, event):
        return
    new = NewEvent(
        group_id=room.group_id,
        room_id=room.id,
        event=event,
        text=text,
        item=to_json(await make_item()).decode(),
        user_id=cause.user_id if user_id is None else user_id,
        root=cause.addresses.root,
        answered_by=cause.answered_by,
    )
    await stores.webhook_events.add(new, cause.now_us)
    cause.topics.add(EVENTS)


async def tell_of_room(
    cause: Cause, stores: Stores, room: RoomRecord, event: str
) -> None:
    """Tell that something was done to a room itself."""

    async def make_item() -> RoomEventItem:
        return RoomEventItem(
            room=room_in_short(cause.addresses, room), sender=sender_of(cause)
        )

    await tell(cause, stores, room, event, make_item)


async def enter_room(
    cause: Cause, stores: Stores, room: RoomRecord, user_id: int, now_us: int
) -> None:
    """Count a person among those in a room, and tell if they were not."""
    if await stores.room_people.enter(room.id, user_id, now_us):
        await _tell_of_person(cause, stores, room, "room_enter", user_id)


async def leave_room(
    cause: Cause, stores: Stores, room: RoomRecord, user_id: int
) -> None:
    """Count a person among those in a room no longer, and tell if they were."""
    if await stores.room_people.leave(room.id, user_id):
        await _tell_of_person(cause, stores, room, "room_exit", user_id)


async def leave_every_room(cause: Cause, stores: Stores, user_id: int) -> None:
    """Take a person out of every room, and out of all that has to do with rooms."""
    for room_id in await stores.room_people.rooms_of(user_id):
        room = await stores.rooms.get(room_id)
        if room is not None:
            await leave_room(cause, stores, room, user_id)
    await stores.room_people.leave_all(user_id)


def sender_of(cause: Cause) -> Sender | None:
    """Return who causes something, as events show it; `None` where nobody does."""
    actor = cause.actor
    if actor is None:
        return None
    if actor.user is not None:
        return _person(cause, actor.user)
    if actor.client is None:
        return Sender(name=actor.name)
    return Sender(
        id=actor.client.id,
        name=actor.client.name,
        allowed_scopes=actor.client.scopes.split(),
    )


async def _tell_of_person(
    cause: Cause, stores: Stores, room: RoomRecord, event: str, user_id: int
) -> None:
    async def make_item() -> RoomEventItem:
        user = await stores.users.get(user_id)
        return RoomEventItem(
            room=room_in_short(cause.addresses, room),
            sender=None if user is None else _person(cause, user),
        )

    await tell(cause, stores, room, event, make_item, user_id=user_id)


def _person(cause: Cause, user: UserRecord) -> Sender:
    return Sender(
        id=user.id,
        name=user.name,
        mention_name=user.mention_name,
        version=user.version,
        links=Links(self_=cause.addresses.user(user.id)),
    )
