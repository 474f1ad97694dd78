"""Handlers: the group."""

from __future__ import annotations

from hipkit.server.services.context import Context
from hipkit.server.services.people import groups as group_service
from hipkit.server.services.registry import handles
from hipkit.server.services.representations.expansion import Expansion
from hipkit.v2.groups import (
    DeleteGroupAvatar,
    GetGroup,
    GetGroupAvatar,
    GetGroupStatistics,
    UpdateGroupAvatar,
)
from hipkit.v2.models import Group

__all__ = [
    "delete_group_avatar",
    "get_group",
    "get_group_avatar",
    "get_group_statistics",
    "update_group_avatar",
]


@handles(GetGroup)
async def get_group(context: Context, request: GetGroup) -> Group:
    """Answer with the group."""
    expand = Expansion(request.expand)
    return await group_service.get_group(context, request.group_id, expand)


@handles(GetGroupAvatar)
async def get_group_avatar(context: Context, request: GetGroupAvatar) -> str:
    """Lead to the group's picture."""
    return await group_service.get_group_avatar(context, request.group_id)


@handles(UpdateGroupAvatar)
async def update_group_avatar(context: Context, request: UpdateGroupAvatar) -> None:
    """Give the group a picture."""
    await group_service.set_group_avatar(context, request.group_id, request.avatar)


@handles(DeleteGroupAvatar)
async def delete_group_avatar(context: Context, request: DeleteGroupAvatar) -> None:
    """Take the group's picture away."""
    await group_service.set_group_avatar(context, request.group_id, None)


@handles(GetGroupStatistics)
async def get_group_statistics(
    context: Context, request: GetGroupStatistics
) -> dict[str, object]:
    """Answer with the group's statistics."""
    return await group_service.get_group_statistics(context, request.group_id)
