"""What an administrator sees and does of routes: for `hipkit admin relay` and the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from hipkit.api.errors import BadRequestError, ForbiddenError, NotFoundError
from hipkit.relay.routes.choosing import NO_ROUTE, read_posted_event
from hipkit.server.events.log import NO_ROOM
from hipkit.server.events.posted import PostedMessage
from hipkit.server.services.access.lookup import list_hidden_rooms
from hipkit.server.services.context import Context
from hipkit.server.shared.protocol import EVENTS
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.deliveries import DeliveryRecord
from hipkit.server.storage.stores.events import NewEvent
from hipkit.server.storage.stores.routes import RouteRecord

__all__ = [
    "PausedBy",
    "RouteState",
    "RouteStatus",
    "find_route",
    "list_deliveries",
    "list_routes",
    "pause_route",
    "read_delivered",
    "resume_route",
    "send_again",
]

MOST_DELIVERIES = 100
SENT_AGAIN = "sent_again"
"""The state of a delivery whose message has become another one, so that it is sent once."""

RouteState = Literal["working", "waiting", "failing", "paused", "removed"]
"""Nothing waits for it; something does; the target failed last; it is paused, see `PausedBy`; it is
not in the file any more."""

PausedBy = Literal["administrator", "failures"]
"""Paused by an administrator, it gets nothing until it is resumed. Paused by failures, as a webhook
is, it is tried once an hour, and goes on by itself when a message gets through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteStatus:
    """How a route is doing."""

    record: RouteRecord
    waiting: int
    """How many messages are behind its position, those that it will not take included."""
    oldest_us: int | None
    """When the oldest of them was posted."""

    @property
    def is_no_route(self) -> bool:
        """Whether it only counts what no route takes, as `record.delivered`."""
        return self.record.name == NO_ROUTE

    @property
    def undelivered(self) -> int:
        """How many messages were refused, set aside, or dropped for their age."""
        return self.record.refused + self.record.set_aside + self.record.dropped

    @property
    def paused_by(self) -> PausedBy | None:
        """What paused it, if it is paused."""
        if self.record.held_us is not None:
            return "administrator"
        return None if self.record.paused_us is None else "failures"

    @property
    def paused_us(self) -> int | None:
        """Since when it is paused."""
        return self.record.held_us or self.record.paused_us

    @property
    def state(self) -> RouteState:
        """What it does now."""
        record = self.record
        if record.removed_us is not None:
            return "removed"
        if self.paused_by is not None:
            return "paused"
        if record.tries:
            return "failing"
        return "waiting" if self.waiting else "working"


async def list_routes(context: Context) -> Sequence[RouteStatus]:
    """Return all routes, those that are in the file no more for up to 7 days.

    Raises:
        ForbiddenError: The actor is no administrator.
    """
    _check(context)
    group_id = context.actor.group_id

    async def query(stores: Stores) -> list[RouteStatus]:
        return [
            await _status(stores, record)
            for record in await stores.routes.all()
            if record.group_id == group_id
        ]

    # To count a long backlog takes a while: calls go on meanwhile.
    return await context.runtime.database.scan(query)


async def find_route(context: Context, name: str) -> RouteStatus:
    """Return a route by its name.

    Raises:
        ForbiddenError: The actor is no administrator.
        NotFoundError: There is none of this name.
    """

    async def query(stores: Stores) -> RouteStatus:
        return await _status(stores, await _find(context, stores, name))

    return await context.runtime.database.scan(query)


async def list_deliveries(
    context: Context, name: str, count: int = MOST_DELIVERIES
) -> Sequence[DeliveryRecord]:
    """Return a route's deliveries, the newest event first, and among them what was refused.

    Texts of private messages, and of rooms that the actor may not see, are withheld.

    Raises:
        ForbiddenError: The actor is no administrator.
        NotFoundError: There is no route of this name.
    """
    route = await _find(context, context.stores, name)
    found = await context.stores.deliveries.of_subscription(route.id, count)
    rooms = {delivery.room_id for delivery in found if delivery.room_id}
    hidden = {NO_ROOM, *await list_hidden_rooms(context, rooms)}
    return [
        msgspec.structs.replace(delivery, item=None)
        if delivery.room_id in hidden
        else delivery
        for delivery in found
    ]


