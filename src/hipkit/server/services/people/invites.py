"""Invite users to the group."""

from __future__ import annotations

from hipkit.server.services.context import Context
from hipkit.server.services.people.accounts import NewUser, add_user
from hipkit.server.services.people.details import full_user
from hipkit.server.services.registry import handles
from hipkit.v2.invites import InviteUserToGroup
from hipkit.v2.models import User

__all__ = ["invite_user_to_group"]


@handles(InviteUserToGroup)
async def invite_user_to_group(context: Context, request: InviteUserToGroup) -> User:
    """Add a user without a password.

    This server sends no e-mail: an administrator passes on a link to set the password.
    """
    user = NewUser(name=request.name, email=request.email, title=request.title or "")
    return await full_user(context, context.stores, await add_user(context, user))
