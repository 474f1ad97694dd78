"""The actor's group, its avatar and its statistics."""

from __future__ import annotations

from hipkit.api.errors import NotFoundError
from hipkit.server.services.access.lookup import check_group_admin, find_group
from hipkit.server.services.context import Context
from hipkit.server.services.files.avatars import replace_picture
from hipkit.server.services.people.details import full_user
from hipkit.server.services.registry import handles
from hipkit.server.services.representations.expansion import Expansion
from hipkit.server.services.representations.models import group_in_full, user_in_short
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.groups import GroupRecord
from hipkit.v2.groups import (
    DeleteGroupAvatar,
    GetGroup,
    GetGroupAvatar,
    GetGroupStatistics,
    UpdateGroupAvatar,
)
from hipkit.v2.models import Group

__all__ = [
    "get_group",
    "get_group_avatar",
    "get_group_statistics",
    "set_group_avatar",
]


@handles(GetGroup)
async def get_group(context: Context, request: GetGroup) -> Group:
    """Return the group."""
    stores, expand = context.stores, Expansion(request.expand)
    group = await find_group(stores, context.actor, request.group_id)
    owner = await stores.users.get(group.owner_id or 0)
    shown = None if owner is None else user_in_short(context.addresses, owner)
    if owner is not None and "owner" in expand:
        shown = await full_user(context, stores, owner)
    sent = await _messages_sent(context, group) if "statistics" in expand else None
    return group_in_full(context.addresses, group, shown, sent)


@handles(GetGroupAvatar)
async def get_group_avatar(context: Context, request: GetGroupAvatar) -> str:
    """Return the URL of the group's avatar.

    Raises:
        NotFoundError: The group has none.
    """
    group = await find_group(context.stores, context.actor, request.group_id)
    if group.avatar_key is None:
        raise NotFoundError("This group has no avatar")
    return context.addresses.picture(group.avatar_key)


@handles(UpdateGroupAvatar)
@handles(DeleteGroupAvatar)
async def set_group_avatar(
    context: Context, request: UpdateGroupAvatar | DeleteGroupAvatar
) -> None:
    """Set or delete the group's avatar; deleting none does nothing."""
    check_group_admin(context.actor)

    async def change(stores: Stores, key: str | None) -> str | None:
        group = await find_group(stores, context.actor, request.group_id)
        await stores.groups.set_avatar(group.id, key)
        return group.avatar_key

    avatar = request.avatar if isinstance(request, UpdateGroupAvatar) else None
    await replace_picture(context, avatar, "avatar", change)


@handles(GetGroupStatistics)
async def get_group_statistics(
    context: Context, request: GetGroupStatistics
) -> dict[str, object]:
    """Return the number of the group's messages, in the form of a room's statistics."""
    group = await find_group(context.stores, context.actor, request.group_id)
    return {
        "messages_sent": await _messages_sent(context, group),
        "links": {"self": f"{context.addresses.group(group.id)}/statistics"},
    }


async def _messages_sent(context: Context, group: GroupRecord) -> int:
    async def query(stores: Stores) -> int:
        return await stores.groups.messages_sent(group.id)

    return await context.runtime.database.scan(query)
