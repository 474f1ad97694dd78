"""Handles API v1's operations on users by v2's services."""

from __future__ import annotations

import msgspec

from hipkit.server.services.context import Context
from hipkit.server.services.people import users
from hipkit.server.services.people.accounts import (
    UserChanges,
    change_user,
    delete_account,
    undelete_user,
)
from hipkit.server.services.registry import handles
from hipkit.server.services.v1.lists import all_items
from hipkit.server.services.v1.representations import (
    CreatedFullUser,
    FullUser,
    user_in_full,
)
from hipkit.v1.models import (
    CreatedUserEnvelope,
    Deletion,
    Undeletion,
    UserEnvelope,
    UserList,
)
from hipkit.v1.users import (
    UsersCreate,
    UsersDelete,
    UsersList,
    UsersShow,
    UsersUndelete,
    UsersUpdate,
)
from hipkit.v2.users import CreateUser, GetAllUsers, GetUser

__all__ = [
    "users_create",
    "users_delete",
    "users_list",
    "users_show",
    "users_undelete",
    "users_update",
]


@handles(UsersList)
async def users_list(context: Context, request: UsersList) -> UserList:
    """List users."""
    everyone = GetAllUsers(
        include_deleted=request.include_deleted == 1, expand=["items"]
    )
    found = await all_items(context, users.get_all_users, everyone)
    return UserList(users=[user_in_full(user) for user in found])


@handles(UsersShow)
async def users_show(context: Context, request: UsersShow) -> UserEnvelope:
    """Return a user."""
    return UserEnvelope(user=await _full_user(context, request.user_id))


@handles(UsersCreate)
async def users_create(context: Context, request: UsersCreate) -> CreatedUserEnvelope:
    """Create a user; only this response has the password that the server chose."""
    created = await users.create_user(
        context,
        CreateUser(
            name=request.name,
            email=request.email,
            mention_name=request.mention_name,
            title=request.title,
            is_group_admin=request.is_group_admin == 1,
            timezone=request.timezone,
            password=request.password,
        ),
    )
    shown = msgspec.structs.asdict(await _full_user(context, created.id))
    return CreatedUserEnvelope(user=CreatedFullUser(**shown, password=created.password))


@handles(UsersUpdate)
async def users_update(context: Context, request: UsersUpdate) -> UserEnvelope:
    """Change those of a user's settings that the request has."""
    flag = request.is_group_admin
    changes = UserChanges(
        name=request.name,
        email=request.email,
        mention_name=request.mention_name,
        title=request.title,
        is_group_admin=None if flag is None else flag == 1,
        timezone=request.timezone,
        password=request.password or None,
    )
    changed = await change_user(context, request.user_id, changes)
    return UserEnvelope(user=await _full_user(context, changed.id))


@handles(UsersDelete)
async def users_delete(context: Context, request: UsersDelete) -> Deletion:
    """Delete a user."""
    await delete_account(context, request.user_id)
    return Deletion(deleted=True)


@handles(UsersUndelete)
async def users_undelete(context: Context, request: UsersUndelete) -> Undeletion:
    """Restore a deleted user."""
    await undelete_user(context, request.user_id)
    return Undeletion(undeleted=True)


async def _full_user(context: Context, reference: str | int) -> FullUser:
    return user_in_full(await users.get_user(context, GetUser(reference)))
