"""Sends what subscriptions wait for: many at once, one event of each at a time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from hipkit.api.errors import StorageError
from hipkit.server.events.delivery import Delivery, Outcome
from hipkit.server.events.schedule import Schedule
from hipkit.server.logs import describe_error, log_task_error
from hipkit.server.observer import Observer
from hipkit.server.shared.protocol import EVENTS, Signals
from hipkit.server.storage.stores.subscriptions import DueRecord

__all__ = ["MOST_AT_ONCE", "DeliverySource", "Sender", "next_look", "sending"]

log = logging.getLogger("hipkit.server")

MOST_AT_ONCE = 100
MOST_OF_HOST = 10
"""Deliveries at once to one host: slow hosts leave room for others."""

LOOK_SECONDS = 1.0
"""How often to look for what is not signalled: due retries, and other processes' events."""

TIMER_SECONDS = 5.0
"""The longest wait of a subscription that has a timer; others end at the next look."""

LATE_SECONDS = 0.002
"""How much later a timer is: the clock that subscriptions wait by is another than the loop's."""

MOST_TOGETHER = 20
TOGETHER_SECONDS = 0.05
"""How many outcomes of a subscription are settled together, where its kind allows it, and how long
the first of them waits for that."""

STUCK_SECONDS = 30.0
"""How long a subscription waits after the database failed."""

GRACE_SECONDS = 5.0

Key = tuple[str, int]
"""A subscription: its kind and number."""


class DeliverySource(Protocol):
    """Where a sender gets deliveries, and what sends them and stores outcomes: `Subscriptions`.

    Each event reaches each subscription at least once and in order, or is seen to have failed. A
    source shared by several senders would have to lease a subscription to one at a time: with two,
    events would overtake each other.
    """

    async def woken(self) -> Sequence[DueRecord]:
        """Return subscriptions that may have something to do since the last call."""

    async def next_delivery(
        self, kind: str, subscription_id: int, *, goes_on: bool = False
    ) -> Delivery | None:
        """Return what a subscription gets next; `None` where nothing waits.

        With `goes_on` that is the next after the last one returned.
        """

    async def post(self, delivery: Delivery) -> Outcome:
        """Send a delivery once, within a time limit."""

    def may_settle_later(self, delivery: Delivery, outcome: Outcome) -> bool:
        """Return whether the next delivery may begin before an outcome is settled."""

    async def settle(self, taken: Sequence[tuple[Delivery, Outcome]]) -> float:
        """Store outcomes of a subscription in their order, all of them or none.

        Returns the seconds until the subscription goes on; 0 for at once.
        """

    async def tidy(self) -> None:
        """Do some housekeeping; called about once a second."""

    def close(self) -> None:
        """Release threads and the like."""


