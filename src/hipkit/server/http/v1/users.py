"""Handlers of API v1: people, by the services of v2."""

from __future__ import annotations

from hipkit.server.http.registry import handles
from hipkit.server.services import users
from hipkit.server.services.context import Context
from hipkit.server.services.v1.forms import show_user
from hipkit.server.services.v1.lists import all_users
from hipkit.v1.models import UserEnvelope, UserList
from hipkit.v1.users import UsersList, UsersShow

__all__ = ["users_list", "users_show"]


@handles(UsersList)
async def users_list(context: Context, request: UsersList) -> UserList:
    """List people."""
    found = await all_users(context, include_deleted=request.include_deleted == 1)
    return UserList(users=[show_user(user) for user in found])


@handles(UsersShow)
async def users_show(context: Context, request: UsersShow) -> UserEnvelope:
    """Answer with a person."""
    return UserEnvelope(user=show_user(await users.get_user(context, request.user_id)))
