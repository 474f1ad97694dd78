"""Sends what subscriptions wait for: many at once, one event of each at a time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from hipkit.api.errors import StorageError
from hipkit.server.events.delivery import Delivery, Outcome
from hipkit.server.events.schedule import Schedule
from hipkit.server.logs import describe_error, log_task_error
from hipkit.server.shared.protocol import EVENTS, Signals
from hipkit.server.storage.stores.subscriptions import DueRecord

__all__ = ["MOST_AT_ONCE", "DeliverySource", "Sender", "sending"]

log = logging.getLogger("hipkit.server")

MOST_AT_ONCE = 100
MOST_OF_HOST = 10
"""Deliveries at once to one host: slow hosts leave room for others."""

LOOK_SECONDS = 1.0
"""How often to look for what is not signalled: due retries, and other processes' events."""

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

    async def next_delivery(self, kind: str, subscription_id: int) -> Delivery | None:
        """Return what a subscription gets next; `None` where nothing waits."""

    async def post(self, delivery: Delivery) -> Outcome:
        """Send a delivery once, within a time limit."""

    async def settle(self, delivery: Delivery, outcome: Outcome) -> bool:
        """Store an outcome, and return whether the subscription goes on at once."""

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
        most_at_once: int = MOST_AT_ONCE,
        most_of_host: int = MOST_OF_HOST,
    ) -> None:
        self._source = source
        self._signals = signals
        self._schedule: Schedule[Key] = Schedule(
            most=most_at_once, most_of_host=most_of_host
        )
        self._turns: set[asyncio.Task[None]] = set()
        self._stuck: dict[Key, tuple[str, float]] = {}
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
                    await asyncio.wait_for(self._wake.wait(), LOOK_SECONDS)
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
        """Release threads."""
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
            self._schedule.add((due.kind, due.id), due.host)
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
        goes_on = is_stuck = False
        try:
            goes_on = await self._deliver(key)
        except StorageError as error:
            # Not at once again: a full disk would be written to in a loop.
            log.error("%s: %s", _name(key), error)
            is_stuck = True
        finally:
            host = self._schedule.done(key)
            if is_stuck:
                self._stuck[key] = host, time.monotonic() + STUCK_SECONDS
            if goes_on:
                # One event a turn: a long backlog does not hold up other hosts.
                self._schedule.add(key, host)
            self._begin_turns()

    async def _deliver(self, key: Key) -> bool:
        delivery = await self._source.next_delivery(*key)
        if delivery is None:
            return False
        outcome = await self._outcome(key, delivery)
        log.info("%s: %s", _name(key), outcome.status or outcome.problem)
        # A crash before this line delivers the event again; settled before it was posted, an
        # event could be lost.
        return await self._source.settle(delivery, outcome)

    async def _outcome(self, key: Key, delivery: Delivery) -> Outcome:
        if delivery.skip is not None:
            return Outcome(verdict_is="skipped", problem=delivery.skip)
        try:
            return await self._source.post(delivery)
        except Exception as error:
            # Whatever an endpoint causes, its subscription waits and the others go on. The
            # error's message is left out: it may hold what was sent.
            log.error("%s: %s", _name(key), describe_error(error))
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


def _name(key: Key) -> str:
    kind, number = key
    return f"{kind} {number}"
