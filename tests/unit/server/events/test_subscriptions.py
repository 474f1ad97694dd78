"""Subscriptions of a made-up kind: all kinds share position, order, retries and deliveries."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hipkit.api.errors import StorageError
from hipkit.server.events.delivery import Delivery, Outcome
from hipkit.server.events.retry import ROUTE_RETRIES, WEBHOOK_RETRIES
from hipkit.server.events.sender import Sender
from hipkit.server.events.subscriptions import Subscriptions
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.events import NewEvent, StreamRecord
from tests.unit.server.events.conftest import SECOND, World

DELIVERED = Outcome(status=200, answer="thanks", milliseconds=3)
FAILED = Outcome(status=500, problem="the receiver answered 500")


async def next_of(subscriptions: Subscriptions, number: int) -> Delivery:
    delivery = await subscriptions.next_delivery("relay", number)
    assert delivery is not None
    return delivery


async def test_another_kind_than_webhooks_is_delivered_in_order(world: World) -> None:
    number = await world.subscribe()
    events = [await world.say(text) for text in ("a", "skip", "b")]
    sender = Sender(world.open(), world.signals)

    await sender.drain()
    sender.close()

    assert world.relay.posted == [events[0], events[2]]
    assert world.relay.settled == [(events[0], "delivered"), (events[2], "delivered")]
    assert (await world.record(number)).position == events[2]
    assert world.relay.is_closed


async def test_a_delivery_is_stored_with_what_the_answer_changed(world: World) -> None:
    number, event_id = await world.subscribe(), await world.say()
    subscriptions, signalled = world.open(), []
    delivery = await next_of(subscriptions, number)

    with world.signals.listening("relayed", lambda: signalled.append(True)):
        assert await subscriptions.settle([(delivery, DELIVERED)]) == 0

    (stored,) = await world.database.stores.deliveries.of_subscription(number, 10)
    assert (stored.event_id, stored.state, stored.status) == (
        event_id,
        "delivered",
        200,
    )
    assert (stored.posted_id, stored.answer, stored.milliseconds) == ("m1", "thanks", 3)
    assert signalled == [True]


async def test_an_answer_that_fails_leaves_neither_position_nor_changes(
    world: World,
) -> None:
    number = await world.subscribe()
    await world.say()
    subscriptions = world.open()
    delivery = await next_of(subscriptions, number)
    world.relay.fails = True

    with pytest.raises(RuntimeError):
        await subscriptions.settle([(delivery, DELIVERED)])

    assert (await world.record(number)).position == 0
    streams = await world.database.stores.subscriptions.streams()
    assert StreamRecord(1, None, "traced") not in streams


async def test_an_event_is_settled_once(world: World) -> None:
    number = await world.subscribe()
    await world.say()
    subscriptions = world.open()
    delivery = await next_of(subscriptions, number)

    assert await subscriptions.settle([(delivery, DELIVERED)]) == 0
    assert await subscriptions.settle([(delivery, DELIVERED)]) > 0

    assert len(world.relay.settled) == 1


async def test_what_was_not_settled_before_a_crash_is_delivered_again(
    world: World,
) -> None:
    number, event_id = await world.subscribe(), await world.say()
    assert (await next_of(world.open(), number)).event.id == event_id

    after_crash = world.open()

    assert [due.id for due in await after_crash.woken()] == [number]
    assert (await next_of(after_crash, number)).event.id == event_id


async def test_the_next_event_waits_until_the_first_is_delivered(world: World) -> None:
    number = await world.subscribe()
    first = await world.say()
    await world.say()
    subscriptions = world.open()
    assert (
        await subscriptions.settle([(await next_of(subscriptions, number), FAILED)]) > 0
    )

    assert await subscriptions.next_delivery("relay", number) is None
    world.pass_seconds(6)

    assert [due.id for due in await subscriptions.woken()] == [number]
    assert (await next_of(subscriptions, number)).event.id == first


async def test_new_events_wake_those_that_do_not_wait_for_a_retry(world: World) -> None:
    failing, other = await world.subscribe(room_id=1), await world.subscribe()
    await world.say()
    subscriptions = world.open()
    assert {due.id for due in await subscriptions.woken()} == {failing, other}
    await subscriptions.settle([(await next_of(subscriptions, failing), FAILED)])
    assert await subscriptions.woken() == []

    await world.say()

    assert [due.id for due in await subscriptions.woken()] == [other]


async def test_subscriptions_of_an_unknown_kind_rest(world: World) -> None:
    await world.subscribe(kind="later")
    await world.say()

    assert await world.open().woken() == []


async def test_a_subscription_does_not_get_its_own_answers(world: World) -> None:
    number, other = await world.subscribe(), await world.subscribe()
    event_id = await world.say(answered_by=number)
    subscriptions = world.open()

    assert await subscriptions.next_delivery("relay", number) is None
    assert (await next_of(subscriptions, other)).event.id == event_id


async def test_an_event_that_is_sent_again_goes_to_one_subscription_only(
    world: World,
) -> None:
    number, other = await world.subscribe(), await world.subscribe()
    again = NewEvent(
        group_id=1, room_id=1, event="said", item="{}", root="", only_for=number
    )
    event_id = await world.database.write(
        lambda stores: stores.events.add(again, world.now_us)
    )
    subscriptions = world.open()

    assert (await next_of(subscriptions, number)).event.id == event_id
    assert await subscriptions.next_delivery("relay", other) is None


async def test_a_skipped_event_is_settled_with_its_reason(world: World) -> None:
    number, event_id = await world.subscribe(), await world.say("slow")
    subscriptions = world.open()
    delivery = await next_of(subscriptions, number)
    assert (delivery.skip, delivery.is_slow) == ("too slow", True)

    await subscriptions.settle(
        [(delivery, Outcome(verdict_is="skipped", problem=delivery.skip))]
    )

    record = await world.record(number)
    assert (record.position, record.tries, record.problem) == (event_id, 1, "too slow")


async def test_passed_events_are_stored_by_the_next_tidy(world: World) -> None:
    number = await world.subscribe()
    event_id = await world.say("skip")
    subscriptions = world.open()
    assert await subscriptions.next_delivery("relay", number) is None
    assert (await world.record(number)).position == 0

    await subscriptions.tidy()

    assert (await world.record(number)).position == event_id
    assert await world.database.stores.events.get(event_id) is None


async def test_passed_events_that_cannot_be_stored_are_stored_by_a_later_tidy(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def write(command: object) -> None:
        raise StorageError("no room on the disk")

    number = await world.subscribe()
    event_id = await world.say("skip")
    subscriptions = world.open()
    assert await subscriptions.next_delivery("relay", number) is None
    with monkeypatch.context() as full:
        full.setattr(world.database, "write", write)
        with pytest.raises(StorageError):
            await subscriptions.tidy()

    await subscriptions.tidy()

    assert (await world.record(number)).position == event_id


async def test_a_subscription_with_nothing_left_to_wait_for_is_not_failing_any_more(
    world: World,
) -> None:
    number = await world.subscribe()
    event_id = await world.say()
    subscriptions = world.open()
    await subscriptions.settle([(await next_of(subscriptions, number), FAILED)])
    await world.database.write(lambda s: s.subscriptions.advance(number, event_id))
    world.pass_seconds(6)

    assert await subscriptions.next_delivery("relay", number) is None

    record = await world.record(number)
    assert (record.tries, record.failing_since_us, record.next_try_us) == (
        0,
        None,
        None,
    )
    assert record.problem == FAILED.problem


async def test_a_clock_that_is_set_back_makes_nothing_wait_longer(world: World) -> None:
    number = await world.subscribe()
    await world.say()
    subscriptions = world.open()
    await subscriptions.settle([(await next_of(subscriptions, number), FAILED)])
    before = await world.record(number)
    assert before.next_try_us is not None

    world.now_us -= 3_600 * SECOND
    await subscriptions.woken()

    after = await world.record(number)
    assert after.next_try_us == before.next_try_us - 3_600 * SECOND


async def test_a_deleted_subscription_is_not_settled(world: World) -> None:
    number = await world.subscribe()
    await world.say()
    subscriptions = world.open()
    delivery = await next_of(subscriptions, number)

    async def delete(stores: Stores) -> None:
        assert await stores.subscriptions.delete(number)

    await world.database.write(delete)

    assert await subscriptions.settle([(delivery, DELIVERED)]) > 0
    assert world.relay.settled == []


async def test_an_inactive_subscription_is_sent_nothing_and_wakes_nobody(
    world: World,
) -> None:
    number = await world.subscribe()
    await world.say()
    subscriptions = world.open()
    await subscriptions.settle([(await next_of(subscriptions, number), FAILED)])
    world.relay.inactive.add(number)
    world.pass_seconds(6)
    assert [due.id for due in await subscriptions.woken()] == [number]

    assert await subscriptions.next_delivery("relay", number) is None

    record = await world.record(number)
    assert (record.next_try_us, record.tries) == (None, 1)
    assert await subscriptions.woken() == []


async def test_what_was_on_its_way_when_a_subscription_was_held_is_settled(
    world: World,
) -> None:
    number, event_id = await world.subscribe(), await world.say()
    subscriptions = world.open()
    delivery = await next_of(subscriptions, number)
    world.relay.inactive.add(number)

    await subscriptions.settle([(delivery, DELIVERED)])

    assert (await world.record(number)).position == event_id


async def test_a_kind_learns_that_an_event_is_set_aside(world: World) -> None:
    world.relay.retry = ROUTE_RETRIES
    number, event_id = await world.subscribe(), await world.say()
    subscriptions = world.open()
    await subscriptions.settle([(await next_of(subscriptions, number), FAILED)])
    world.pass_seconds(24 * 60 * 60)

    assert (
        await subscriptions.settle([(await next_of(subscriptions, number), FAILED)])
        == 0
    )

    assert world.relay.settled[-1] == (event_id, "set_aside")
    assert (await world.record(number)).position == event_id
    (stored,) = await world.database.stores.deliveries.of_subscription(number, 10)
    assert (stored.state, stored.tries, stored.problem) == (
        "set_aside",
        2,
        FAILED.problem,
    )


async def test_a_delivery_that_may_not_be_set_aside_goes_on_waiting(
    world: World,
) -> None:
    world.relay.retry = ROUTE_RETRIES
    number = await world.subscribe()
    await world.say()
    subscriptions = world.open()
    await subscriptions.settle([(await next_of(subscriptions, number), FAILED)])
    world.pass_seconds(24 * 60 * 60)
    delivery = await next_of(subscriptions, number)

    await subscriptions.settle([(replace(delivery, may_be_set_aside=False), FAILED)])

    assert world.relay.settled[-1] == (delivery.event.id, "waiting")
    assert (await world.record(number)).position == 0


async def test_a_delivery_may_stand_for_several_events(world: World) -> None:
    number = await world.subscribe()
    events = [await world.say(text) for text in "abc"]
    subscriptions = world.open()
    delivery = await next_of(subscriptions, number)
    summary = replace(delivery, last_event_id=events[1])

    assert await subscriptions.settle([(summary, FAILED)]) > 0
    assert (await world.record(number)).position == 0
    assert await subscriptions.settle([(summary, DELIVERED)]) == 0

    assert (await world.record(number)).position == events[1]
    world.pass_seconds(6)
    assert (await next_of(subscriptions, number)).event.id == events[2]


async def test_the_next_event_waits_until_the_pause_after_a_success_is_over(
    world: World,
) -> None:
    number = await world.subscribe()
    events = [await world.say(text) for text in "ab"]
    subscriptions = world.open()
    delivery = await next_of(subscriptions, number)

    assert (
        await subscriptions.settle([(delivery, replace(DELIVERED, pause_seconds=2.0))])
        > 0
    )

    record = await world.record(number)
    assert (record.tries, record.failing_since_us) == (0, None)
    world.pass_seconds(1)
    assert await subscriptions.next_delivery("relay", number) is None
    world.pass_seconds(1)
    assert (await next_of(subscriptions, number)).event.id == events[1]


async def test_the_waits_of_each_kind_have_their_own_bounds(world: World) -> None:
    world.relay.retry = ROUTE_RETRIES
    number = await world.subscribe()
    await world.say()
    subscriptions = world.open()
    asked = replace(FAILED, asked_seconds=23 * 60 * 60.0)
    await subscriptions.settle([(await next_of(subscriptions, number), asked)])
    waiting = await world.record(number)

    await world.open().woken()
    assert await world.record(number) == waiting

    world.relay.retry = WEBHOOK_RETRIES
    await world.open().woken()
    assert (await world.record(number)).next_try_us == world.now_us


async def next_two(
    subscriptions: Subscriptions, number: int
) -> list[tuple[Delivery, Outcome]]:
    """Deliver two events before the outcome of the first is settled."""
    first = await next_of(subscriptions, number)
    assert subscriptions.may_settle_later(first, DELIVERED)
    second = await subscriptions.next_delivery("relay", number, goes_on=True)
    assert second is not None
    return [(first, DELIVERED), (second, DELIVERED)]


async def test_outcomes_are_settled_together_where_repeats_are_dropped(
    world: World,
) -> None:
    world.relay.is_idempotent = True
    number = await world.subscribe()
    events = [await world.say(text) for text in ("a", "skip", "b", "c")]
    subscriptions = world.open()
    taken = await next_two(subscriptions, number)
    assert [delivery.event.id for delivery, _ in taken] == [events[0], events[2]]
    assert (await world.record(number)).position == 0

    assert await subscriptions.settle(taken) == 0

    assert (await world.record(number)).position == events[2]
    assert [event for event, _ in world.relay.settled] == [events[0], events[2]]
    stored = await world.database.stores.deliveries.of_subscription(number, 10)
    assert [one.event_id for one in stored] == [events[2], events[0]]
    assert (await next_of(subscriptions, number)).event.id == events[3]


async def test_what_was_sent_together_and_not_settled_is_all_sent_again(
    world: World,
) -> None:
    world.relay.is_idempotent = True
    number = await world.subscribe()
    events = [await world.say(text) for text in "ab"]
    await next_two(world.open(), number)

    again = await next_two(world.open(), number)

    assert [delivery.event.id for delivery, _ in again] == events


async def test_a_failure_ends_what_is_settled_together(world: World) -> None:
    world.relay.is_idempotent = True
    number = await world.subscribe()
    events = [await world.say(text) for text in "abc"]
    subscriptions = world.open()
    (first, second) = await next_two(subscriptions, number)
    assert not subscriptions.may_settle_later(second[0], FAILED)

    assert await subscriptions.settle([first, (second[0], FAILED)]) > 0

    record = await world.record(number)
    assert (record.position, record.tries) == (events[0], 1)
    world.pass_seconds(6)
    retried = await next_of(subscriptions, number)
    assert retried.event.id == events[1]
    assert not subscriptions.may_settle_later(retried, DELIVERED)


async def test_nothing_is_settled_together_where_repeats_are_not_dropped(
    world: World,
) -> None:
    number = await world.subscribe()
    await world.say()
    subscriptions = world.open()
    delivery = await next_of(subscriptions, number)
    assert not subscriptions.may_settle_later(delivery, DELIVERED)

    world.relay.is_idempotent = True
    paced = replace(DELIVERED, pause_seconds=1.0)
    assert not subscriptions.may_settle_later(delivery, paced)
    assert subscriptions.may_settle_later(delivery, DELIVERED)


async def test_many_events_that_a_subscription_does_not_want_are_passed_over(
    world: World,
) -> None:
    number = await world.subscribe()
    for _ in range(200):
        await world.say("skip")
    wanted = await world.say("a")

    assert (await next_of(world.open(), number)).event.id == wanted


async def test_what_is_not_settled_is_not_passed_over_with_what_follows(
    world: World,
) -> None:
    world.relay.is_idempotent = True
    number = await world.subscribe()
    first, *_ = [await world.say(text) for text in ("a", "skip", "skip")]
    subscriptions = world.open()
    delivery = await next_of(subscriptions, number)
    assert await subscriptions.next_delivery("relay", number, goes_on=True) is None

    await subscriptions.tidy()

    assert (await world.record(number)).position == 0
    await subscriptions.settle([(delivery, FAILED)])
    world.pass_seconds(6)
    assert (await next_of(subscriptions, number)).event.id == first


async def test_the_log_says_when_a_subscription_is_paused_and_when_it_works_again(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.relay.retry = ROUTE_RETRIES
    number = await world.subscribe()
    await world.say()
    subscriptions = world.open()
    gone = Outcome(
        status=404, verdict_is="misconfigured", problem="there is no such hook"
    )

    for _ in range(4):
        await subscriptions.settle([(await next_of(subscriptions, number), gone)])
        world.pass_seconds(2 * 60 * 60)
    paused = [f"relay {number} keeps failing and is paused: there is no such hook"]
    assert caplog.messages == paused

    await subscriptions.settle([(await next_of(subscriptions, number), DELIVERED)])
    assert caplog.messages == [*paused, f"relay {number} works again"]
