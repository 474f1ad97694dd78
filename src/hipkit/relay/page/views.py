"""Routes: their states and deliveries, and commands to pause, resume and send again."""

from __future__ import annotations

from dataclasses import dataclass

from hipkit.api.errors import NotFoundError
from hipkit.relay.routes.operating import (
    RouteState,
    RouteStatus,
    find_route,
    list_deliveries,
    list_routes,
    pause_route,
    read_delivered,
    resume_route,
    send_again,
)
from hipkit.server.events.posted import PostedMessage
from hipkit.server.http.responses import Answer
from hipkit.server.page.visit import ViewRoute, Visit
from hipkit.server.storage.stores.deliveries import DeliveryRecord

__all__ = ["VIEWS"]

COLORS: dict[RouteState, str] = {
    "working": "good",
    "waiting": "good",
    "failing": "warn",
    "paused": "bad",
    "removed": "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRoute:
    """A route as the page shows it."""

    status: RouteStatus

    @property
    def color(self) -> str:
        """The class of its badge."""
        return COLORS[self.status.state]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDelivery:
    """What became of a message."""

    delivery: DeliveryRecord
    posted: PostedMessage | None
    """The message; `None` if it is not kept any more, or the viewer may not see it."""

    @property
    def can_be_sent_again(self) -> bool:
        """Whether it was refused or set aside, and is still there."""
        is_over = self.delivery.state in {"refused", "set_aside"}
        return is_over and self.posted is not None


async def show_routes(visit: Visit) -> Answer:
    """Show all routes; htmx polls for them."""
    found = await list_routes(visit.context)
    routes = [ShownRoute(status=each) for each in found if not each.is_no_route]
    untaken = next((each.record for each in found if each.is_no_route), None)
    if visit.is_htmx:
        return visit.part("relay_routes.html", routes=routes, untaken=untaken)
    return await visit.page("relay.html", routes=routes, untaken=untaken)


async def show_route(visit: Visit) -> Answer:
    """Show a route with its newest deliveries; htmx polls for them."""
    name = await _name(visit)
    route = ShownRoute(status=await find_route(visit.context, name))
    deliveries = [
        ShownDelivery(delivery=each, posted=read_delivered(each))
        for each in await list_deliveries(visit.context, name)
    ]
    if visit.is_htmx:
        return visit.part("relay_deliveries.html", route=route, deliveries=deliveries)
    return await visit.page("relay_route.html", route=route, deliveries=deliveries)


async def pause(visit: Visit) -> Answer:
    """Pause a route."""
    await pause_route(visit.context, await _name(visit))
    return _back(visit, "paused")


async def resume(visit: Visit) -> Answer:
    """Resume a route, or try one now that fails."""
    await resume_route(visit.context, await _name(visit))
    return _back(visit, "resumed")


async def resend(visit: Visit) -> Answer:
    """Send a message again that was refused or set aside."""
    await send_again(visit.context, visit.number("delivery_id"))
    return _back(visit, "sent")


async def _name(visit: Visit) -> str:
    """Return the name of the route in the path, in which it could not be written.

    Raises:
        NotFoundError: There is no such route.
    """
    route_id = visit.number("route_id")
    route = await visit.context.stores.routes.get(route_id)
    if route is None:
        raise NotFoundError("There is no such route")
    return route.name


def _back(visit: Visit, done: str) -> Answer:
    return visit.redirect(f"/relay/{visit.number('route_id')}", done=done)


VIEWS = [
    ViewRoute("/relay", show_routes),
    ViewRoute("/relay/{route_id}", show_route),
    ViewRoute("/relay/{route_id}/pause", pause, method="POST"),
    ViewRoute("/relay/{route_id}/resume", resume, method="POST"),
    ViewRoute("/relay/{route_id}/deliveries/{delivery_id}/send", resend, method="POST"),
]
