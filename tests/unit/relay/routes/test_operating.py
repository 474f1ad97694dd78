from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from hipkit.api.errors import BadRequestError, ForbiddenError, NotFoundError
from hipkit.relay.routes.operating import (
    find_route,
    list_deliveries,
    list_routes,
    pause_route,
    resume_route,
    send_again,
)
from hipkit.relay.routes.registration import register_routes
from hipkit.relay.routes.route import Route
from hipkit.server.events.posted import POSTED
from hipkit.server.services.context import Context
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.deliveries import DeliveryRecord, NewDelivery
from hipkit.server.storage.stores.events import EventRecord, StreamRecord
from tests.unit.relay.fake_target import FakeSettings, FakeTarget
from tests.unit.server.asgi import Site

ROUTE = Route(name="ops", target=FakeTarget(), settings=FakeSettings(), private=True)


@pytest.fixture
def relay(site: Site) -> Site:
    asyncio.run(register_routes(site.operator_context(), [ROUTE]))
    return site


def say(site: Site, text: str = "hello", room: str = "Ops", **options: Any) -> None:
    path = f"/v2/room/{room}/message"
    assert site.post(path, {"message": text}, **options).status == 201


def settle(site: Site, state: str) -> DeliveryRecord:
    """Store that the newest event became something."""
    stores = site.server.database.stores

    async def work() -> DeliveryRecord:
        route = await stores.routes.by_name("ops")
        assert route is not None
        new = NewDelivery(
            subscription_id=route.id,
            event_id=await stores.events.newest(),
            event=POSTED,
            state=state,
            tries=1,
            tried_us=1,
        )
        await site.server.database.write(lambda stores: stores.deliveries.put(new))
        (delivery, *_) = await stores.deliveries.of_subscription(route.id, 1)
        return delivery

    return asyncio.run(work())


def events(site: Site) -> list[EventRecord]:
    stores = site.server.database.stores
    stream = StreamRecord(1, None, POSTED)
    return asyncio.run(stores.events.after(stream, 0, count=100))


async def status(context: Context) -> tuple[int, bool]:
    found = await find_route(context, "ops")
    return found.waiting, found.record.held_us is not None


def test_waiting_messages_are_counted_with_the_age_of_the_oldest(relay: Site) -> None:
    context = relay.operator_context()
    assert asyncio.run(status(context)) == (0, False)
    say(relay)
    say(relay)
    listed = asyncio.run(list_routes(context))
    by_name = {found.record.name: found for found in listed}
    assert by_name["ops"].waiting == 2
    assert by_name["ops"].oldest_us == events(relay)[0].created_us
    assert [found.is_no_route for found in listed] == [False, True]


def test_route_is_held_and_released(relay: Site) -> None:
    context = relay.operator_context()
    asyncio.run(pause_route(context, "ops"))
    assert asyncio.run(status(context)) == (0, True)
    asyncio.run(resume_route(context, "ops"))
    assert asyncio.run(status(context)) == (0, False)


@pytest.mark.parametrize("state", ["refused", "set_aside"])
def test_what_was_not_delivered_is_sent_again_to_that_route_only(
    relay: Site, state: str
) -> None:
    say(relay)
    delivery = settle(relay, state)
    asyncio.run(send_again(relay.operator_context(), delivery.id))
    first, again = events(relay)
    assert again.item == first.item
    assert again.only_for == delivery.subscription_id


def test_a_message_is_sent_again_once(relay: Site) -> None:
    say(relay)
    delivery = settle(relay, "refused")
    for _ in range(2):
        asyncio.run(send_again(relay.operator_context(), delivery.id))
    assert len(events(relay)) == 2
    (shown,) = asyncio.run(list_deliveries(relay.operator_context(), "ops"))
    assert shown.state == "sent_again"

    refused_again = settle(relay, "refused")
    asyncio.run(send_again(relay.operator_context(), refused_again.id))
    assert len(events(relay)) == 3


@pytest.mark.parametrize("change", [pause_route, resume_route])
def test_a_route_that_is_in_the_file_no_more_is_neither_paused_nor_resumed(
    relay: Site, change: Callable[[Context, str], Coroutine[Any, Any, None]]
) -> None:
    asyncio.run(register_routes(relay.operator_context(), []))
    with pytest.raises(BadRequestError, match="not in the relay's file any more"):
        asyncio.run(change(relay.operator_context(), "ops"))


def test_nothing_is_sent_again_by_a_route_that_is_in_the_file_no_more(
    relay: Site,
) -> None:
    say(relay)
    delivery = settle(relay, "refused")
    asyncio.run(register_routes(relay.operator_context(), []))
    with pytest.raises(BadRequestError, match="not in the relay's file any more"):
        asyncio.run(send_again(relay.operator_context(), delivery.id))
    assert len(events(relay)) == 1


@pytest.mark.parametrize("state", ["delivered", "waiting"])
def test_what_was_delivered_or_waits_is_not_sent_again(relay: Site, state: str) -> None:
    say(relay)
    delivery = settle(relay, state)
    with pytest.raises(BadRequestError, match=state):
        asyncio.run(send_again(relay.operator_context(), delivery.id))
    assert len(events(relay)) == 1


def test_unknown_routes_and_deliveries_are_not_found(relay: Site) -> None:
    context = relay.operator_context()
    for name in ("other", ""):
        with pytest.raises(NotFoundError):
            asyncio.run(pause_route(context, name))
        with pytest.raises(NotFoundError):
            asyncio.run(resume_route(context, name))
        with pytest.raises(NotFoundError):
            asyncio.run(list_deliveries(context, name))
    with pytest.raises(NotFoundError):
        asyncio.run(send_again(context, 99))


def test_delivery_of_a_webhook_is_none_of_a_route(relay: Site) -> None:
    async def add(stores: Stores) -> int:
        stream = StreamRecord(1, 1, "room_message")
        return await stores.subscriptions.add(
            stream, kind="webhook", host="", position=0
        )

    async def work() -> None:
        webhook_id = await relay.server.database.write(add)
        new = NewDelivery(
            subscription_id=webhook_id,
            event_id=1,
            event="room_message",
            state="refused",
            tries=1,
            tried_us=1,
        )
        await relay.server.database.write(lambda stores: stores.deliveries.put(new))

    asyncio.run(work())
    with pytest.raises(NotFoundError):
        asyncio.run(send_again(relay.operator_context(), 1))


def test_only_administrators_see_and_change_routes(relay: Site) -> None:
    relay.add_user("Bob")
    context = relay.context_of("Bob")
    for call in (
        list_routes(context),
        find_route(context, "ops"),
        list_deliveries(context, "ops"),
        pause_route(context, "ops"),
        resume_route(context, "ops"),
        send_again(context, 1),
    ):
        with pytest.raises(ForbiddenError):
            asyncio.run(call)


def test_private_messages_are_withheld(relay: Site) -> None:
    bob = relay.add_user("Bob")
    reply = relay.post(f"/v2/user/{bob}/message", {"message": "secret"})
    assert reply.status == 204
    settle(relay, "refused")
    (shown,) = asyncio.run(list_deliveries(relay.operator_context(), "ops"))
    assert shown.state == "refused"
    assert shown.item is None


def test_messages_of_rooms_are_shown_to_those_who_see_the_room(relay: Site) -> None:
    say(relay, "disk full")
    settle(relay, "refused")
    (shown,) = asyncio.run(list_deliveries(relay.operator_context(), "ops"))
    assert "disk full" in str(shown.item)
