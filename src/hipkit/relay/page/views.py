"""Routes: their states and deliveries, and commands to pause them, go on and send again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from hipkit.api.errors import NotFoundError
from hipkit.relay.routes.operating import (
    RouteStatus,
    find_route,
    hold_route,
    list_deliveries,
    list_routes,
    release_route,
    send_again,
)
from hipkit.server.events.posted import PostedMessage
from hipkit.server.http.responses import Answer
from hipkit.server.page.visit import ViewRoute, Visit
from hipkit.server.storage.stores.deliveries import DeliveryRecord

__all__ = ["VIEWS"]

State = Literal["working", "waiting", "failing", "stopped", "paused", "removed"]
COLORS: dict[State, str] = {
    "working": "good",
    "waiting": "good",
    "failing": "warn",
    "stopped": "bad",
    "paused": "warn",
    "removed": "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRoute:
    """A route as the page shows it."""

    status: RouteStatus

    @property
    def state(self) -> State:
        """What it does now."""
        record = self.status.record
        if record.removed_us is not None:
            return "removed"
        if record.held_us is not None:
            return "paused"
        if record.paused_us is not None:
            return "stopped"
        if record.tries:
            return "failing"
        return "waiting" if self.status.waiting else "working"

    @property
    def color(self) -> str:
        """The class of its badge."""
        return COLORS[self.state]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDelivery:
    """What became of a message."""

    delivery: DeliveryRecord
    posted: PostedMessage | None
    """The message; `None` if it is not kept any more, or the viewer may not see it."""

    @property
    def can_be_sent_again(self) -> bool:
        """Whether it was given up, and is still there."""
        is_given_up = self.delivery.state in {"refused", "set_aside"}
        return is_given_up and self.posted is not None


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
        ShownDelivery(delivery=each, posted=_posted(each.item))
        for each in await list_deliveries(visit.context, name)
    ]
    if visit.is_htmx:
        return visit.part("relay_deliveries.html", route=route, deliveries=deliveries)
    return await visit.page("relay_route.html", route=route, deliveries=deliveries)


async def pause(visit: Visit) -> Answer:
    """Pause a route."""
    await hold_route(visit.context, await _name(visit))
    return _back(visit, "paused")


async def resume(visit: Visit) -> Answer:
    """Let a route go on, or try one now that fails."""
    await release_route(visit.context, await _name(visit))
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


def _posted(item: str | None) -> PostedMessage | None:
    if item is None:
        return None
    try:
        return msgspec.json.decode(item, type=PostedMessage)
    except msgspec.MsgspecError:
        return None


VIEWS = [
    ViewRoute("/relay", show_routes),
    ViewRoute("/relay/{route_id}", show_route),
    ViewRoute("/relay/{route_id}/pause", pause, method="POST"),
    ViewRoute("/relay/{route_id}/resume", resume, method="POST"),
    ViewRoute("/relay/{route_id}/deliveries/{delivery_id}/send", resend, method="POST"),
]
