"""The schedule of turns, and the sender over an outbox and a poster that are told what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from hipkit.api.errors import StorageError
from hipkit.server.events.delivery import Delivery, Outcome
from hipkit.server.events.schedule import Schedule
from hipkit.server.events.sender import Sender, sending
from hipkit.server.shared.signals import EVENTS, Signals
from hipkit.server.storage.stores.events import EventRecord
from hipkit.server.storage.stores.subscriptions import DueRecord, SubscriptionRecord


def test_hosts_take_turns() -> None:
    schedule = Schedule(most=10, most_of_host=10)
    for number in range(3):
        schedule.add(number, "a")
    schedule.add(3, "b")

    assert [schedule.take() for _ in range(5)] == [0, 3, 1, 2, None]


def test_a_host_has_no_more_turns_at_once_than_it_may() -> None:
    schedule = Schedule(most=10, most_of_host=2)
    for number in range(4):
        schedule.add(number, "slow")
    schedule.add(4, "quick")

    assert [schedule.take() for _ in range(4)] == [0, 4, 1, None]
    schedule.done(0)
    assert schedule.take() == 2


def test_all_hosts_together_have_no_more_turns_than_there_are() -> None:
    schedule = Schedule(most=2, most_of_host=2)
    for number in range(3):
        schedule.add(number, str(number))

    assert [schedule.take() for _ in range(3)] == [0, 1, None]


def test_a_route_that_is_added_during_its_turn_gets_another_one() -> None:
    schedule = Schedule(most=2, most_of_host=2)
    schedule.add(1, "a")
    schedule.add(1, "a")
    assert schedule.take() == 1
    schedule.add(1, "a")

    assert schedule.take() is None
    assert schedule.done(1) == "a"
    assert schedule.take() == 1
    schedule.done(1)
    assert schedule.is_empty


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from("abc"), st.booleans())))
def test_no_route_is_lost_and_none_has_two_turns(
    steps: list[tuple[int, str, bool]],
) -> None:
    schedule = Schedule(most=3, most_of_host=2)
    wanted: set[int] = set()
    running: list[int] = []
    for route, host, takes in steps:
        schedule.add(route, host)
        wanted.add(route)
        taken = schedule.take() if takes else None
        if taken is not None:
            assert taken not in running
            running.append(taken)
        if len(running) > 1:
            schedule.done(running.pop(0))
    served: set[int] = set(running)
    while running:
        schedule.done(running.pop())
    while (taken := schedule.take()) is not None:
        served.add(taken)
        schedule.done(taken)
    assert schedule.is_empty
    assert served <= wanted


@dataclass
class Told:
    """An outbox in memory: events by route, and what was settled."""

    waiting: dict[int, list[int]]
    settled: list[tuple[int, int, str]] = field(default_factory=list)
    fails: int = 0
    is_closed: bool = False
    enough: int = 1
    has_enough: asyncio.Event = field(default_factory=asyncio.Event)

    async def woken(self) -> Sequence[DueRecord]:
        return [
            DueRecord(route, "test", f"host{route}.example")
            for route, events in self.waiting.items()
            if events
        ]

    async def next_delivery(self, webhook_id: int) -> Delivery | None:
        events = self.waiting[webhook_id]
        return delivery(webhook_id, events[0]) if events else None

    async def settle(self, delivery: Delivery, outcome: Outcome) -> bool:
        if self.fails:
            self.fails -= 1
            raise StorageError("no room on the disk")
        route, event = delivery.subscription.id, delivery.event.id
        self.waiting[route].remove(event)
        self.settled.append((route, event, outcome.verdict))
        if len(self.settled) >= self.enough:
            self.has_enough.set()
        return True

    async def tidy(self) -> None:
        pass

    def close(self) -> None:
        self.is_closed = True


@dataclass
class Post:
    """A poster that answers as it is told, and can be held up."""

    outcome: Outcome = field(default_factory=lambda: Outcome(status=204))
    error: Exception | None = None
    held: set[int] = field(default_factory=set)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    has_begun: asyncio.Event = field(default_factory=asyncio.Event)
    posted: list[tuple[int, int]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    is_closed: bool = False

    async def post(self, delivery: Delivery) -> Outcome:
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        self.posted.append((delivery.subscription.id, delivery.event.id))
        self.has_begun.set()
        try:
            await asyncio.sleep(0)
            if delivery.subscription.id in self.held:
                await self.released.wait()
            if self.error is not None:
                raise self.error
        finally:
            self.at_once -= 1
        return self.outcome

    async def aclose(self) -> None:
        self.is_closed = True


def delivery(route: int, event: int) -> Delivery:
    subscription = SubscriptionRecord(
        route,
        "test",
        1,
        1,
        "room_message",
        "",
        0,
        None,
        0,
        None,
        None,
        None,
        None,
        None,
    )
    record = EventRecord(event, 1, 1, "room_message", "x", "{}", 1, "", None, None, 0)
    return Delivery(subscription=subscription, event=record)


async def test_each_route_gets_its_events_in_order() -> None:
    outbox = Told({route: list(range(20)) for route in range(10)})
    poster = Post()

    await Sender(outbox, poster, Signals()).drain()

    for route in range(10):
        got = [event for key, event in poster.posted if key == route]
        assert got == list(range(20))


async def test_no_more_are_delivered_at_once_than_allowed() -> None:
    outbox = Told({route: [1, 2] for route in range(50)})
    poster = Post()

    await Sender(outbox, poster, Signals(), most_at_once=7).drain()

    assert poster.most_at_once == 7
    assert len(outbox.settled) == 100


async def test_a_route_that_is_held_up_holds_up_no_other() -> None:
    outbox = Told({0: [1], 1: [1, 2, 3]}, enough=3)
    poster = Post(held={0})
    draining = asyncio.create_task(Sender(outbox, poster, Signals()).drain())

    await outbox.has_enough.wait()

    assert {route for route, _, _ in outbox.settled} == {1}
    poster.released.set()
    await draining
    assert len(outbox.settled) == 4


async def test_an_error_of_the_poster_is_an_outcome_of_that_route_alone() -> None:
    outbox = Told({0: [1], 1: [1]})
    poster = Post(error=RuntimeError("secret"))

    await Sender(outbox, poster, Signals()).drain()

    assert sorted(outbox.settled) == [(0, 1, "waiting"), (1, 1, "waiting")]


async def test_a_running_sender_is_woken_by_signals_and_stops_when_told() -> None:
    signals, outbox, poster = Signals(), Told({0: []}), Post()
    async with sending(Sender(outbox, poster, signals)):
        await asyncio.sleep(0)
        outbox.waiting[0].append(1)
        signals.publish([EVENTS])
        await outbox.has_enough.wait()

    assert outbox.is_closed
    assert poster.is_closed


async def test_what_is_under_way_is_finished_when_the_sender_stops() -> None:
    signals, outbox, poster = Signals(), Told({0: [1]}), Post(held={0})
    sender = Sender(outbox, poster, signals)
    async with sending(sender):
        await poster.has_begun.wait()
        sender.stop()
        poster.released.set()

    assert outbox.settled == [(0, 1, "delivered")]


async def test_nothing_is_begun_after_the_stop() -> None:
    outbox, poster = Told({0: [1, 2, 3]}), Post(held={0})
    sender = Sender(outbox, poster, Signals())
    async with sending(sender):
        await poster.has_begun.wait()
        sender.stop()
        poster.released.set()

    assert outbox.waiting[0] == [2, 3]
