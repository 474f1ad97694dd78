"""The sender, over subscriptions in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from hipkit.api.errors import StorageError
from hipkit.server.events import sender as module
from hipkit.server.events.delivery import Delivery, Outcome
from hipkit.server.events.sender import (
    LOOK_SECONDS,
    MOST_TOGETHER,
    STUCK_SECONDS,
    TIMER_SECONDS,
    TOGETHER_SECONDS,
    Sender,
    next_look,
    sending,
)
from hipkit.server.shared.memory import MemorySignals
from hipkit.server.shared.protocol import EVENTS
from hipkit.server.storage.stores.events import EventRecord
from hipkit.server.storage.stores.subscriptions import DueRecord, SubscriptionRecord


@dataclass
class MemoryPoster:
    """A poster with a given outcome, which can be held up."""

    outcome: Outcome = field(default_factory=lambda: Outcome(status=204))
    error: Exception | None = None
    held: set[int] = field(default_factory=set)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    has_begun: asyncio.Event = field(default_factory=asyncio.Event)
    posted: list[tuple[int, int]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

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


@dataclass
class MemorySource:
    """Events in memory, by subscription, and their outcomes."""

    waiting: dict[int, list[int]]
    poster: MemoryPoster = field(default_factory=MemoryPoster)
    settled: list[tuple[int, int, str]] = field(default_factory=list)
    fails: int = 0
    broken: set[int] = field(default_factory=set)
    wakes_once: bool = False
    is_together: bool = False
    seconds: float = 0.0
    open: dict[int, int] = field(default_factory=dict)
    commits: list[int] = field(default_factory=list)
    tidied: int = 0
    tidies: bool = True
    is_closed: bool = False
    enough: int = 1
    has_enough: asyncio.Event = field(default_factory=asyncio.Event)
    has_looked: asyncio.Event = field(default_factory=asyncio.Event)

    def with_poster(self, poster: MemoryPoster) -> MemorySource:
        self.poster = poster
        return self

    async def woken(self) -> Sequence[DueRecord]:
        if self.wakes_once and self.has_looked.is_set():
            return []
        self.has_looked.set()
        return [
            DueRecord(subscription_id, "test", f"host{subscription_id}.example")
            for subscription_id, events in self.waiting.items()
            if events
        ]

    async def next_delivery(
        self, kind: str, subscription_id: int, *, goes_on: bool = False
    ) -> Delivery | None:
        if subscription_id in self.broken:
            raise RuntimeError("broken")
        events = self.waiting[subscription_id]
        open_now = self.open[subscription_id] if goes_on else 0
        self.open[subscription_id] = open_now + 1
        if open_now >= len(events):
            return None
        return delivery(subscription_id, events[open_now])

    async def post(self, delivery: Delivery) -> Outcome:
        return await self.poster.post(delivery)

    def may_settle_later(self, delivery: Delivery, outcome: Outcome) -> bool:
        return self.is_together

    async def settle(self, taken: Sequence[tuple[Delivery, Outcome]]) -> float:
        if self.fails:
            self.fails -= 1
            raise StorageError("no room on the disk")
        for delivery, outcome in taken:
            subscription_id, event = delivery.subscription.id, delivery.event.id
            self.waiting[subscription_id].remove(event)
            self.settled.append((subscription_id, event, outcome.verdict))
        self.commits.append(len(taken))
        if len(self.settled) >= self.enough:
            self.has_enough.set()
        return self.seconds

    async def tidy(self) -> None:
        if not self.tidies:
            raise StorageError("no room on the disk")
        self.tidied += 1

    def close(self) -> None:
        self.is_closed = True


def delivery(subscription_id: int, event: int) -> Delivery:
    subscription = SubscriptionRecord(
        id=subscription_id,
        kind="test",
        group_id=1,
        room_id=1,
        event="room_message",
        host="",
        position=0,
    )
    record = EventRecord(
        id=event,
        group_id=1,
        room_id=1,
        event="room_message",
        item="{}",
        root="",
        created_us=0,
    )
    return Delivery(subscription=subscription, event=record)


async def test_each_subscription_gets_its_events_in_order() -> None:
    source = MemorySource(
        {subscription_id: list(range(20)) for subscription_id in range(10)}
    )
    poster = MemoryPoster()

    await Sender(source.with_poster(poster), MemorySignals()).drain()

    for subscription_id in range(10):
        got = [event for key, event in poster.posted if key == subscription_id]
        assert got == list(range(20))


async def test_no_more_are_delivered_at_once_than_allowed() -> None:
    source = MemorySource({subscription_id: [1, 2] for subscription_id in range(50)})
    poster = MemoryPoster()

    await Sender(source.with_poster(poster), MemorySignals(), most_at_once=7).drain()

    assert poster.most_at_once == 7
    assert len(source.settled) == 100


async def test_a_subscription_that_is_held_up_holds_up_no_other() -> None:
    source = MemorySource({0: [1], 1: [1, 2, 3]}, enough=3)
    poster = MemoryPoster(held={0})
    draining = asyncio.create_task(
        Sender(source.with_poster(poster), MemorySignals()).drain()
    )

    await source.has_enough.wait()

    assert {subscription_id for subscription_id, _, _ in source.settled} == {1}
    poster.released.set()
    await draining
    assert len(source.settled) == 4


async def test_an_error_of_the_poster_is_an_outcome_of_that_subscription_only() -> None:
    source = MemorySource({0: [1], 1: [1]})
    poster = MemoryPoster(error=RuntimeError("secret"))

    await Sender(source.with_poster(poster), MemorySignals()).drain()

    assert sorted(source.settled) == [(0, 1, "waiting"), (1, 1, "waiting")]


async def test_a_running_sender_is_woken_by_signals_and_stops_when_asked() -> None:
    signals, source, poster = MemorySignals(), MemorySource({0: []}), MemoryPoster()
    async with sending(Sender(source.with_poster(poster), signals)):
        await asyncio.sleep(0)
        source.waiting[0].append(1)
        signals.publish([EVENTS])
        await source.has_enough.wait()

    assert source.is_closed


async def let_others_run() -> None:
    """Let the other tasks get as far as they can without anything from outside."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_is_under_way_is_finished_when_the_sender_stops() -> None:
    source, poster = MemorySource({0: [1]}), MemoryPoster(held={0})
    sender = Sender(source.with_poster(poster), MemorySignals())
    running = asyncio.create_task(sender.run())
    await poster.has_begun.wait()

    sender.stop()
    await let_others_run()
    poster.released.set()
    await running

    assert source.settled == [(0, 1, "delivered")]