class Sender:
    """Runs deliveries in one event loop."""

    def __init__(
        self,
        source: DeliverySource,
        signals: Signals,
        *,
        observer: Observer | None = None,
        most_at_once: int = MOST_AT_ONCE,
        most_of_host: int = MOST_OF_HOST,
    ) -> None:
        self._source = source
        self._signals = signals
        self._observer = observer or Observer()
        self._schedule: Schedule[Key] = Schedule(
            most=most_at_once, most_of_host=most_of_host
        )
        self._turns: set[asyncio.Task[None]] = set()
        self._stuck: dict[Key, tuple[str, float]] = {}
        self._unsettled: dict[Key, list[tuple[Delivery, Outcome]]] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._is_stopping = False
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Deliver until `stop` is called, then finish what is under way."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self._wake.set)

        with self._signals.listening(EVENTS, wake):
            tidied = time.monotonic()
            while not self._is_stopping:
                # Cleared before looking: a signal that comes meanwhile is for the next look.
                self._wake.clear()
                await self._look()
                if time.monotonic() - tidied >= LOOK_SECONDS:
                    await self._tidy()
                    tidied = time.monotonic()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(next_look()):
                        await self._wake.wait()
        await self._finish()

    def stop(self) -> None:
        """Begin no further delivery."""
        self._is_stopping = True
        self._wake.set()

    async def drain(self) -> None:
        """Deliver everything that may be delivered now, and return when that is done."""
        while True:
            await self._look()
            if self._schedule.is_empty:
                return
            while self._turns:
                await asyncio.wait(self._turns)

    def close(self) -> None:
        """Release threads, and begin nothing any more."""
        self._is_stopping = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._source.close()

    async def _finish(self) -> None:
        if self._turns:
            await asyncio.wait(self._turns, timeout=GRACE_SECONDS)
        for turn in self._turns:
            # Its event is not settled, and so delivered again at the next start.
            turn.cancel()
        await asyncio.gather(*self._turns, return_exceptions=True)
        await self._tidy()

    async def _look(self) -> None:
        """Schedule every subscription that may have something to do."""
        now = time.monotonic()
        for key, (host, end) in list(self._stuck.items()):
            if end <= now:
                del self._stuck[key]
                self._schedule.add(key, host)
        try:
            woken = await self._source.woken()
        except StorageError as error:
            log.error("events: %s", error)
            return
        for due in woken:
            if (key := (due.kind, due.id)) not in self._stuck:
                self._schedule.add(key, due.host)
        self._begin_turns()

    def _begin_turns(self) -> None:
        while not self._is_stopping:
            key = self._schedule.take()
            if key is None:
                return
            turn = asyncio.create_task(self._turn(key), name=_name(key))
            self._turns.add(turn)
            turn.add_done_callback(self._turns.discard)
            turn.add_done_callback(log_task_error)

    async def _turn(self, key: Key) -> None:
        seconds, is_stuck = math.inf, False
        try:
            seconds = await self._deliver(key)
        except StorageError as error:
            # Not at once again: a full disk would be written to in a loop.
            log.error("%s: %s", _name(key), error)
            is_stuck = True
        finally:
            host = self._schedule.done(key)
            if is_stuck:
                self._stuck[key] = host, time.monotonic() + STUCK_SECONDS
            if seconds <= 0:
                # Few events a turn: a long backlog does not hold up other hosts.
                self._schedule.add(key, host)
            elif seconds <= TIMER_SECONDS:
                self._add_later(key, host, seconds)
            self._begin_turns()

    def _add_later(self, key: Key, host: str, seconds: float) -> None:
        """Schedule a subscription when it goes on, so that it does not wait for the next look."""

        def add() -> None:
            del self._timers[key]
            self._schedule.add(key, host)
            self._begin_turns()

        # A look may have begun a turn before an earlier timer ended: the last turn knows best.
        if (earlier := self._timers.pop(key, None)) is not None:
            earlier.cancel()
        loop = asyncio.get_running_loop()
        self._timers[key] = loop.call_later(seconds + LATE_SECONDS, add)

    async def _deliver(self, key: Key) -> float:
        """Deliver an event, or a few, and return the seconds until the subscription goes on."""
        if (kept := self._unsettled.pop(key, None)) is not None:
            return await self._settle(key, kept)
        taken: list[tuple[Delivery, Outcome]] = []
        until = time.monotonic() + TOGETHER_SECONDS
        try:
            goes_on = True
            while goes_on:
                delivery = await self._source.next_delivery(*key, goes_on=bool(taken))
                if delivery is None:
                    break
                outcome = await self._outcome(delivery)
                log.info("%s: %s", delivery.subscription.title, _told(outcome))
                self._observer.delivery(key[0], outcome.verdict, outcome.seconds)
                taken.append((delivery, outcome))
                goes_on = (
                    self._source.may_settle_later(delivery, outcome)
                    and len(taken) < MOST_TOGETHER
                    and time.monotonic() < until
                    and not self._is_stopping
                )
        finally:
            # A crash before this line delivers the events again; settled before they were posted,
            # events could be lost.
            seconds = await self._settle(key, taken) if taken else math.inf
        return seconds

    async def _settle(self, key: Key, taken: list[tuple[Delivery, Outcome]]) -> float:
        """Store outcomes. What the database does not take is kept, and stored before anything else.

        Forgotten, its events would be sent again at each try, for as long as the disk is full.
        """
        try:
            return await self._source.settle(taken)
        except StorageError:
            self._unsettled[key] = taken
            raise

    async def _outcome(self, delivery: Delivery) -> Outcome:
        if delivery.skip is not None:
            return Outcome(verdict_is="skipped", problem=delivery.skip)
        try:
            return await self._source.post(delivery)
        except Exception as error:
            # Whatever an endpoint causes, its subscription waits and the others go on. The
            # error's message is left out: it may hold what was sent.
            log.error("%s: %s", delivery.subscription.title, describe_error(error))
            return Outcome(problem=f"this server failed: {type(error).__name__}")

    async def _tidy(self) -> None:
        try:
            await self._source.tidy()
        except StorageError as error:
            log.error("events: %s", error)


@contextlib.asynccontextmanager
async def sending(sender: Sender) -> AsyncIterator[Sender]:
    """Run a sender in the background while the block runs."""
    task = asyncio.create_task(sender.run(), name="events")
    task.add_done_callback(log_task_error)
    try:
        yield sender
    finally:
        sender.stop()
        try:
            await task
        finally:
            sender.close()


def next_look() -> float:
    """Return when the event loop's time is a whole multiple of `LOOK_SECONDS` again.

    What looks once a second does so at these times: an idle server wakes up once for all of it.
    """
    now = asyncio.get_running_loop().time()
    return (now // LOOK_SECONDS + 1) * LOOK_SECONDS


def _name(key: Key) -> str:
    kind, number = key
    return f"{kind} {number}"


def _told(outcome: Outcome) -> str:
    """Return an outcome in one line. A success may have a problem all the same, and is shown so."""
    said = (outcome.status, outcome.problem)
    return ", ".join(str(part) for part in said if part) or outcome.verdict
