"""The rooms on the left of every page."""

from __future__ import annotations

from hipkit.server.services.context import Context
from hipkit.server.storage.rooms import RoomRecord

__all__ = ["list_sidebar"]

MOST_ROOMS = 1000


async def list_sidebar(context: Context) -> list[RoomRecord]:
    """Return the rooms that the person may see, by name, archived ones among them."""
    identity = context.identity
    found = await context.database.scan(
        lambda stores: stores.rooms.page(
            identity.group_id,
            seen_by=None if identity.is_group_admin else identity.user_id,
            includes_public=not identity.is_guest,
            include_private=True,
            include_archived=True,
            start=0,
            count=MOST_ROOMS,
        )
    )
    return sorted(found, key=lambda room: room.name.casefold())
