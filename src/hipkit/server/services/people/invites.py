"""Invite people to the group."""

from __future__ import annotations

from hipkit.server.services.access.lookup import check_group_admin
from hipkit.server.services.context import Context
from hipkit.server.services.people.accounts import NewUser, add_user
from hipkit.server.services.people.details import full_user
from hipkit.server.services.registry import handles
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.users import UserRecord
from hipkit.v2.invites import InviteUserToGroup
from hipkit.v2.models import User

__all__ = ["invite_user_to_group"]


@handles(InviteUserToGroup)
async def invite_user_to_group(context: Context, request: InviteUserToGroup) -> User:
    """Add a user without a password.

    This server sends no e-mail: an administrator passes on a link to set the password.
    """
    check_group_admin(context.actor)
    group_id = context.actor.group_id
    user = NewUser(name=request.name, email=request.email, title=request.title or "")

    async def command(stores: Stores) -> UserRecord | None:
        user_id = await add_user(stores, group_id, user, context.now_us)
        return await stores.users.get(user_id)

    added = await context.write(command)
    if added is None:
        raise RuntimeError("a user was added and is not there")
    return await full_user(context, context.stores, added)
