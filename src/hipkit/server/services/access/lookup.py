"""Who may reach what: every service finds rooms and users through here, and so nothing else.

A token that is bound to a room gets the same refusal for every other room, there or not. For
rooms of other groups everybody gets what they get for rooms that do not exist, and a guest gets
that for every room of which they are no member.
"""

from __future__ import annotations

from collections.abc import Collection

from hipkit.api.errors import ForbiddenError, NotFoundError
from hipkit.server.services.access.actor import Actor
from hipkit.server.services.context import Context
from hipkit.server.services.messages.markup import clean_mention_name
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.groups import GroupRecord
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.server.storage.stores.users import UserRecord

__all__ = [
    "OWNER_ROLES",
    "ROOM_ADMIN",
    "ROOM_MEMBER",
    "chatting_user",
    "check_group_admin",
    "check_may_read",
    "check_open",
    "check_own_room",
    "find_group",
    "find_room",
    "find_room_to_administer",
    "find_user",
    "is_room_admin",
    "list_hidden_rooms",
    "list_seen_rooms",
    "look_up_room",
    "look_up_user",
    "own_user",
    "row_id",
]

ROOM_ADMIN = "room_admin"
ROOM_MEMBER = "room_member"
OWNER_ROLES = f"{ROOM_ADMIN} {ROOM_MEMBER}"
"""Of a room's owner."""

LONGEST_ID = 18
"""Digits; longer numbers are no ids, and too large for a database."""


def row_id(reference: str | int) -> int | None:
    """Return the id that a path argument is, or `None` where it is a name."""
    text = str(reference)
    if text.isascii() and text.isdigit() and len(text) <= LONGEST_ID:
        return int(text)
    return None


async def look_up_room(
    stores: Stores, group_id: int, reference: str | int
) -> RoomRecord | None:
    """Return a group's room by id or name, whoever asks."""
    room_id = row_id(reference)
    if room_id is None:
        # Names are kept without the spaces around them.
        return await stores.rooms.by_name(group_id, str(reference).strip())
    room = await stores.rooms.get(room_id)
    return room if room is not None and room.group_id == group_id else None


async def look_up_user(
    stores: Stores, group_id: int, reference: str | int
) -> UserRecord | None:
    """Return a group's user by id, e-mail address or mention name, whoever asks."""
    user_id = row_id(reference)
    if user_id is not None:
        user = await stores.users.get(user_id)
        return user if user is not None and user.group_id == group_id else None
    text = str(reference)
    if "@" in text[1:]:
        return await stores.users.by_email(group_id, text)
    name = clean_mention_name(text.removeprefix("@"))
    return await stores.users.by_mention(group_id, name)


async def find_room(stores: Stores, actor: Actor, reference: str | int) -> RoomRecord:
    """Return a room that the caller may see into.

    Raises:
        NotFoundError: There is none of this id or name in the caller's group, or the caller is
            a guest who is no member of it.
        ForbiddenError: It is private and the caller is no member, or not the token's room.
    """
    room = await look_up_room(stores, actor.group_id, reference)
    _check_binding(actor, room)
    if room is None:
        raise NotFoundError(f"Room {reference} not found")
    if actor.is_guest and not await _belongs(stores, actor, room):
        raise NotFoundError(f"Room {reference} not found")
    if room.privacy == "private" and not await _may_enter(stores, actor, room):
        raise ForbiddenError("This room is private, and you are not a member of it")
    return room


async def find_room_to_administer(
    stores: Stores, actor: Actor, reference: str | int
) -> RoomRecord:
    """Return a room that the caller may administer.

    Raises:
        NotFoundError: There is none of this id or name in the caller's group.
        ForbiddenError: The caller is neither its owner nor an administrator.
    """
    room = await find_room(stores, actor, reference)
    if not await is_room_admin(stores, actor, room):
        raise ForbiddenError("Only this room's owner and administrators may do that")
    return room


async def list_hidden_rooms(context: Context, room_ids: Collection[int]) -> set[int]:
    """Return those of some rooms that the actor may not see; a deleted room hides nothing."""
    hidden = set()
    for room_id in room_ids:
        if await context.stores.rooms.get(room_id) is None:
            continue
        try:
            await find_room(context.stores, context.actor, room_id)
        except (ForbiddenError, NotFoundError):
            hidden.add(room_id)
    return hidden


