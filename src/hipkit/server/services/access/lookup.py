"""Who may reach what: every service finds rooms and users here.

A token of one room gets the same error for every other room, whether or not it exists. Rooms of
other groups look like rooms that do not exist, and so does to a guest every room that they are
not a member of.
"""

from __future__ import annotations

from collections.abc import Collection

from hipkit.api.errors import ForbiddenError, NotFoundError
from hipkit.api.messages.mentions_and_links import clean_mention_name
from hipkit.server.services.access.actor import Actor
from hipkit.server.services.context import Context
from hipkit.server.services.errors import InvalidValueError
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.groups import GroupRecord
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.server.storage.stores.users import UserRecord

__all__ = [
    "MOST_ROOMS",
    "OTHER_ROOM",
    "OWNER_ROLES",
    "ROOM_ADMIN",
    "ROOM_MEMBER",
    "chatting_user",
    "check_group_admin",
    "check_may_read",
    "check_open",
    "check_operator",
    "check_own_room",
    "check_seen",
    "find_active_user",
    "find_group",
    "find_named_user",
    "find_room",
    "find_room_to_administer",
    "find_seen_room",
    "find_user",
    "is_room_admin",
    "list_hidden_rooms",
    "list_rooms_by_activity",
    "list_seen_rooms",
    "look_up_room",
    "look_up_user",
    "own_user",
    "row_id",
]

ROOM_ADMIN = "room_admin"
ROOM_MEMBER = "room_member"
OWNER_ROLES = f"{ROOM_ADMIN} {ROOM_MEMBER}"
"""The roles of a room's owner."""

OTHER_ROOM = "This token is limited to one room, and this is another one"
"""The error for every other room, whether or not it exists."""

MOST_ROOMS = 1_000
"""How many rooms a list by name has at most."""

LONGEST_ID = 18
"""Digits. A longer number cannot be an id: a database could not store it."""


def row_id(reference: str | int) -> int | None:
    """Return a reference as an id, or `None` if it is a name."""
    text = str(reference)
    if text.isascii() and text.isdigit() and len(text) <= LONGEST_ID:
        return int(text)
    return None


async def look_up_room(
    stores: Stores, group_id: int, reference: str | int
) -> RoomRecord | None:
    """Return a group's room by id or name, without checking who asks."""
    room_id = row_id(reference)
    if room_id is None:
        # Names are stored without surrounding spaces.
        return await stores.rooms.by_name(group_id, str(reference).strip())
    room = await stores.rooms.get(room_id)
    return room if room is not None and room.group_id == group_id else None


async def look_up_user(
    stores: Stores, group_id: int, reference: str | int
) -> UserRecord | None:
    """Return a group's user by id, e-mail address or mention name, without checking who asks."""
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
    """Return a room that the actor may see.

    Raises:
        NotFoundError: The actor's group has no room with this id or name, or the actor is a
            guest who is not a member of it.
        ForbiddenError: The room is private and the actor not a member, or the token is for
            another room.
    """
    room = await look_up_room(stores, actor.group_id, reference)
    return await check_seen(stores, actor, reference, room)


async def check_seen(
    stores: Stores, actor: Actor, reference: str | int, room: RoomRecord | None
) -> RoomRecord:
    """Return a room that was looked up, if the actor may see it.

    Raises:
        NotFoundError: As `find_room`.
        ForbiddenError: As `find_room`.
    """
    _check_binding(actor, room)
    if room is None:
        raise NotFoundError(f"Room {reference} not found")
    if actor.is_guest and not await _belongs(stores, actor, room):
        raise NotFoundError(f"Room {reference} not found")
    if room.privacy == "private" and not (
        actor.user is None
        or actor.is_group_admin
        or await _belongs(stores, actor, room)
    ):
        raise ForbiddenError("This room is private, and you are not a member of it")
    return room


async def find_seen_room(
    stores: Stores, actor: Actor, reference: str | int
) -> RoomRecord | None:
    """Return a room for lists of other things, which name it only to those who may see it."""
    try:
        return await find_room(stores, actor, reference)
    except (ForbiddenError, NotFoundError):
        return None


async def find_room_to_administer(
    stores: Stores, actor: Actor, reference: str | int
) -> RoomRecord:
    """Return a room that the actor may administer.

    Raises:
        NotFoundError: The actor's group has no room with this id or name.
        ForbiddenError: The actor is neither its owner nor an administrator.
    """
    room = await find_room(stores, actor, reference)
    if not await is_room_admin(stores, actor, room):
        raise ForbiddenError("Only this room's owner and administrators may do that")
    return room


async def list_hidden_rooms(context: Context, room_ids: Collection[int]) -> set[int]:
    """Return which of some rooms the actor may not see; deleted rooms are not among them."""
    hidden = set()
    for room_id in room_ids:
        if await context.stores.rooms.get(room_id) is None:
            continue
        if await find_seen_room(context.stores, context.actor, room_id) is None:
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
    """Return the rooms that the actor may see, in the order of their ids."""
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


