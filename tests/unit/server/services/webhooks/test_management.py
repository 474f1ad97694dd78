"""Who manages which webhooks, and what they may do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from hipkit.api.errors import BadRequestError, ForbiddenError, NotFoundError
from hipkit.server.services.access.actor import webhook_actor
from hipkit.server.services.context import Context
from hipkit.server.services.webhooks.management import (
    find_webhook,
    list_all_deliveries,
    list_deliveries,
    list_webhooks,
    remove_webhook,
    resume,
    resume_all,
    send_again,
)
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.deliveries import NewDelivery
from hipkit.server.storage.stores.events import NewEvent
from hipkit.server.storage.stores.subscriptions import SubscriptionState
from tests.unit.server.asgi import Site

HOOK = {"url": "https://93.184.216.34/hook?token=secret", "event": "room_message"}
Action = Callable[[Context, int], Coroutine[object, object, object]]

ACTIONS: list[Action] = [
    find_webhook,
    list_deliveries,
    resume,
    remove_webhook,
]


@pytest.fixture
def webhook_id(site: Site) -> int:
    """The webhook of Ann, who administers the room."""
    room_id, ann = site.add_room("Ops"), site.add_user("Ann")
    site.add_user("Bob")
    site.put(f"/v2/room/{room_id}", room_with_owner(site, room_id, ann))
    token = site.add_token(user=ann)
    reply = site.post("/v2/room/Ops/webhook", HOOK, token=token)
    assert reply.status == 201, reply.body
    number: int = reply.json["id"]
    return number


def room_with_owner(site: Site, room_id: int, owner_id: int) -> dict[str, object]:
    room = site.get(f"/v2/room/{room_id}").json
    kept = ("name", "privacy", "is_archived", "is_guest_accessible", "topic")
    return {**{key: room[key] for key in kept}, "owner": {"id": owner_id}}


def write_state(site: Site, webhook_id: int, state: SubscriptionState) -> None:
    async def command(stores: Stores) -> None:
        await stores.subscriptions.set_state(webhook_id, state)

    asyncio.run(site.server.database.write(command))


def deliver_once(site: Site, webhook_id: int, state: str) -> int:
    """Store an event with a delivery, and return the delivery's number."""

    async def command(stores: Stores) -> int:
        event = NewEvent(
            group_id=1, room_id=1, event="room_message", item="{}", root="", text="x"
        )
        delivery = NewDelivery(
            subscription_id=webhook_id,
            event_id=await stores.events.add(event, site.now_us),
            event="room_message",
            state=state,
            tries=1,
            tried_us=site.now_us,
        )
        await stores.deliveries.put(delivery)
        return (await stores.deliveries.of_subscription(webhook_id, 1))[0].id

    return asyncio.run(site.server.database.write(command))


def newest_event(site: Site) -> int:
    return asyncio.run(site.server.database.stores.events.newest())


@pytest.mark.parametrize("action", ACTIONS)
def test_owner_administrator_and_operator_manage_a_webhook_and_others_do_not_find_it(
    site: Site, webhook_id: int, action: Action
) -> None:
    with pytest.raises(NotFoundError):
        asyncio.run(action(site.context_of("Bob"), webhook_id))
    if action is not remove_webhook:
        for name in ("Ann", "Administrator"):
            asyncio.run(action(site.context_of(name), webhook_id))

    asyncio.run(action(site.operator_context(), webhook_id))


def test_lists_hold_what_the_actor_manages(site: Site, webhook_id: int) -> None:
    site.post("/v2/room/Ops/webhook", {**HOOK, "key": "of the administrator"})

    def listed(context: Context) -> list[int]:
        return [one.record.id for one in asyncio.run(list_webhooks(context))]

    assert listed(site.context_of("Bob")) == []
    for context in (site.context_of("Administrator"), site.operator_context()):
        assert listed(context) == [webhook_id, webhook_id + 1]
    # The owner of a room manages whatever is set there.
    assert listed(site.context_of("Ann")) == [webhook_id, webhook_id + 1]


