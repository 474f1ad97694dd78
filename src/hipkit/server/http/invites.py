"""Handlers: invitations into the group."""

from __future__ import annotations

from hipkit.server.services.context import Context
from hipkit.server.services.people import invites as invite_service
from hipkit.server.services.registry import handles
from hipkit.v2.invites import InviteUserToGroup

__all__ = ["invite_user_to_group"]


@handles(InviteUserToGroup)
async def invite_user_to_group(context: Context, request: InviteUserToGroup) -> object:
    """Invite somebody into the group."""
    return await invite_service.invite_user_to_group(context, request)