async def list_rooms_by_activity(context: Context) -> list[RoomRecord]:
    """Return the rooms that the actor may see, archived ones too, the latest message first.

    Those without messages follow, in the order of their names.
    """
    actor = context.actor
    found = await context.runtime.database.scan(
        lambda stores: list_seen_rooms(
            stores, actor, include_archived=True, count=MOST_ROOMS
        )
    )
    return sorted(
        found, key=lambda room: (-(room.last_active_us or 0), room.name.casefold())
    )


async def is_room_admin(stores: Stores, actor: Actor, room: RoomRecord) -> bool:
    """Return whether the actor may administer a room that it may see."""
    if actor.user is None or actor.is_group_admin:
        # For add-ons only the scopes count, and these were checked before.
        return True
    if room.owner_id == actor.user.id:
        return True
    roles = await stores.members.roles(room.id, actor.user.id)
    return roles is not None and ROOM_ADMIN in roles


def check_group_admin(actor: Actor) -> None:
    """Check that an actor who is a user administers the group.

    A user may have lost that right after their token got its scopes. For add-ons only the scopes
    count.

    Raises:
        ForbiddenError: The user is not an administrator of the group.
    """
    if actor.user is not None and not actor.is_group_admin:
        raise ForbiddenError("Only the group's administrators may do that")


def check_operator(actor: Actor) -> None:
    """Check that the operator acts, who runs `hipkit admin` on the server's machine.

    Raises:
        ForbiddenError: The actor is of another kind.
    """
    if actor.kind != "operator":
        raise ForbiddenError("Only the operator of this server may do that")


async def check_own_room(stores: Stores, actor: Actor, reference: str | int) -> None:
    """Check, before anything else, that the token of one room is used for that room.

    Raises:
        ForbiddenError: The token is for another room.
    """
    _check_binding(actor, await look_up_room(stores, actor.group_id, reference))


async def check_may_read(stores: Stores, actor: Actor, conversation_id: int) -> None:
    """Check that the actor may read a conversation.

    Raises:
        NotFoundError: It does not exist, its room was deleted, or it is a private chat of others,
            or of a user who was made a guest.
        ForbiddenError: Its room is private, or the token is for another room.
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
        or actor.is_guest
    ):
        raise NotFoundError("Conversation not found")


def check_open(room: RoomRecord) -> None:
    """Check that a room takes new messages.

    Raises:
        ForbiddenError: It is archived.
    """
    if room.is_archived:
        raise ForbiddenError("This room is archived: nothing can be said in it")


async def find_user(stores: Stores, actor: Actor, reference: str | int) -> UserRecord:
    """Return a user of the actor's group; a deleted one is found only by id.

    Raises:
        NotFoundError: The group has no such user.
    """
    user = await look_up_user(stores, actor.group_id, reference)
    if user is None:
        raise NotFoundError(f"User {reference} not found")
    return user


async def find_active_user(
    stores: Stores, actor: Actor, reference: str | int
) -> UserRecord:
    """Return a user of the actor's group who was not deleted.

    Raises:
        NotFoundError: The group has no such user, or they were deleted.
    """
    user = await find_user(stores, actor, reference)
    if user.is_deleted:
        raise NotFoundError(f"User {reference} not found")
    return user


async def find_named_user(
    stores: Stores, group_id: int, field: str, reference: str | int
) -> UserRecord:
    """Return the group's user that a field of a request names.

    Raises:
        InvalidValueError: The group has no such user, or they were deleted.
    """
    user = await look_up_user(stores, group_id, reference)
    if user is None or user.is_deleted:
        raise InvalidValueError(field, "exists", "is not a user", reference)
    return user


async def find_group(stores: Stores, actor: Actor, reference: str | int) -> GroupRecord:
    """Return the actor's group, the only one that it may name.

    Raises:
        NotFoundError: The reference is not this group's id.
    """
    group = await stores.groups.get(actor.group_id)
    if group is None or row_id(reference) != group.id:
        raise NotFoundError(f"Group {reference} not found")
    return group


def own_user(actor: Actor) -> UserRecord:
    """Return the user who acts.

    Raises:
        ForbiddenError: The actor is not a user.
    """
    if actor.user is None:
        raise ForbiddenError("This action needs a user's token")
    return actor.user


def chatting_user(actor: Actor) -> UserRecord:
    """Return the user who acts, and who may have private chats.

    Raises:
        ForbiddenError: The actor is not a user, or a guest.
    """
    if actor.is_guest:
        raise ForbiddenError("Guests have no private chats")
    return own_user(actor)


def _check_binding(actor: Actor, room: RoomRecord | None) -> None:
    if actor.room_id is not None and (room is None or room.id != actor.room_id):
        raise ForbiddenError(OTHER_ROOM)


async def _belongs(stores: Stores, actor: Actor, room: RoomRecord) -> bool:
    if actor.user_id is None or room.owner_id == actor.user_id:
        return actor.user_id is not None
    return await stores.members.roles(room.id, actor.user_id) is not None