async def list_seen_rooms(
    stores: Stores,
    actor: Actor,
    *,
    include_private: bool = True,
    include_archived: bool,
    start: int = 0,
    count: int,
) -> list[RoomRecord]:
    """Return the rooms that the caller may see, in the order of their ids."""
    sees_all = actor.user is None or actor.is_group_admin
    return await stores.rooms.page(
        actor.group_id,
        seen_by=None if sees_all else actor.user_id,
        includes_public=not actor.is_guest,
        include_private=include_private,
        include_archived=include_archived,
        start=start,
        count=count,
    )


async def is_room_admin(stores: Stores, actor: Actor, room: RoomRecord) -> bool:
    """Say whether the caller may administer a room that it may see."""
    if actor.user is None or actor.is_group_admin:
        # What an add-on may do, its scopes alone decide.
        return True
    if room.owner_id == actor.user.id:
        return True
    roles = await stores.members.roles(room.id, actor.user.id)
    return roles is not None and ROOM_ADMIN in roles


def check_group_admin(actor: Actor) -> None:
    """Refuse a person who lost the right that the token was once given.

    Raises:
        ForbiddenError: They are no administrator of the group.
    """
    if actor.user is not None and not actor.is_group_admin:
        raise ForbiddenError("Only the group's administrators may do that")


async def check_own_room(stores: Stores, actor: Actor, reference: str | int) -> None:
    """Refuse a room-bound token for any room but its own, before anything else is looked at.

    Raises:
        ForbiddenError: The room is another one, or not there.
    """
    if actor.room_id is not None:
        room = await look_up_room(stores, actor.group_id, reference)
        _check_binding(actor, room)


async def check_may_read(stores: Stores, actor: Actor, conversation_id: int) -> None:
    """Refuse a conversation that the caller has no part in.

    Raises:
        NotFoundError: It is not there, a deleted room's, or a private chat of others.
        ForbiddenError: Its room is private, or not the one that the token is good for.
    """
    conversation = await stores.messages.conversation(conversation_id)
    if conversation is None or conversation.group_id != actor.group_id:
        raise NotFoundError("Conversation not found")
    if conversation.room_id is not None:
        await find_room(stores, actor, conversation.room_id)
        return
    parties = (conversation.lower_user_id, conversation.higher_user_id)
    if (
        actor.room_id is not None
        or actor.user_id is None
        or actor.user_id not in parties
    ):
        raise NotFoundError("Conversation not found")


def check_open(room: RoomRecord) -> None:
    """Refuse to add to a room that is archived.

    Raises:
        ForbiddenError: It is.
    """
    if room.is_archived:
        raise ForbiddenError("This room is archived: nothing can be said in it")


async def find_user(stores: Stores, actor: Actor, reference: str | int) -> UserRecord:
    """Return a user of the caller's group, a deleted one only by id.

    Raises:
        NotFoundError: There is none.
    """
    user = await look_up_user(stores, actor.group_id, reference)
    if user is None:
        raise NotFoundError(f"User {reference} not found")
    return user


async def find_group(stores: Stores, actor: Actor, reference: str | int) -> GroupRecord:
    """Return the caller's group, the only one that it may name.

    Raises:
        NotFoundError: It is another one, or none.
    """
    group = await stores.groups.get(actor.group_id)
    if group is None or row_id(reference) != group.id:
        raise NotFoundError(f"Group {reference} not found")
    return group


def own_user(actor: Actor) -> UserRecord:
    """Return the person that the token speaks for.

    Raises:
        ForbiddenError: It speaks for a program.
    """
    if actor.user is None:
        raise ForbiddenError("This action needs a user's token")
    return actor.user


def chatting_user(actor: Actor) -> UserRecord:
    """Return the person that the token speaks for, who may chat with others in private.

    Raises:
        ForbiddenError: It speaks for a program, or for a guest.
    """
    if actor.is_guest:
        raise ForbiddenError("Guests have no private chats")
    return own_user(actor)


def _check_binding(actor: Actor, room: RoomRecord | None) -> None:
    if actor.room_id is not None and (room is None or room.id != actor.room_id):
        raise ForbiddenError(
            "This token is good for one room only, and not for this one"
        )


async def _may_enter(stores: Stores, actor: Actor, room: RoomRecord) -> bool:
    if actor.user is None or actor.is_group_admin:
        return True
    return await _belongs(stores, actor, room)


async def _belongs(stores: Stores, actor: Actor, room: RoomRecord) -> bool:
    if actor.user_id is None or room.owner_id == actor.user_id:
        return actor.user_id is not None
    return await stores.members.roles(room.id, actor.user_id) is not None