async def test_a_delivery_that_outlasts_the_grace_is_cancelled_and_not_settled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.0)
    source, poster = MemorySource({0: [1]}), MemoryPoster(held={0})
    sender = Sender(source.with_poster(poster), MemorySignals())
    running = asyncio.create_task(sender.run())
    await poster.has_begun.wait()

    sender.stop()
    await let_others_run()
    at_once = poster.at_once
    poster.released.set()
    await running

    assert at_once == 0
    assert source.settled == []


async def test_nothing_is_begun_after_the_stop() -> None:
    source, poster = MemorySource({0: [1, 2, 3]}), MemoryPoster(held={0})
    sender = Sender(source.with_poster(poster), MemorySignals())
    async with sending(sender):
        await poster.has_begun.wait()
        sender.stop()
        poster.released.set()

    assert source.waiting[0] == [2, 3]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The sender's monotonic clock, which stands still until it is set."""
    seconds = [100.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: seconds[0]))
    return seconds


@pytest.mark.parametrize("wakes_once", [True, False])
async def test_an_outcome_that_cannot_be_stored_is_stored_later_and_not_sent_again(
    clock: list[float], *, wakes_once: bool
) -> None:
    source = MemorySource({0: [1, 2]}, fails=2, wakes_once=wakes_once)
    poster = MemoryPoster()
    sender = Sender(source.with_poster(poster), MemorySignals())

    await sender.drain()
    clock[0] += STUCK_SECONDS - 1
    await sender.drain()
    assert source.fails == 1
    clock[0] += 1
    await sender.drain()
    assert source.fails == 0
    assert poster.posted == [(0, 1)]

    clock[0] += STUCK_SECONDS
    await sender.drain()
    assert poster.posted == [(0, 1), (0, 2)]
    assert source.settled == [(0, 1, "delivered"), (0, 2, "delivered")]


async def test_a_database_that_cannot_be_tidied_is_logged_and_does_not_end_the_sender(
    caplog: pytest.LogCaptureFixture,
) -> None:
    signals, source = MemorySignals(), MemorySource({}, tidies=False)

    async with sending(Sender(source, signals)):
        await source.has_looked.wait()

    assert [record.getMessage() for record in caplog.records] == [
        "events: no room on the disk"
    ]


async def test_an_unexpected_error_of_a_turn_is_logged_and_ends_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    source = MemorySource({0: [1], 1: [1]}, broken={0}, wakes_once=True)

    await Sender(source, MemorySignals()).drain()
    await let_others_run()

    assert source.settled == [(1, 1, "delivered")]
    (record,) = (one for one in caplog.records if one.levelname == "ERROR")
    assert "test 0" in record.getMessage()


async def test_a_running_sender_tidies_once_a_second_and_at_its_end(
    clock: list[float],
) -> None:
    signals, source = MemorySignals(), MemorySource({})

    async def look() -> None:
        source.has_looked.clear()
        signals.publish([EVENTS])
        await source.has_looked.wait()
        await let_others_run()

    async with sending(Sender(source, signals)):
        await source.has_looked.wait()
        await look()
        assert source.tidied == 0
        clock[0] += LOOK_SECONDS
        await look()
        await look()
        assert source.tidied == 1

    assert source.tidied == 2


