"""Users as the actor may see them, in short and in full."""

from __future__ import annotations

from collections.abc import Collection

from hipkit.server.services.access.actor import Actor
from hipkit.server.services.context import Context
from hipkit.server.services.representations.models import (
    group_in_short,
    user_in_full,
)
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.users import UserRecord
from hipkit.v2.models import User

__all__ = ["full_user"]


async def full_user(
    context: Context, stores: Stores, user: UserRecord, room_roles: Collection[str] = ()
) -> User:
    """Return a user in full, without the e-mail address if the actor may not see it."""
    group = await stores.groups.get(user.group_id)
    return user_in_full(
        context.addresses,
        user,
        group=None if group is None else group_in_short(context.addresses, group),
        shows_email=_may_see_email(context.actor, user),
        now_us=context.now_us,
        room_roles=sorted(room_roles) or None,
    )


def _may_see_email(actor: Actor, user: UserRecord) -> bool:
    if actor.user_id == user.id or actor.is_group_admin:
        return True
    return actor.user is None and "admin_group" in actor.scopes
