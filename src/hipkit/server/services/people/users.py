"""Users: list, create, update, delete and restore them, and set their pictures."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from hipkit.api.errors import ForbiddenError, NotFoundError
from hipkit.api.files import ImageSource
from hipkit.server.services.access.keys import new_password, new_version
from hipkit.server.services.access.lookup import (
    check_group_admin,
    find_user,
    look_up_user,
)
from hipkit.server.services.access.passwords import hash_new_password
from hipkit.server.services.access.web_sessions import change_password
from hipkit.server.services.context import Context
from hipkit.server.services.files.avatars import replace_picture
from hipkit.server.services.files.stored import remove_file
from hipkit.server.services.messages.markup import clean_mention_name
from hipkit.server.services.people.accounts import (
    ADMIN_ROLES,
    NewUser,
    add_user,
    bring_back,
    check_taken,
    owns_group,
    remove_user,
    roles_to_json,
)
from hipkit.server.services.people.details import full_user
from hipkit.server.services.people.names import check_email, clean_name
from hipkit.server.services.registry import handles
from hipkit.server.services.representations.models import user_in_short
from hipkit.server.services.representations.paging import Slice
from hipkit.server.services.representations.timestamps import find_zone
from hipkit.server.services.rooms.rooms import show_rooms
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.users import UserRecord
from hipkit.v2.models import (
    CreatedUser,
    Links,
    PresenceUpdate,
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
    "UserChanges",
    "change_user",
    "create_user",
    "delete_photo",
    "delete_user",
    "get_all_users",
    "get_auto_join_rooms",
    "get_photo",
    "get_user",
    "undelete_user",
    "update_photo",
    "update_user",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChanges:
    """New values of a user's settings; `None` leaves a setting as it is."""

    name: str | None = None
    email: str | None = None
    mention_name: str | None = None
    title: str | None = None
    roles: list[str] | None = None
    is_group_admin: bool | None = None
    timezone: str | None = None
    password: str | None = field(default=None, repr=False)
    presence: PresenceUpdate | None = None


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
    """Return a user with everything that the caller may see."""
    stores = context.stores
    user = await find_user(stores, context.actor, request.id_or_email)
    return await full_user(context, stores, user)


@handles(CreateUser)
async def create_user(context: Context, request: CreateUser) -> CreatedUser:
    """Create a user; a password that the server generates is in this response alone."""
    check_group_admin(context.actor)
    password = request.password or new_password()
    user = NewUser(
        name=request.name,
        email=request.email,
        mention_name=request.mention_name or None,
        title=request.title or "",
        roles=request.roles,
        is_group_admin=request.is_group_admin is True,
        timezone=request.timezone or "UTC",
        password_hash=await hash_new_password(password),
    )

    async def command(stores: Stores) -> int:
        group_id = context.actor.group_id
        return await add_user(stores, group_id, user, context.now_us)

    user_id = await context.write(command)
    return CreatedUser(
        id=user_id,
        links=Links(self_=context.addresses.user(user_id)),
        password=None if request.password else password,
    )


@handles(UpdateUser)
async def update_user(context: Context, request: UpdateUser) -> None:
    """Update a user's settings; what is optional and left out stays as it is.

    Raises:
        ForbiddenError: The user owns the group, and another user asks.
    """
    changes = UserChanges(
        name=request.name,
        email=request.email,
        mention_name=request.mention_name,
        title=request.title,
        roles=request.roles,
        is_group_admin=request.is_group_admin,
        timezone=request.timezone,
        password=request.password,
        presence=request.presence,
    )
    await change_user(context, request.id_or_email, changes)


async def change_user(
    context: Context, reference: str | int, changes: UserChanges
) -> int:
    """Change some of a user's settings, and return the id.

    Raises:
        ForbiddenError: The user owns the group, and another user asks.
    """
    check_group_admin(context.actor)
    email, name = changes.email, changes.name
    email = None if email is None else check_email(email)
    name = None if name is None else clean_name(name)
    if changes.timezone is not None:
        find_zone(changes.timezone)
    password_hash = None
    if changes.password:
        password_hash = await hash_new_password(changes.password)

    async def command(stores: Stores) -> int:
        user = await _find_changeable(context, stores, reference)
        changed = _changed(user, changes, name, email)
        await check_taken(
            stores, user.group_id, changed.email, changes.mention_name, user.id
        )
        if await owns_group(stores, user):
            # Or the group would have nobody left to rule it.
            changed = msgspec.structs.replace(changed, is_group_admin=True)
        await stores.users.replace(changed)
        if password_hash is not None:
            await change_password(stores, user.id, password_hash)
        return user.id

    return await context.write(command)


