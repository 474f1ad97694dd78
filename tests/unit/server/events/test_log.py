"""What is written to the log, and what leaves it."""

from __future__ import annotations

import pytest

from hipkit.server.events import log as module
from hipkit.server.events.log import (
    NO_ROOM,
    PLACEHOLDER,
    Item,
    LogSweep,
    publish,
    sweep_log,
)
from hipkit.server.events.posted import POSTED
from hipkit.server.shared.protocol import EVENTS
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.deliveries import NewDelivery
from tests.unit.server.events.conftest import SECOND, Call, World

THREE_DAYS = 3 * 24 * 60 * 60


async def write_nothing(event: str, root: str) -> Item:
    raise AssertionError("an item was written that nothing subscribes to")


async def test_nothing_is_written_where_nothing_subscribes(world: World) -> None:
    await world.subscribe(room_id=2)
    await world.subscribe(event="other")
    call = Call()

    await world.database.write(
        lambda stores: publish(
            call,
            stores,
            ["said"],
            write_nothing,
            group_id=1,
            room_id=1,
            user_id=1,
        )
    )

    assert await world.database.stores.events.newest() == 0
    assert call.topics == set()


async def test_of_several_events_only_those_that_are_subscribed_to_are_written(
    world: World,
) -> None:
    await world.subscribe(event="said")

    async def write_item(event: str, root: str) -> Item:
        return Item(b"{}")

    names = ["other", "said"]
    await world.database.write(
        lambda stores: publish(
            Call(),
            stores,
            names,
            write_item,
            group_id=1,
            room_id=NO_ROOM,
            user_id=None,
        )
    )

    event = await world.database.stores.events.get(1)
    assert event is not None
    assert (event.event, event.room_id) == ("said", NO_ROOM)
    assert await world.database.stores.events.newest() == 1


async def test_one_event_is_written_however_many_subscribe(world: World) -> None:
    for room_id in (1, 1, None):
        await world.subscribe(room_id=room_id)

    assert await world.say("a") == 1

    event = await world.database.stores.events.get(1)
    assert event is not None
    assert (event.room_id, event.event, event.text) == (1, "said", "a")
    assert event.root.endswith(PLACEHOLDER)
    assert event.item == f'{{"root":"{event.root}"}}'


async def test_placeholders_of_links_are_never_the_same(world: World) -> None:
    await world.subscribe()
    ids = [await world.say(), await world.say()]

    events = [await world.database.stores.events.get(number) for number in ids]

    assert len({event.root for event in events if event is not None}) == 2


async def test_an_event_goes_with_the_command_that_fails(world: World) -> None:
    await world.subscribe()
    call = Call()

    async def write_item(event: str, root: str) -> Item:
        return Item(b"{}")

    async def command(stores: Stores) -> None:
        await publish(
            call, stores, ["said"], write_item, group_id=1, room_id=1, user_id=None
        )
        assert call.topics == {EVENTS}
        raise RuntimeError("after the event")

    with pytest.raises(RuntimeError):
        await world.database.write(command)

    assert await world.database.stores.events.newest() == 0


async def settle(world: World, subscription_id: int, event_id: int) -> None:
    delivery = NewDelivery(
        subscription_id=subscription_id,
        event_id=event_id,
        event="said",
        state="delivered",
        tries=1,
        tried_us=world.now_us,
    )

    async def command(stores: Stores) -> None:
        await stores.subscriptions.advance(subscription_id, event_id)
        await stores.deliveries.put(delivery)

    await world.database.write(command)


async def test_events_behind_every_position_are_removed(world: World) -> None:
    ahead, behind = await world.subscribe(), await world.subscribe(room_id=1)
    first, second = await world.say(), await world.say()
    await world.database.write(lambda s: s.subscriptions.advance(ahead, second))
    await world.database.write(lambda s: s.subscriptions.advance(behind, first))

    await sweep_log(world.database, world.now_us)

    assert await world.database.stores.events.get(first) is None
    assert await world.database.stores.events.get(second) is not None


async def test_the_text_of_a_deleted_room_goes_though_deliveries_show_it(
    world: World,
) -> None:
    subscription = await world.subscribe()
    gone, stays = await world.say("secret"), await world.say(room_id=2)
    for event_id in (gone, stays):
        await settle(world, subscription, event_id)
    await world.database.write(lambda stores: stores.rooms.delete(1))

    await sweep_log(world.database, world.now_us)

    assert await world.database.stores.events.get(gone) is None
    assert await world.database.stores.events.get(stays) is not None
    deliveries = world.database.stores.deliveries
    shown = await deliveries.of_subscription(subscription, 10)
    assert [one.item is None for one in shown] == [False, True]


async def test_sweeping_a_deleted_room_keeps_what_still_waits(world: World) -> None:
    subscription = await world.subscribe()
    shown, waiting = await world.say(), await world.say()
    elsewhere = await world.say(room_id=2)
    await settle(world, subscription, shown)

    async def delete(stores: Stores) -> None:
        await stores.rooms.delete(1)
        await stores.events.sweep_room(1)

    await world.database.write(delete)

    events = world.database.stores.events
    assert await events.get(shown) is None
    assert await events.get(waiting) is not None
    assert await events.get(elsewhere) is not None


async def test_events_that_wait_for_three_days_are_dropped_and_the_loss_is_noted(
    world: World,
) -> None:
    subscription = await world.subscribe()
    old = await world.say()
    happened_us = world.now_us
    world.pass_seconds(THREE_DAYS + 1)
    new = await world.say()

    await sweep_log(world.database, world.now_us - 2 * SECOND)
    assert (await world.record(subscription)).position == 0
    await sweep_log(world.database, world.now_us)

    record = await world.record(subscription)
    assert (record.position, record.dropped_us) == (old, happened_us)
    assert await world.database.stores.events.get(old) is None
    assert await world.database.stores.events.get(new) is not None


async def test_a_sweep_of_a_log_ends_with_a_round_that_removes_nothing(
    world: World,
) -> None:
    subscription = await world.subscribe()
    event = await world.say()
    sweep = LogSweep(world.database)
    assert not await sweep.step()

    await world.database.write(lambda s: s.subscriptions.advance(subscription, event))
    sweep.has_work = True

    assert await sweep.step()
    assert await world.database.stores.events.get(event) is None
    assert not await sweep.step()
    assert not sweep.has_work


async def test_a_log_is_swept_to_its_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STEP_EVENTS", 2)
    subscription = await world.subscribe()
    events = [await world.say() for _ in range(5)]
    await world.database.write(
        lambda stores: stores.subscriptions.advance(subscription, events[-1])
    )

    await sweep_log(world.database, world.now_us)

    log = world.database.stores.events
    assert [await log.get(event) for event in events] == [None] * 5


async def test_posted_messages_wait_for_as_long_and_in_as_great_a_number_as_need_be(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    ahead = await world.subscribe(event=POSTED)
    behind = await world.subscribe(event=POSTED)
    events = [await world.say(event=POSTED) for _ in range(5)]
    world.pass_seconds(40 * THREE_DAYS)
    await world.database.write(lambda s: s.subscriptions.advance(ahead, events[-1]))

    await sweep_log(world.database, world.now_us)

    assert (await world.record(behind)).position == 0
    assert (await world.record(behind)).dropped_us is None
    log = world.database.stores.events
    assert all([await log.get(event) for event in events])

    await world.database.write(lambda s: s.subscriptions.advance(behind, events[1]))
    await sweep_log(world.database, world.now_us)

    kept = [await log.get(event) is not None for event in events]
    assert kept == [False, False, True, True, True]
