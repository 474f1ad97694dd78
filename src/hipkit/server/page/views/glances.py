"""The glances of a room, and what a browser needs to ask add-ons for their content."""

from __future__ import annotations

import msgspec

from hipkit.api.bodies.json_grammar import parse_json
from hipkit.api.errors import BadRequestError
from hipkit.server.http.responses import Answer, header
from hipkit.server.page.glances import GlanceSources, glance_views
from hipkit.server.page.visit import ViewRoute, Visit
from hipkit.server.services.access.lookup import find_room
from hipkit.server.services.addons.modules.showing import (
    glance_address,
    is_glance_shown,
    list_glances,
)
from hipkit.server.storage.stores.rooms import RoomRecord

__all__ = ["VIEWS"]

JSON = header("Content-Type", "application/json")
LONGEST_METADATA = 64 * 1024


async def show_glances(visit: Visit) -> Answer:
    """Show a room's glances as they are now."""
    room = await _room(visit)
    groups = await list_glances(visit.context, room)
    views = glance_views(groups, GlanceSources.of(groups))
    return visit.part("glances.html", room=room, glances=views)


async def show_address(visit: Visit) -> Answer:
    """Answer with the address to ask for a glance's content, signed just now."""
    room = await _room(visit)
    url = await glance_address(visit.context, room, visit.number("glance_id"))
    return _json({"url": url})


async def show_whether(visit: Visit) -> Answer:
    """Answer whether a glance is shown with the metadata that the add-on answered."""
    room = await _room(visit)
    is_shown = await is_glance_shown(
        visit.context,
        room,
        visit.number("glance_id"),
        _metadata(visit.field("metadata")),
    )
    return _json({"shown": is_shown})


def _metadata(text: str) -> dict[str, object] | None:
    """Return metadata from a form; `None` for none.

    Raises:
        BadRequestError: It is too long, or not a JSON object.
    """
    if not text:
        return None
    try:
        found = None if len(text) > LONGEST_METADATA else parse_json(text.encode())
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BadRequestError("The metadata is no JSON object, or a too long one")
    return found


def _json(value: object) -> Answer:
    return Answer(200, [JSON], msgspec.json.encode(value))


async def _room(visit: Visit) -> RoomRecord:
    context = visit.context
    return await find_room(context.stores, context.actor, visit.number("room_id"))


VIEWS = [
    ViewRoute("/rooms/{room_id}/glances", show_glances, for_guests=True),
    ViewRoute(
        "/rooms/{room_id}/glances/{glance_id}/address", show_address, for_guests=True
    ),
    ViewRoute(
        "/rooms/{room_id}/glances/{glance_id}/shown",
        show_whether,
        method="POST",
        for_guests=True,
    ),
]
