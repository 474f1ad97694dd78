"""Lists and changes members and participants of rooms, and invites users."""

from __future__ import annotations

from collections.abc import Sequence

from hipkit.api.errors import BadRequestError, ForbiddenError, NotFoundError
from hipkit.server.services.access.lookup import (
    OWNER_ROLES,
    ROOM_MEMBER,
    check_open,
    check_operator,
    find_active_user,
    find_room,
    find_room_to_administer,
    find_user,
)
from hipkit.server.services.context import Context
from hipkit.server.services.people.details import full_user
from hipkit.server.services.registry import handles
from hipkit.server.services.representations.models import user_in_short
from hipkit.server.services.representations.paging import Slice
from hipkit.server.services.rooms.publishing import leave_room
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.members import MemberRecord
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.v2.models import User, UserPage
from hipkit.v2.rooms import (
    AddMember,
    GetAllMembers,
    GetAllParticipants,
    InviteUser,
    RemoveMember,
)

__all__ = [
    "add_auto_join",
    "add_member",
    "get_all_members",
    "get_all_participants",
    "invite_user",
    "remove_member",
]


@handles(GetAllMembers)
async def get_all_members(context: Context, request: GetAllMembers) -> UserPage:
    """List the members of a room."""

    async def query(stores: Stores) -> UserPage:
        room = await find_room(stores, context.actor, request.room_id_or_name)
        part = Slice.of(f"{context.addresses.room(room.id)}/member", request)
        found = await stores.members.members(
            room.id, start=part.start, count=part.count
        )
        return await _page(context, stores, room, part, found)

    return await context.runtime.database.scan(query)


@handles(GetAllParticipants)
async def get_all_participants(
    context: Context, request: GetAllParticipants
) -> UserPage:
    """List the participants of a room, and on request the absent members of a private one."""
    include_offline = request.include_offline is True

    async def query(stores: Stores) -> UserPage:
        room = await find_room(stores, context.actor, request.room_id_or_name)
        part = Slice.of(
            f"{context.addresses.room(room.id)}/participant",
            request,
            {"include-offline": include_offline},
        )
        found = await stores.members.participants(
            room.id,
            include_members=include_offline and room.privacy == "private",
            start=part.start,
            count=part.count,
        )
        return await _page(context, stores, room, part, found)

    return await context.runtime.database.scan(query)


@handles(AddMember)
async def add_member(context: Context, request: AddMember) -> None:
    """Add a member to a room, or change a member's roles."""
    roles = " ".join(sorted(set(request.room_roles or ()))) or ROOM_MEMBER

    async def command(stores: Stores) -> None:
        actor = context.actor
        room = await find_room_to_administer(stores, actor, request.room_id_or_name)
        user = await find_active_user(stores, actor, request.user_id_or_email)
        await stores.members.set_member(room.id, user.id, roles)

    await context.write(command)


@handles(RemoveMember)
async def remove_member(context: Context, request: RemoveMember) -> None:
    """Remove a member, who leaves a private room at once.

    Raises:
        NotFoundError: The user is no member.
        ForbiddenError: The user owns the room.
    """

    async def command(stores: Stores) -> None:
        actor, reference = context.actor, request.user_id_or_email
        room = await find_room_to_administer(stores, actor, request.room_id_or_name)
        user = await find_user(stores, actor, reference)
        if user.id == room.owner_id:
            raise ForbiddenError("The owner of a room stays its member")
        if not await stores.members.remove_member(room.id, user.id):
            raise NotFoundError(f"User {reference} is not a member")
        if room.privacy == "private" or user.is_guest:
            await leave_room(context, stores, room, user.id)

    await context.write(command)


async def add_auto_join(context: Context, user: str | int, room: str | int) -> None:
    """Add a room to those that a user joins automatically, as the operator.

    Raises:
        ForbiddenError: The actor is not the operator.
        NotFoundError: The user or the room does not exist.
    """
    actor = context.actor
    check_operator(actor)

    async def command(stores: Stores) -> None:
        user_id = (await find_active_user(stores, actor, user)).id
        room_id = (await find_room(stores, actor, room)).id
        await stores.rooms.add_auto_join(user_id, room_id)

    await context.write(command)


@handles(InviteUser)
async def invite_user(context: Context, request: InviteUser) -> None:
    """Invite a user to a room.

    Raises:
        BadRequestError: The room is private and the user is no member, so could not enter.
    """

    async def command(stores: Stores) -> None:
        actor = context.actor
        room = await find_room(stores, actor, request.room_id_or_name)
        user = await find_active_user(stores, actor, request.user_id_or_email)
        check_open(room)
        is_member = user.id == room.owner_id or (
            await stores.members.roles(room.id, user.id) is not None
        )
        if not is_member and room.privacy == "private":
            raise BadRequestError("This room is private: make the user a member")
        if not is_member and user.is_guest:
            # Guests see only rooms of which they are members.
            await stores.members.set_member(room.id, user.id, ROOM_MEMBER)
        await stores.members.invite(
            room.id,
            user.id,
            inviter_id=actor.user_id,
            reason=request.reason or "",
            now_us=context.now_us,
        )

    await context.write(command)


async def _page(
    context: Context,
    stores: Stores,
    room: RoomRecord,
    part: Slice,
    found: Sequence[MemberRecord],
) -> UserPage:
    items: list[User] = []
    for user in part.items(found):
        # HipChat gave participants of public rooms a role, although they are no members.
        is_owner = user.id == room.owner_id
        named = user.room_roles or (OWNER_ROLES if is_owner else ROOM_MEMBER)
        roles = named.split()
        items.append(
            await full_user(context, stores, user, roles)
            if "items" in part.expand
            else user_in_short(context.addresses, user, roles)
        )
    return part.page(UserPage, found, items)
