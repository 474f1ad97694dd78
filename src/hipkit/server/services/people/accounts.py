"""Accounts: add, change, delete and restore users, with one set of checks for all who may.

HipChat's operations call these functions (`users.py`), and so do API v1 and `hipkit admin user`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from hipkit.api.errors import BadRequestError, ForbiddenError, NotFoundError
from hipkit.api.messages.mentions_and_links import (
    clean_mention_name,
    derive_mention_name,
    is_mention_name,
)
from hipkit.server.services.access.keys import new_version
from hipkit.server.services.access.lookup import (
    check_group_admin,
    check_operator,
    find_active_user,
    look_up_user,
)
from hipkit.server.services.access.passwords import hash_new_password
from hipkit.server.services.access.web_sessions import change_password
from hipkit.server.services.context import Context
from hipkit.server.services.errors import InvalidValueError
from hipkit.server.services.files.stored import remove_file
from hipkit.server.services.people.names import NAME_CHARACTERS, check_email, clean_name
from hipkit.server.services.representations.timestamps import find_zone
from hipkit.server.services.rooms.publishing import leave_every_room
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.users import NewUserRecord, UserRecord
from hipkit.v2.models import PresenceUpdate
from hipkit.v2.users import CreateUser, UpdateUser

__all__ = [
    "UserChanges",
    "add_user",
    "change_user",
    "delete_account",
    "find_changeable_user",
    "insert_user",
    "list_users",
    "set_admin",
    "undelete_user",
]

ADMIN_ROLES = frozenset({"admin", "administrator", "owner"})
"""Roles with which a user is an administrator."""
MOST_TRIES = 1_000
MOST_LISTED = 100_000


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


async def add_user(
    context: Context,
    user: CreateUser,
    *,
    is_guest: bool = False,
    user_id: int | None = None,
) -> UserRecord:
    """Add a user to the actor's group, who cannot sign in if there is no password.

    Only the operator may add guests, and choose an id, such as one that old programs know.

    Raises:
        ForbiddenError: The actor is not an administrator, or chooses what only the operator may.
        BadRequestError: A value is invalid, or another user has it.
    """
    actor, password = context.actor, user.password
    check_group_admin(actor)
    if is_guest or user_id is not None:
        check_operator(actor)
    if is_guest and user.is_group_admin:
        raise BadRequestError("A guest cannot be an administrator")
    if is_guest and password is not None:
        raise BadRequestError("A guest has no password")
    password_hash = None if password is None else await hash_new_password(password)

    async def command(stores: Stores) -> UserRecord:
        added_id = await insert_user(
            stores,
            actor.group_id,
            user,
            context.now_us,
            is_guest=is_guest,
            user_id=user_id,
            password_hash=password_hash,
        )
        return await find_active_user(stores, actor, added_id)

    return await context.write(command)


async def insert_user(
    stores: Stores,
    group_id: int,
    user: CreateUser,
    now_us: int,
    *,
    is_guest: bool = False,
    user_id: int | None = None,
    password_hash: str | None = None,
) -> int:
    """Within a command: store a user without checking who asks, and return the id.

    Raises:
        BadRequestError: A value is invalid, or another user has or had it.
    """
    if user_id is not None and await stores.users.get(user_id) is not None:
        raise InvalidValueError("id", "unique", "is another user's id", user_id)
    email, timezone = check_email(user.email), user.timezone or "UTC"
    mention_name = user.mention_name
    if mention_name is not None:
        mention_name = clean_mention_name(mention_name)
    find_zone(timezone)
    await _check_unique(stores, group_id, email, mention_name, None)
    if mention_name is None:
        mention_name = await _free_mention_name(stores, group_id, user.name)
    is_admin = user.is_group_admin is True or not ADMIN_ROLES.isdisjoint(
        user.roles or ()
    )
    roles = user.roles or ["admin" if is_admin else "user"]
    if is_guest:
        is_admin, roles = False, ["guest"]
    record = NewUserRecord(
        group_id=group_id,
        name=clean_name(user.name, most_characters=NAME_CHARACTERS),
        mention_name=mention_name,
        email=email,
        title=user.title or "",
        roles=_roles_to_json(roles),
        is_group_admin=is_admin,
        is_guest=is_guest,
        timezone=timezone,
        version=new_version(),
    )
    return await stores.users.add(
        record, now_us, password_hash=password_hash, user_id=user_id
    )


async def list_users(context: Context) -> list[UserRecord]:
    """Return all users and guests of the actor's group who were not deleted.

    Raises:
        ForbiddenError: The actor is not an administrator.
    """
    check_group_admin(context.actor)
    return await context.stores.users.page(
        context.actor.group_id,
        include_guests=True,
        include_deleted=False,
        start=0,
        count=MOST_LISTED,
    )


async def change_user(
    context: Context, reference: str | int, changes: UserChanges | UpdateUser
) -> UserRecord:
    """Change some of a user's settings, and return the user.

    A new password ends all sessions of the user.

    Raises:
        ForbiddenError: The actor is not an administrator, or may not change this user.
        BadRequestError: A value is invalid, or another user has it.
    """
    check_group_admin(context.actor)
    email, name = changes.email, changes.name
    email = None if email is None else check_email(email)
    if name is not None:
        name = clean_name(name, most_characters=NAME_CHARACTERS)
    if changes.timezone is not None:
        find_zone(changes.timezone)
    password_hash = None
    if changes.password is not None:
        password_hash = await hash_new_password(changes.password)

    async def command(stores: Stores) -> UserRecord:
        user = await find_changeable_user(context, stores, reference)
        changed = _changed(user, changes, name, email)
        await _check_unique(
            stores, user.group_id, changed.email, changes.mention_name, user.id
        )
        if await _owns_group(stores, user):
            # The group would otherwise be left without anybody who may administer it.
            changed = msgspec.structs.replace(changed, is_group_admin=True)
        await stores.users.replace(changed)
        if password_hash is not None:
            await change_password(stores, user.id, password_hash)
        return changed

    return await context.write(command)


async def set_admin(
    context: Context, reference: str | int, *, is_admin: bool
) -> UserRecord:
    """Set whether a user is an administrator of the group.

    Raises:
        ForbiddenError: The actor is not an administrator, or the user is a guest or the group's
            owner.
    """
    check_group_admin(context.actor)

    async def command(stores: Stores) -> UserRecord:
        user = await find_changeable_user(context, stores, reference)
        if not is_admin and await _owns_group(stores, user):
            raise ForbiddenError("The owner of the group stays its administrator")
        changed = msgspec.structs.replace(
            user,
            is_group_admin=is_admin,
            roles=_roles_to_json(["admin" if is_admin else "user"]),
            version=new_version(),
        )
        await stores.users.replace(changed)
        return changed

    return await context.write(command)


async def delete_account(context: Context, reference: str | int) -> UserRecord:
    """Delete a user with everything that acts for them, and return what they were.

    Messages stay, with the name of their sender.

    Raises:
        ForbiddenError: The actor is not an administrator, or the user is the group's owner.
        NotFoundError: The user does not exist.
    """
    check_group_admin(context.actor)

    async def command(stores: Stores) -> UserRecord:
        user = await find_active_user(stores, context.actor, reference)
        if await _owns_group(stores, user):
            raise ForbiddenError("The owner of the group cannot be deleted")
        await stores.grants.end_of_user(user.id)
        await stores.web_sessions.end_all(user.id)
        await stores.web_sessions.remove_links(user.id)
        await stores.web_sessions.remove_networks(user.id)
        await stores.webhooks.delete_of_user(user.id)
        await leave_every_room(context, stores, user.id)
        await stores.users.delete(user.id, new_version())
        if user.photo_key is not None:
            await stores.files.remove(user.photo_key)
        return user

    deleted = await context.write(command)
    # After the commit: a command that fails must not have removed the picture.
    await remove_file(context.runtime.blobs, deleted.photo_key)
    return deleted


async def undelete_user(context: Context, reference: str | int) -> UserRecord:
    """Restore a deleted user, known by id or by their former e-mail address, and return them.

    Nothing else comes back: no token, session, password, picture or membership. A user who is
    not deleted stays as they are.

    Raises:
        ForbiddenError: The actor is not an administrator.
        NotFoundError: No user has or had this id or address.
        BadRequestError: Another user has their address or mention name by now.
    """
    check_group_admin(context.actor)

    async def command(stores: Stores) -> UserRecord:
        group_id = context.actor.group_id
        user = await look_up_user(stores, group_id, reference)
        if user is None:
            user = await stores.users.deleted_by_email(group_id, str(reference))
        if user is None:
            raise NotFoundError(f"User {reference} not found")
        if user.is_deleted:
            names = (user.email, user.mention_name)
            await _check_unique(stores, user.group_id, *names, user.id)
            await stores.users.undelete(user, new_version())
        return user

    return await context.write(command)


async def find_changeable_user(
    context: Context, stores: Stores, reference: str | int
) -> UserRecord:
    """Return a user whose settings the actor may change.

    Raises:
        NotFoundError: The user does not exist.
        ForbiddenError: The user is a guest, or the group's owner, whom only they themselves and
            the operator may change.
    """
    actor = context.actor
    user = await find_active_user(stores, actor, reference)
    if user.is_guest:
        raise ForbiddenError("Guests cannot be changed")
    is_trusted = actor.user_id == user.id or actor.kind == "operator"
    if not is_trusted and await _owns_group(stores, user):
        raise ForbiddenError("The owner of the group can only be changed by themselves")
    return user


def _changed(
    user: UserRecord,
    changes: UserChanges | UpdateUser,
    name: str | None,
    email: str | None,
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
        roles=user.roles if changes.roles is None else _roles_to_json(changes.roles),
        is_group_admin=is_admin,
        timezone=changes.timezone or user.timezone,
        presence_show=user.presence_show if presence is None else presence.show,
        presence_status=user.presence_status if presence is None else presence.status,
        version=new_version(),
    )


async def _check_unique(
    stores: Stores,
    group_id: int,
    email: str,
    mention_name: str | None,
    own_id: int | None,
) -> None:
    """Check that no user but the one with `own_id` has an address or mention name.

    Raises:
        BadRequestError: Another user has it; the texts are HipChat's.
        InvalidValueError: It cannot be a mention name.
    """
    other = await stores.users.by_email(group_id, email)
    if other is not None and other.id != own_id:
        raise BadRequestError("Another user has that email.", field="email")
    if mention_name is None:
        return
    mention_name = clean_mention_name(mention_name)
    if not is_mention_name(mention_name):
        problem = "is not a name of letters, digits and underscores"
        raise InvalidValueError("mention_name", "pattern", problem, mention_name)
    other = await stores.users.by_mention(group_id, mention_name)
    if other is not None and other.id != own_id:
        raise BadRequestError(
            "Another user has that mention name.", field="mention_name"
        )


async def _owns_group(stores: Stores, user: UserRecord) -> bool:
    group = await stores.groups.get(user.group_id)
    return group is not None and group.owner_id == user.id


async def _free_mention_name(stores: Stores, group_id: int, name: str) -> str:
    for number in range(MOST_TRIES):
        mention_name = derive_mention_name(name, number)
        if await stores.users.by_mention(group_id, mention_name) is None:
            return mention_name
    raise BadRequestError("Too many users have that name.", field="name")


def _roles_to_json(roles: list[str]) -> str:
    return msgspec.json.encode(roles).decode()