def test_a_status_names_owner_room_and_state_and_hides_the_query(
    site: Site, webhook_id: int
) -> None:
    status = asyncio.run(find_webhook(site.operator_context(), webhook_id))

    assert (status.owner_name, status.room_name) == ("Ann", "Ops")
    assert (status.state, status.waiting) == ("working", 0)
    assert status.shown_url == "https://93.184.216.34/hook?…"


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (SubscriptionState(position=0, next_try_us=1), "failing"),
        (SubscriptionState(position=0, next_try_us=1, paused_us=1), "paused"),
    ],
)
def test_a_webhook_that_waits_for_a_retry_is_failing_or_paused(
    site: Site, webhook_id: int, state: SubscriptionState, expected: str
) -> None:
    write_state(site, webhook_id, state)

    status = asyncio.run(find_webhook(site.operator_context(), webhook_id))

    assert status.state == expected


def test_resuming_makes_the_next_try_due_now(site: Site, webhook_id: int) -> None:
    later = site.now_us + 10**12
    write_state(site, webhook_id, SubscriptionState(position=0, next_try_us=later))

    asyncio.run(resume(site.context_of("Ann"), webhook_id))

    record = asyncio.run(find_webhook(site.operator_context(), webhook_id)).record
    assert record.next_try_us is not None
    assert record.next_try_us <= site.now_us


def test_a_delivery_is_sent_again_to_its_webhook_only(
    site: Site, webhook_id: int
) -> None:
    delivery_id = deliver_once(site, webhook_id, "delivered")

    asyncio.run(send_again(site.context_of("Ann"), delivery_id))

    event = asyncio.run(site.server.database.stores.events.get(newest_event(site)))
    assert event is not None
    assert (event.only_for, event.text) == (webhook_id, None)


def test_a_delivery_that_still_waits_is_not_added_to_the_log_again(
    site: Site, webhook_id: int
) -> None:
    delivery_id = deliver_once(site, webhook_id, "waiting")
    before = newest_event(site)

    asyncio.run(send_again(site.context_of("Ann"), delivery_id))

    assert newest_event(site) == before


def test_a_delivery_of_others_or_without_its_event_is_not_sent_again(
    site: Site, webhook_id: int
) -> None:
    delivery_id = deliver_once(site, webhook_id, "delivered")
    with pytest.raises(NotFoundError):
        asyncio.run(send_again(site.context_of("Bob"), delivery_id))
    with pytest.raises(NotFoundError):
        asyncio.run(send_again(site.context_of("Ann"), delivery_id + 1))

    async def forget(stores: Stores) -> None:
        await stores.rooms.delete(1)
        await stores.subscriptions.advance(webhook_id, newest)
        await stores.events.sweep(0, 100)

    newest = newest_event(site)
    asyncio.run(site.server.database.write(forget))
    with pytest.raises(BadRequestError, match="not kept any more"):
        asyncio.run(send_again(site.operator_context(), delivery_id))


def test_only_the_operator_resumes_all(site: Site, webhook_id: int) -> None:
    with pytest.raises(ForbiddenError):
        asyncio.run(resume_all(site.context_of("Administrator")))

    asyncio.run(resume_all(site.operator_context()))


def test_deliveries_of_all_webhooks_come_in_the_order_of_events(
    site: Site, webhook_id: int
) -> None:
    ids = [deliver_once(site, webhook_id, "delivered") for _ in range(3)]

    found = asyncio.run(list_all_deliveries(site.operator_context()))

    assert [delivery.id for _, delivery in found] == ids


def test_events_of_a_room_that_the_actor_may_not_see_are_withheld(
    site: Site, webhook_id: int
) -> None:
    deliver_once(site, webhook_id, "delivered")
    room_id = site.get("/v2/room/Ops").json["id"]
    private = {**room_with_owner(site, room_id, 1), "privacy": "private"}
    assert site.put(f"/v2/room/{room_id}", private).status == 204
    site.delete(f"/v2/room/{room_id}/member/@Ann")

    def items(name: str) -> list[str | None]:
        listing = list_deliveries(site.context_of(name), webhook_id)
        return [delivery.item for delivery in asyncio.run(listing)]

    assert items("Administrator") == ["{}"]
    assert items("Ann") == [None]


def test_an_actor_that_is_no_user_manages_nothing(site: Site, webhook_id: int) -> None:
    record = asyncio.run(site.server.database.stores.webhooks.get(webhook_id))
    client_id = site.add_client(["admin_room"]).id
    client = asyncio.run(site.server.database.stores.clients.get(client_id))
    assert record is not None
    assert client is not None
    context = site.context(webhook_actor(record, client))

    assert asyncio.run(list_webhooks(context)) == []
    with pytest.raises(NotFoundError):
        asyncio.run(find_webhook(context, webhook_id))
