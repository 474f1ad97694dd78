"""What the stores of webhooks promise, whichever database is below them."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import astuple

from hipkit.server.storage.protocol import Database
from hipkit.server.storage.stores.deliveries import MOST_DELIVERIES, NewDelivery
from hipkit.server.storage.stores.events import NewEvent, StreamRecord
from hipkit.server.storage.stores.subscriptions import SubscriptionState
from hipkit.server.storage.stores.webhooks import NewWebhook
from tests.contract.storage.filling import (
    NOW,
    add_client,
    add_group,
    add_room,
    add_user,
)

WEBHOOK = NewWebhook(
    group_id=1,
    room_id=1,
    client_id=None,
    user_id=1,
    key="k",
    name="",
    url="http://a.example/",
    event="room_message",
    pattern=None,
    authentication="none",
)
EVENT = NewEvent(group_id=1, room_id=1, event="room_message", item="{}", root="")


@pytest.fixture
async def filled(database: Database) -> Database:
    group_id = await add_group(database)
    user_id = await add_user(database, group_id, "ann")
    for name in ("one", "two"):
        await add_room(database, group_id, user_id, name)
    return database


async def add(database: Database, *, position: int = 0, **members: object) -> int:
    webhook = msgspec.structs.replace(WEBHOOK, **members)
    return await database.write(
        lambda stores: stores.webhooks.add(webhook, position=position, now_us=NOW)
    )


async def happen(database: Database, now_us: int = NOW, **members: object) -> int:
    event = msgspec.structs.replace(EVENT, **members)
    return await database.write(lambda stores: stores.events.add(event, now_us))


async def set_route(database: Database, webhook_id: int, **state: int) -> None:
    route = msgspec.convert({"position": 0, **state}, _Route)
    known = SubscriptionState(**msgspec.structs.asdict(route))
    await database.write(
        lambda stores: stores.subscriptions.set_state(webhook_id, known)
    )


class _Route(msgspec.Struct):
    position: int
    tries: int = 0
    next_try_us: int | None = None
    paused_us: int | None = None


async def test_a_key_is_unique_for_an_owner_in_a_room_or_group(
    filled: Database,
) -> None:
    stores = filled.stores
    of_room = await add(filled)
    of_other_room = await add(filled, room_id=2)
    of_group = await add(filled, room_id=None)

    for room_id, expected in ((1, of_room), (2, of_other_room), (None, of_group)):
        found = await stores.webhooks.by_key(1, room_id, None, "k")
        assert found is not None
        assert found.id == expected
    assert await stores.webhooks.by_key(1, 1, "client", "k") is None
    assert await stores.webhooks.by_key(2, 1, None, "k") is None


async def test_the_webhooks_of_a_client_are_listed_alone(filled: Database) -> None:
    await add_client(filled, 1, "one")
    await add_client(filled, 1, "two")
    await add(filled)
    of_client = await add(filled, client_id="one")
    await add(filled, client_id="two")

    found = await filled.stores.webhooks.of_group(
        1, managed_by=None, client_id="one", start=0, count=10
    )
    of_nobody = await filled.stores.webhooks.of_group(
        1, managed_by=999, client_id="one", start=0, count=10
    )

    assert [one.id for one in found] == [of_client]
    assert of_nobody == []


async def test_subscribers_are_found_by_room_group_and_event(filled: Database) -> None:
    subscriptions = filled.stores.subscriptions
    assert await subscriptions.subscribed(1, 1, ["room_message"]) == []
    await add(filled)
    await add(filled, room_id=None, event="room_enter")

    both = ["room_enter", "room_message"]
    assert await subscriptions.subscribed(1, 1, both) == both
    assert await subscriptions.subscribed(1, 2, both) == ["room_enter"]
    assert await subscriptions.subscribed(2, 2, both) == []


async def test_an_event_wakes_subscriptions_without_a_retry_time(
    filled: Database,
) -> None:
    routes = filled.stores.subscriptions
    idle = await add(filled)
    failing = await add(filled, key="failing")
    of_group = await add(filled, room_id=None)
    await add(filled, room_id=2)
    await set_route(filled, failing, next_try_us=NOW + 10)

    woken = await routes.woken_by(StreamRecord(1, 1, "room_message"))

    assert {route.id for route in woken} == {idle, of_group}
    assert await routes.due(NOW + 9, 10) == []
    assert [route.id for route in await routes.due(NOW + 10, 10)] == [failing]


async def test_those_behind_are_found_by_their_positions(filled: Database) -> None:
    first = await add(filled)
    of_group = await add(filled, room_id=None)
    await add(filled, room_id=2)
    await add(filled, key="other", event="room_enter")
    last = await happen(filled)

    behind = await filled.stores.subscriptions.behind()
    assert {route.id for route in behind} == {first, of_group}
    await filled.write(lambda stores: stores.subscriptions.advance(first, last))
    await filled.write(lambda stores: stores.subscriptions.advance(of_group, last))
    assert await filled.stores.subscriptions.behind() == []


async def test_a_position_never_goes_back_by_advancing(filled: Database) -> None:
    webhook_id = await add(filled, position=5)

    await filled.write(lambda stores: stores.subscriptions.advance(webhook_id, 3))

    found = await filled.stores.webhooks.get(webhook_id)
    assert found is not None
    assert found.position == 5


async def test_events_come_in_order_after_a_position(filled: Database) -> None:
    events = filled.stores.events
    ids = [await happen(filled, room_id=room) for room in (1, 2, 1, 1)]
    await happen(filled, event="room_enter")

    async def after(position: int, room_id: int | None, count: int = 10) -> list[int]:
        stream = StreamRecord(1, room_id, "room_message")
        found = await events.after(stream, position, count=count)
        return [event.id for event in found]

    assert await after(0, 1) == [ids[0], ids[2], ids[3]]
    assert await after(ids[0], 1, 1) == [ids[2]]
    assert await after(0, None) == ids
    kinds = await events.streams_between(ids[0], ids[3])
    assert {(kind.room_id, kind.event) for kind in kinds} == {
        (1, "room_message"),
        (2, "room_message"),
    }


async def test_numbers_of_events_are_not_given_twice(filled: Database) -> None:
    first = await happen(filled)
    await filled.write(lambda stores: stores.events.sweep(0, 100))
    assert await filled.stores.events.newest() == 0

    assert await happen(filled) > first


async def test_a_sweep_keeps_what_subscriptions_need_and_what_is_shown(
    filled: Database,
) -> None:
    webhook_id = await add(filled)
    seen, passed, waiting = [await happen(filled) for _ in range(3)]
    nobody = await happen(filled, room_id=2)
    await put(filled, webhook_id, seen)
    await set_route(filled, webhook_id, position=passed)

    removed, position = await filled.write(lambda stores: stores.events.sweep(0, 100))

    assert (removed, position) == (2, 0)
    events = filled.stores.events
    assert await events.get(seen) is not None
    assert await events.get(waiting) is not None
    assert await events.get(passed) is None
    assert await events.get(nobody) is None


async def test_a_sweep_of_an_empty_log_removes_nothing(filled: Database) -> None:
    assert await filled.write(lambda stores: stores.events.sweep(0, 2)) == (0, 0)


async def test_streams_are_those_of_the_events_after_one_up_to_another(
    filled: Database,
) -> None:
    before, _, last, _ = [
        await happen(filled, event=name) for name in ("a", "b", "c", "d")
    ]

    found = await filled.stores.events.streams_between(before, last)

    assert {stream.event for stream in found} == {"b", "c"}


@pytest.mark.parametrize("time", ["next_try_us", "failing_since_us", "paused_us"])
async def test_every_time_of_a_subscription_is_shifted_with_the_clock(
    filled: Database, time: str
) -> None:
    webhook_id = await add(filled)
    state = SubscriptionState(position=0, **{time: NOW})  # type: ignore[arg-type]  # times only
    await filled.write(lambda stores: stores.subscriptions.set_state(webhook_id, state))

    await filled.write(lambda stores: stores.subscriptions.shift(5))

    found = await filled.stores.subscriptions.get(webhook_id)
    assert found is not None
    times = {
        name: getattr(found, name)
        for name in ("next_try_us", "failing_since_us", "paused_us")
    }
    assert times == {**dict.fromkeys(times), time: NOW + 5}


@pytest.mark.parametrize(
    ("paused_us", "wait_us", "bounded_us"),
    [
        (None, 10, 10),
        (None, 11, 0),
        (NOW, 11, 11),
        (NOW, 20, 20),
        (NOW, 21, 0),
    ],
)
async def test_a_wait_is_bounded_by_the_longest_that_its_state_allows(
    filled: Database, paused_us: int | None, wait_us: int, bounded_us: int
) -> None:
    webhook_id = await add(filled)
    state = SubscriptionState(
        position=0, next_try_us=NOW + wait_us, paused_us=paused_us
    )
    await filled.write(lambda stores: stores.subscriptions.set_state(webhook_id, state))

    await filled.write(
        lambda stores: stores.subscriptions.bound(
            "webhook", NOW, longest_us=10, longest_paused_us=20
        )
    )

    found = await filled.stores.subscriptions.get(webhook_id)
    assert found is not None
    assert (found.next_try_us, found.paused_us) == (NOW + bounded_us, paused_us)


async def test_the_waiting_events_of_a_stream_are_counted_up_to_a_number(
    filled: Database,
) -> None:
    first, *_ = [await happen(filled) for _ in range(3)]
    await happen(filled, room_id=2)
    await happen(filled, event="room_enter")
    stream, events = StreamRecord(1, 1, "room_message"), filled.stores.events

    assert await events.waiting(stream, 0, most=10) == 3
    assert await events.waiting(stream, first, most=10) == 2
    assert await events.waiting(stream, 0, most=2) == 2
    everywhere = StreamRecord(1, None, "room_message")
    assert await events.waiting(everywhere, 0, most=10) == 4


async def test_a_sweep_goes_on_where_it_was(filled: Database) -> None:
    await add(filled)
    ids = [await happen(filled) for _ in range(5)]

    _, position = await filled.write(lambda s: s.events.sweep(0, 2))
    assert position == ids[1]
    _, position = await filled.write(lambda s: s.events.sweep(ids[3], 2))
    assert position == 0


async def put(
    database: Database, webhook_id: int, event_id: int, tries: int = 1
) -> None:
    delivery = NewDelivery(
        subscription_id=webhook_id,
        event_id=event_id,
        event="room_message",
        state="delivered",
        tries=tries,
        tried_us=NOW,
    )
    await database.write(lambda stores: stores.deliveries.put(delivery))


async def test_a_delivery_is_kept_once_for_each_event(filled: Database) -> None:
    webhook_id = await add(filled)
    event_id = await happen(filled, item='{"a": 1}')

    await put(filled, webhook_id, event_id)
    await put(filled, webhook_id, event_id, tries=2)

    found = await filled.stores.deliveries.of_subscription(webhook_id, 10)
    assert [(one.tries, one.item) for one in found] == [(2, '{"a": 1}')]


async def test_the_newest_deliveries_are_kept(filled: Database) -> None:
    webhook_id, other = await add(filled), await add(filled, key="other")
    await put(filled, other, 1)
    for event_id in range(1, MOST_DELIVERIES + 21):
        await put(filled, webhook_id, event_id)

    found = await filled.stores.deliveries.of_subscription(webhook_id, 1_000)
    assert [one.event_id for one in found] == list(range(120, 20, -1))
    assert len(await filled.stores.deliveries.of_subscription(other, 10)) == 1


async def test_deliveries_that_failed_are_kept_beside_the_others(
    filled: Database,
) -> None:
    subscription_id = await add(filled)

    async def put_state(event_id: int, state: str) -> None:
        delivery = NewDelivery(
            subscription_id=subscription_id,
            event_id=event_id,
            event="room_message",
            state=state,
            tries=1,
            tried_us=NOW,
        )
        await filled.write(
            lambda stores: stores.deliveries.put(delivery, keeps_undelivered=True)
        )

    await put_state(1, "refused")
    await put_state(2, "set_aside")
    for event_id in range(3, MOST_DELIVERIES + 23):
        await put_state(event_id, "delivered")

    found = await filled.stores.deliveries.of_subscription(subscription_id, 1_000)
    assert [one.event_id for one in found] == [*range(122, 22, -1), 2, 1]


async def test_deliveries_go_with_their_webhook(filled: Database) -> None:
    webhook_id = await add(filled)
    await put(filled, webhook_id, 1)

    assert await filled.write(lambda stores: stores.subscriptions.delete(webhook_id))
    assert not await filled.write(
        lambda stores: stores.subscriptions.delete(webhook_id)
    )

    assert await filled.stores.deliveries.of_subscription(webhook_id, 10) == []


async def test_the_oldest_of_too_many_are_dropped(filled: Database) -> None:
    webhook_id = await add(filled)
    ids = [await happen(filled, NOW + number) for number in range(10)]
    events, stream = filled.stores.events, StreamRecord(1, 1, "room_message")

    async def last(before_us: int, most: int) -> int | None:
        found = await events.last_to_drop(stream, before_us=before_us, most=most)
        return None if found is None else found.id

    assert await last(NOW, 10) is None
    assert await last(NOW + 3, 10) == ids[2]
    assert await last(NOW, 4) == ids[5]
    assert await last(NOW + 8, 4) == ids[7]
    await filled.write(
        lambda stores: stores.subscriptions.drop_waiting(
            stream, position=ids[5], dropped_us=NOW + 5
        )
    )
    found = await filled.stores.webhooks.get(webhook_id)
    assert found is not None
    assert (found.position, found.dropped_us) == (ids[5], NOW + 5)


async def test_webhooks_of_a_deleted_room_go_when_they_have_got_everything(
    filled: Database,
) -> None:
    webhook_id, stays = await add(filled), await add(filled, room_id=2)
    event_id = [await happen(filled) for _ in range(2)][-1]
    await filled.write(lambda stores: stores.subscriptions.end_of_room(1))
    ending = await filled.stores.subscriptions.get(webhook_id)
    assert ending is not None
    assert ending.last_event_id == event_id

    assert await filled.write(lambda stores: stores.subscriptions.delete_ended()) == 0
    await filled.write(
        lambda stores: stores.subscriptions.advance(webhook_id, event_id)
    )
    assert await filled.write(lambda stores: stores.subscriptions.delete_ended()) == 1
    assert await filled.stores.webhooks.get(webhook_id) is None
    assert await filled.stores.webhooks.get(stays) is not None


async def test_users_manage_their_own_webhooks_and_those_of_their_rooms(
    filled: Database,
) -> None:
    bob = await add_user(filled, 1, "bob")
    cat = await add_user(filled, 1, "cat")
    dan = await add_user(filled, 1, "dan")
    webhook_id = await add(filled, user_id=bob)
    await filled.write(lambda s: s.members.set_member(1, cat, "room_admin"))
    await filled.write(lambda s: s.members.set_member(1, dan, "room_member"))
    webhooks = filled.stores.webhooks

    for user_id, cares in ((1, True), (bob, True), (cat, True), (dan, False)):
        assert await webhooks.is_managed_by(webhook_id, user_id) is cares
        listed = await webhooks.of_group(1, managed_by=user_id, start=0, count=10)
        assert bool(listed) is cares
    assert len(await webhooks.of_group(1, managed_by=None, start=0, count=10)) == 1


async def test_a_summary_counts_subscriptions_by_how_they_fare(
    filled: Database,
) -> None:
    summary = filled.stores.subscriptions.summary
    assert astuple(await summary("webhook")) == (0, 0, 0, 0, None)

    working = await add(filled)
    of_group = await add(filled, room_id=None)
    failing = await add(filled, key="failing")
    paused = await add(filled, key="paused")
    await add(filled, room_id=2)
    events = [await happen(filled, NOW + second) for second in range(3)]
    await set_route(filled, working, position=events[2])
    await set_route(filled, of_group, position=events[1])
    await set_route(filled, failing, position=events[0], next_try_us=NOW)
    await set_route(filled, paused, next_try_us=NOW, paused_us=NOW)

    assert astuple(await summary("webhook")) == (5, 1, 1, 3, NOW + 1)
    assert astuple(await summary("route")) == (0, 0, 0, 0, None)