def read_delivered(delivery: DeliveryRecord) -> PostedMessage | None:
    """Return the message of a delivery; `None` where it is withheld, or not kept any more."""
    if delivery.item is None:
        return None
    try:
        return read_posted_event(delivery.item)
    except msgspec.MsgspecError:
        return None


async def pause_route(context: Context, name: str) -> None:
    """Pause a route: it gets nothing until it is resumed, and what comes waits.

    Raises:
        ForbiddenError: The actor is no administrator.
        NotFoundError: There is no route of this name.
        BadRequestError: It is not in the file any more.
    """

    async def command(stores: Stores) -> None:
        route = await _find_in_file(context, stores, name)
        await stores.routes.pause(route.id, context.now_us)

    await context.write(command)


async def resume_route(context: Context, name: str) -> None:
    """Resume a route that was paused, or try one that fails at once.

    Raises:
        ForbiddenError: The actor is no administrator.
        NotFoundError: There is no route of this name.
        BadRequestError: It is not in the file any more.
    """

    async def command(stores: Stores) -> None:
        route = await _find_in_file(context, stores, name)
        await stores.routes.resume(route.id, context.now_us)
        context.topics.add(EVENTS)

    await context.write(command)


async def send_again(context: Context, delivery_id: int) -> None:
    """Send a message again that was refused or set aside, after all that waits.

    That is done once: if it is refused again, the new delivery can be sent again in its turn.

    Raises:
        ForbiddenError: The actor is no administrator.
        NotFoundError: There is no such delivery of a route.
        BadRequestError: It was delivered, or still waits, or is not kept any more; or its route is
            not in the file any more.
    """
    _check(context)

    async def command(stores: Stores) -> None:
        delivery = await stores.deliveries.get(delivery_id)
        route = (
            None
            if delivery is None
            else await stores.routes.get(delivery.subscription_id)
        )
        if (
            delivery is None
            or route is None
            or route.group_id != context.actor.group_id
        ):
            raise NotFoundError(f"Delivery {delivery_id} not found")
        _check_in_file(route)
        if delivery.state == SENT_AGAIN:
            return
        if delivery.state not in {"refused", "set_aside"}:
            raise BadRequestError(
                f"Delivery {delivery_id} is {delivery.state}: only what was refused or"
                " set aside is sent again"
            )
        event = await stores.events.get(delivery.event_id)
        if event is None:
            raise BadRequestError("This message is not kept any more")
        again = NewEvent(
            group_id=event.group_id,
            room_id=event.room_id,
            event=event.event,
            item=event.item,
            root=event.root,
            text=event.text,
            user_id=event.user_id,
            only_for=route.id,
        )
        await stores.events.add(again, context.now_us)
        await stores.deliveries.set_state(delivery.id, SENT_AGAIN)
        context.topics.add(EVENTS)

    await context.write(command)


async def _status(stores: Stores, record: RouteRecord) -> RouteStatus:
    waiting = await stores.routes.waiting(record)
    return RouteStatus(
        record=record, waiting=waiting.count, oldest_us=waiting.oldest_us
    )


async def _find(context: Context, stores: Stores, name: str) -> RouteRecord:
    _check(context)
    route = await stores.routes.by_name(name)
    if (
        route is None
        or route.group_id != context.actor.group_id
        or route.name == NO_ROUTE
    ):
        raise NotFoundError(f"Route '{name}' not found")
    return route


async def _find_in_file(context: Context, stores: Stores, name: str) -> RouteRecord:
    route = await _find(context, stores, name)
    _check_in_file(route)
    return route


def _check_in_file(route: RouteRecord) -> None:
    if route.removed_us is not None:
        raise BadRequestError(
            f"Route '{route.name}' is not in the relay's file any more: it goes on once"
            " the file has it again, and was reloaded"
        )


def _check(context: Context) -> None:
    if not context.actor.is_group_admin:
        raise ForbiddenError("Only an administrator sees routes")
