"""HipChat's operations on users: list, create, invite, update and delete them, set pictures.

Read next: `accounts.py`, which decides what may change.
"""

from __future__ import annotations

import msgspec

from hipkit.api.errors import ForbiddenError, NotFoundError
from hipkit.server.services.access.keys import new_password, new_version
from hipkit.server.services.access.lookup import check_group_admin, find_user
from hipkit.server.services.context import Context
from hipkit.server.services.files.avatars import replace_picture
from hipkit.server.services.people.accounts import (
    add_user,
    change_user,
    delete_account,
    find_changeable_user,
)
from hipkit.server.services.people.details import full_user
from hipkit.server.services.registry import handles
from hipkit.server.services.representations.models import user_in_short
from hipkit.server.services.representations.paging import Slice
from hipkit.server.services.rooms.rooms import show_rooms
from hipkit.server.storage.protocol import Stores
from hipkit.v2.invites import InviteUserToGroup
from hipkit.v2.models import (
    CreatedUser,
    Links,
    RoomPage,
    User,
    UserPage,
)
from hipkit.v2.users import (
    CreateUser,
    DeletePhoto,
    DeleteUser,
    GetAllUsers,
    GetAutoJoinRooms,
    GetPhoto,
    GetUser,
    UpdatePhoto,
    UpdateUser,
)

__all__ = [
    "create_user",
    "delete_user",
    "get_all_users",
    "get_auto_join_rooms",
    "get_photo",
    "get_user",
    "invite_user_to_group",
    "set_photo",
    "update_user",
]


@handles(GetAllUsers)
async def get_all_users(context: Context, request: GetAllUsers) -> UserPage:
    """List the users of the group."""
    include_guests = request.include_guests is True
    include_deleted = request.include_deleted is True
    part = Slice.of(
        f"{context.addresses.api}/user",
        request,
        {"include-guests": include_guests, "include-deleted": include_deleted},
    )

    async def query(stores: Stores) -> UserPage:
        found = await stores.users.page(
            context.actor.group_id,
            include_guests=include_guests,
            include_deleted=include_deleted,
            start=part.start,
            count=part.count,
        )
        items = [
            await full_user(context, stores, user)
            if "items" in part.expand
            else user_in_short(context.addresses, user)
            for user in part.items(found)
        ]
        return part.page(UserPage, found, items)

    return await context.runtime.database.scan(query)


@handles(GetUser)
async def get_user(context: Context, request: GetUser) -> User:
    """Return a user in full, as far as the actor may see."""
    stores = context.stores
    user = await find_user(stores, context.actor, request.id_or_email)
    return await full_user(context, stores, user)


@handles(CreateUser)
async def create_user(context: Context, request: CreateUser) -> CreatedUser:
    """Create a user; a password that the server generates is in this response only."""
    user = msgspec.structs.replace(
        request,
        password=request.password or new_password(),
        mention_name=request.mention_name or None,
    )
    added = await add_user(context, user)
    return CreatedUser(
        id=added.id,
        links=Links(self_=context.addresses.user(added.id)),
        password=None if request.password else user.password,
    )


@handles(InviteUserToGroup)
async def invite_user_to_group(context: Context, request: InviteUserToGroup) -> User:
    """Add a user without a password.

    This server sends no e-mail: an administrator passes on a link to set the password.
    """
    user = CreateUser(request.name, request.email, title=request.title)
    return await full_user(context, context.stores, await add_user(context, user))


@handles(UpdateUser)
async def update_user(context: Context, request: UpdateUser) -> None:
    """Update a user's settings; optional ones that are left out stay as they are.

    Raises:
        ForbiddenError: The user owns the group, and another user asks.
    """
    password = request.password or None
    changes = msgspec.structs.replace(request, password=password)
    await change_user(context, request.id_or_email, changes)


@handles(DeleteUser)
async def delete_user(context: Context, request: DeleteUser) -> None:
    """Delete a user with all their tokens; their messages stay.

    Raises:
        ForbiddenError: The user owns the group, which always has an owner.
    """
    await delete_account(context, request.id_or_email)


@handles(GetPhoto)
async def get_photo(context: Context, request: GetPhoto) -> str:
    """Return the URL of a user's picture; both sizes are the picture as it was uploaded.

    Raises:
        NotFoundError: The user has none.
    """
    user = await find_user(context.stores, context.actor, request.id_or_email)
    if user.photo_key is None:
        raise NotFoundError("This user has no photo")
    return context.addresses.picture(user.photo_key)


@handles(UpdatePhoto)
@handles(DeletePhoto)
async def set_photo(context: Context, request: UpdatePhoto | DeletePhoto) -> None:
    """Set or remove a user's picture; removing none does nothing."""

    async def change(stores: Stores, key: str | None) -> str | None:
        user = await find_user(stores, context.actor, request.id_or_email)
        if user.id != context.actor.user_id:
            check_group_admin(context.actor)
            user = await find_changeable_user(context, stores, user.id)
        await stores.users.set_photo(user.id, key, new_version())
        return user.photo_key

    photo = request.photo if isinstance(request, UpdatePhoto) else None
    await replace_picture(context, photo, "photo", change)


@handles(GetAutoJoinRooms)
async def get_auto_join_rooms(context: Context, request: GetAutoJoinRooms) -> RoomPage:
    """List the rooms that a user joins automatically, for that user and administrators."""
    actor = context.actor
    user = await find_user(context.stores, actor, request.id_or_email)
    if user.id != actor.user_id and not actor.is_group_admin:
        raise ForbiddenError("Only users themselves may see that")
    part = Slice.of(f"{context.addresses.user(user.id)}/preference/auto-join", request)

    async def query(stores: Stores) -> RoomPage:
        found = await stores.rooms.auto_joined(
            user.id, start=part.start, count=part.count
        )
        return await show_rooms(context, stores, part, found)

    return await context.runtime.database.scan(query)
