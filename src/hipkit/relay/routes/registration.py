"""Registers the routes of a file in the database: each by its name, where it was before."""

from __future__ import annotations

from collections.abc import Sequence

from hipkit.relay.routes.choosing import NO_ROUTE
from hipkit.relay.routes.route import Route
from hipkit.server.events.posted import POSTED
from hipkit.server.services.context import Context
from hipkit.server.shared.protocol import EVENTS
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.events import StreamRecord

__all__ = ["register_routes", "retry_paused"]


async def register_routes(context: Context, routes: Sequence[Route]) -> None:
    """Register the routes of a file, at a start or once the file was read again.

    A route with a name that is known goes on at its position, wherever it leads now. A new one
    begins with what is posted next. One that is not in the file any more gets nothing; what waits
    for it stays to be seen for 7 days, and is sent if the route comes back.

    Args:
        context: The operator's.
        routes: The routes of the file.

    Raises:
        StorageError: The database cannot be written; nothing is changed.
    """
    stream = StreamRecord(context.actor.group_id, None, POSTED)
    places = {
        route.name: (route.target.name, route.target.host(route.settings))
        for route in routes
    }
    if places:
        places[NO_ROUTE] = "", ""

    async def command(stores: Stores) -> None:
        for name, (target, host) in places.items():
            await stores.routes.open(
                stream, name=name, target=target, host=host, now_us=context.now_us
            )
        for record in await stores.routes.all():
            if record.name not in places:
                await stores.routes.remove(record.id, context.now_us)
        context.topics.add(EVENTS)

    await context.write(command)


async def retry_paused(context: Context) -> None:
    """Try the routes that failures paused at once: what was wrong with them may be mended.

    Those that the operator paused, or that are removed, stay so.

    Args:
        context: The operator's.

    Raises:
        StorageError: The database cannot be written; nothing is changed.
    """

    async def command(stores: Stores) -> None:
        for record in await stores.routes.all():
            if record.paused_us is not None and not record.is_inactive:
                await stores.routes.resume(record.id, context.now_us)
        context.topics.add(EVENTS)

    await context.write(command)