async def undelete_user(context: Context, reference: str | int) -> None:
    """Restore a deleted user, known by id or by their former e-mail address.

    A user who is not deleted stays as they are.

    Raises:
        NotFoundError: No user has or had this id or address.
        BadRequestError: Another user has their address or mention name by now.
    """
    check_group_admin(context.actor)

    async def command(stores: Stores) -> None:
        group_id = context.actor.group_id
        user = await look_up_user(stores, group_id, reference)
        if user is None:
            user = await stores.users.deleted_by_email(group_id, str(reference))
        if user is None:
            raise NotFoundError(f"User {reference} not found")
        if user.is_deleted:
            await bring_back(stores, user)

    await context.write(command)


@handles(DeleteUser)
async def delete_user(context: Context, request: DeleteUser) -> None:
    """Delete a user with every token of theirs; their messages stay.

    Raises:
        ForbiddenError: The user owns the group, which always has an owner.
    """
    check_group_admin(context.actor)
    reference = request.id_or_email

    async def command(stores: Stores) -> str | None:
        user = await find_user(stores, context.actor, reference)
        if user.is_deleted:
            raise NotFoundError(f"User {reference} not found")
        if await owns_group(stores, user):
            raise ForbiddenError("The owner of the group cannot be deleted")
        await remove_user(context, stores, user)
        return user.photo_key

    photo_key = await context.write(command)
    await remove_file(context.runtime.blobs, photo_key)


@handles(GetPhoto)
async def get_photo(context: Context, request: GetPhoto) -> str:
    """Return the URL of a user's picture; both sizes are the picture as it was uploaded.

    Raises:
        NotFoundError: There is none.
    """
    user = await find_user(context.stores, context.actor, request.id_or_email)
    if user.photo_key is None:
        raise NotFoundError("This user has no photo")
    return context.addresses.picture(user.photo_key)


@handles(UpdatePhoto)
async def update_photo(context: Context, request: UpdatePhoto) -> None:
    """Set a user's picture."""
    await _set_photo(context, request.id_or_email, request.photo)


@handles(DeletePhoto)
async def delete_photo(context: Context, request: DeletePhoto) -> None:
    """Remove a user's picture; without one nothing happens."""
    await _set_photo(context, request.id_or_email, None)


@handles(GetAutoJoinRooms)
async def get_auto_join_rooms(context: Context, request: GetAutoJoinRooms) -> RoomPage:
    """List the rooms that a user's program joins by itself, for the user alone."""
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


async def _find_changeable(
    context: Context, stores: Stores, reference: str | int
) -> UserRecord:
    """Return a user whom the caller may change: no guest, and the owner only by themselves."""
    user = await find_user(stores, context.actor, reference)
    if user.is_deleted:
        raise NotFoundError(f"User {reference} not found")
    if user.is_guest:
        raise ForbiddenError("Guests cannot be changed")
    if context.actor.user_id != user.id and await owns_group(stores, user):
        raise ForbiddenError("The owner of the group can only be changed by themselves")
    return user


def _changed(
    user: UserRecord, changes: UserChanges, name: str | None, email: str | None
) -> UserRecord:
    is_admin = user.is_group_admin
    if changes.is_group_admin is not None:
        is_admin = changes.is_group_admin
    elif changes.roles is not None:
        is_admin = not ADMIN_ROLES.isdisjoint(changes.roles)
    mention_name, presence = changes.mention_name, changes.presence
    return msgspec.structs.replace(
        user,
        name=user.name if name is None else name,
        email=user.email if email is None else email,
        mention_name=user.mention_name
        if mention_name is None
        else clean_mention_name(mention_name),
        title=user.title if changes.title is None else changes.title,
        roles=user.roles if changes.roles is None else roles_to_json(changes.roles),
        is_group_admin=is_admin,
        timezone=changes.timezone or user.timezone,
        presence_show=user.presence_show if presence is None else presence.show,
        presence_status=user.presence_status if presence is None else presence.status,
        version=new_version(),
    )


async def _set_photo(
    context: Context, reference: str | int, photo: ImageSource | None
) -> None:
    async def change(stores: Stores, key: str | None) -> str | None:
        user = await find_user(stores, context.actor, reference)
        if user.id != context.actor.user_id:
            check_group_admin(context.actor)
            user = await _find_changeable(context, stores, user.id)
        await stores.users.set_photo(user.id, key, new_version())
        return user.photo_key

    await replace_picture(context, photo, "photo", change)
