"""Sends what waits in an outbox: many routes at once, one event of each at a time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator

from hipkit.api.errors import StorageError
from hipkit.server.events.delivery import Delivery, Outcome
from hipkit.server.events.posters import Poster
from hipkit.server.events.protocol import Outbox
from hipkit.server.events.schedule import Schedule
from hipkit.server.logs import describe_error, log_task_error
from hipkit.server.shared.signals import EVENTS, Signals

__all__ = ["MOST_AT_ONCE", "Sender", "sending"]

log = logging.getLogger("hipkit.server")

MOST_AT_ONCE = 100
MOST_OF_HOST = 10
"""Of the deliveries at once that may go to one host: slow ones leave room for others."""

LOOK_SECONDS = 1.0
"""How often to look for what nobody signals: moments that come, and other processes' events."""

STUCK_SECONDS = 30.0
"""How long a route waits that the database failed."""

GRACE_SECONDS = 5.0


class Sender:
    """Takes turns with the routes that have something to do. One event loop runs it."""

    def __init__(
        self,
        outbox: Outbox,
        poster: Poster,
        signals: Signals,
        *,
        most_at_once: int = MOST_AT_ONCE,
        most_of_host: int = MOST_OF_HOST,
    ) -> None:
        self._outbox = outbox
        self._poster = poster
        self._signals = signals
        self._schedule = Schedule(most=most_at_once, most_of_host=most_of_host)
        self._turns: set[asyncio.Task[None]] = set()
        self._stuck: dict[int, tuple[str, float]] = {}
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

    async def close(self) -> None:
        """Let go of connections and threads."""
        self._outbox.close()
        await self._poster.aclose()

    async def _finish(self) -> None:
        if self._turns:
            await asyncio.wait(self._turns, timeout=GRACE_SECONDS)
        for turn in self._turns:
            # What it was delivering is delivered again at the next start.
            turn.cancel()
        await asyncio.gather(*self._turns, return_exceptions=True)
        await self._tidy()

    async def _look(self) -> None:
        """Let every route wait for its turn that may have something to do."""
        now = time.monotonic()
        for route_id, (host, end) in list(self._stuck.items()):
            if end <= now:
                del self._stuck[route_id]
                self._schedule.add(route_id, host)
        try:
            routes = await self._outbox.woken()
        except StorageError as error:
            log.error("webhooks: %s", error)
            return
        for route in routes:
            self._schedule.add(route.id, route.host)
        self._begin_turns()

    def _begin_turns(self) -> None:
        while not self._is_stopping:
            route_id = self._schedule.take()
            if route_id is None:
                return
            turn = asyncio.create_task(self._turn(route_id), name=f"webhook {route_id}")
            self._turns.add(turn)
            turn.add_done_callback(self._turns.discard)
            turn.add_done_callback(log_task_error)

    async def _turn(self, route_id: int) -> None:
        goes_on = is_stuck = False
        try:
            goes_on = await self._deliver(route_id)
        except StorageError as error:
            log.error("webhook %d: %s", route_id, error)
            is_stuck = True
        finally:
            host = self._schedule.done(route_id)
            if is_stuck:
                self._stuck[route_id] = host, time.monotonic() + STUCK_SECONDS
            if goes_on:
                self._schedule.add(route_id, host)
            self._begin_turns()

    async def _deliver(self, route_id: int) -> bool:
        delivery = await self._outbox.next_delivery(route_id)
        if delivery is None:
            return False
        outcome = await self._outcome(delivery)
        log.info("webhook %d: %s", route_id, outcome.status or outcome.problem)
        return await self._outbox.settle(delivery, outcome)

    async def _outcome(self, delivery: Delivery) -> Outcome:
        if delivery.skip is not None:
            return Outcome(verdict_is="skipped", problem=delivery.skip)
        try:
            return await self._poster.post(delivery)
        except Exception as error:
            # Whatever a receiver brings about, its route waits and the others go on. The
            # error's message is left out: it may hold what was sent.
            log.error("webhook %d: %s", delivery.subscription.id, describe_error(error))
            return Outcome(problem=f"this server failed: {type(error).__name__}")

    async def _tidy(self) -> None:
        try:
            await self._outbox.tidy()
        except StorageError as error:
            log.error("webhooks: %s", error)


@contextlib.asynccontextmanager
async def sending(sender: Sender) -> AsyncIterator[Sender]:
    """Let a sender deliver while the block runs."""
    task = asyncio.create_task(sender.run(), name="webhooks")
    task.add_done_callback(log_task_error)
    try:
        yield sender
    finally:
        sender.stop()
        try:
            await task
        finally:
            await sender.close()
