"""The rooms on the left of every page."""

from __future__ import annotations

from hipkit.server.services.access.lookup import list_seen_rooms
from hipkit.server.services.context import Context
from hipkit.server.storage.stores.rooms import RoomRecord

__all__ = ["list_sidebar"]

MOST_ROOMS = 1_000


async def list_sidebar(context: Context) -> list[RoomRecord]:
    """Return the rooms that the person may see, by name, archived ones among them."""
    actor = context.actor
    found = await context.runtime.database.scan(
        lambda stores: list_seen_rooms(
            stores, actor, include_archived=True, count=MOST_ROOMS
        )
    )
    return sorted(found, key=lambda room: room.name.casefold())