async def test_outcomes_that_may_be_settled_later_are_settled_together() -> None:
    source = MemorySource({0: list(range(45))}, is_together=True)

    await Sender(source, MemorySignals()).drain()

    assert source.commits == [MOST_TOGETHER, MOST_TOGETHER, 5]
    assert [event for _, event, _ in source.settled] == list(range(45))


async def test_no_outcome_waits_long_for_others_to_be_settled_with(
    clock: list[float],
) -> None:
    source = MemorySource({0: [1, 2, 3]}, is_together=True)

    class Slow(MemoryPoster):
        async def post(self, delivery: Delivery) -> Outcome:
            clock[0] += TOGETHER_SECONDS / 2
            return await super().post(delivery)

    await Sender(source.with_poster(Slow()), MemorySignals()).drain()

    assert source.commits == [2, 1]


async def test_what_was_delivered_is_settled_when_the_next_outlasts_the_grace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.0)
    has_begun = asyncio.Event()

    class Stuck(MemoryPoster):
        async def post(self, delivery: Delivery) -> Outcome:
            if delivery.event.id == 2:
                has_begun.set()
                await self.released.wait()
            return await super().post(delivery)

    source = MemorySource({0: [1, 2]}, is_together=True)
    sender = Sender(source.with_poster(Stuck()), MemorySignals())
    running = asyncio.create_task(sender.run())
    await has_begun.wait()

    sender.stop()
    await running

    assert source.settled == [(0, 1, "delivered")]


async def test_nothing_more_is_sent_together_once_the_sender_stops() -> None:
    source, poster = MemorySource({0: [1, 2, 3]}, is_together=True), MemoryPoster()
    poster.held.add(0)
    sender = Sender(source.with_poster(poster), MemorySignals())
    async with sending(sender):
        await poster.has_begun.wait()
        sender.stop()
        poster.released.set()

    assert source.commits == [1]


async def test_a_short_pause_ends_without_waiting_for_the_next_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 3600.0)
    source = MemorySource({0: [1, 2]}, wakes_once=True, seconds=0.001, enough=2)

    async with sending(Sender(source, MemorySignals())):
        await source.has_enough.wait()

    assert [event for _, event, _ in source.settled] == [1, 2]


@pytest.mark.parametrize(("longer", "timers"), [(0.0, 1), (0.5, 0)])
async def test_a_subscription_that_waits_long_has_no_timer(
    longer: float, timers: int
) -> None:
    seconds = TIMER_SECONDS + longer
    source = MemorySource({0: [1, 2]}, wakes_once=True, seconds=seconds)
    sender = Sender(source, MemorySignals())

    await sender.drain()

    assert source.commits == [1]
    assert len(sender._timers) == timers
    sender.close()
    assert not sender._timers


async def test_all_that_looks_once_a_second_looks_at_the_same_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = asyncio.get_running_loop().time()
    monkeypatch.setattr(module, "LOOK_SECONDS", now * 2)

    assert next_look() == next_look() == now * 2
    monkeypatch.setattr(module, "LOOK_SECONDS", now / 4)
    assert next_look() > now


async def test_of_two_turns_in_a_row_only_the_timer_of_the_last_is_kept() -> None:
    source = MemorySource({0: [1, 2]}, seconds=TIMER_SECONDS)
    sender = Sender(source, MemorySignals())
    begun: list[asyncio.TimerHandle] = []
    settle = source.settle

    async def settle_and_look(taken: Sequence[tuple[Delivery, Outcome]]) -> float:
        begun.extend(sender._timers.values())
        return await settle(taken)

    source.settle = settle_and_look  # type: ignore[method-assign]  # of this one source

    await sender.drain()

    assert source.commits == [1, 1]
    assert [timer.cancelled() for timer in begun] == [True]
    assert [timer.cancelled() for timer in sender._timers.values()] == [False]
    sender.close()


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (Outcome(status=204), "test 0: 204"),
        (Outcome(problem="no answer"), "test 0: no answer"),
        (Outcome(status=200, problem="no such room"), "test 0: 200, no such room"),
        (Outcome(verdict_is="delivered"), "test 0: delivered"),
    ],
)
async def test_each_delivery_is_logged_with_what_came_of_it(
    caplog: pytest.LogCaptureFixture, outcome: Outcome, told: str
) -> None:
    caplog.set_level("INFO")
    source = MemorySource({0: [1]}).with_poster(MemoryPoster(outcome))

    await Sender(source, MemorySignals()).drain()

    assert caplog.messages == [told]
