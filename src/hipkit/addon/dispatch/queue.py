"""The worker, which hands stored events to their handlers.

Events with one ordering key (a room of an installation) are handled one after another, those with
different keys at the same time. An event leaves the queue when its handler has ended, so it is
handled again after a crash: at least once.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from logging import getLogger
from secrets import token_hex
from typing import NoReturn, cast

from hipkit.addon.storage.protocol import QueuedEvent, Storage
from hipkit.api.errors import HipkitError, StorageError

__all__ = ["Worker"]

LOGGER = getLogger("hipkit.addon")
LEASE_SECONDS = 30.0
"""After a crash, the events that were being handled are handled again when this is over."""
LOOK_SECONDS = 5.0
"""How often the worker looks for events of other processes."""
CANCEL_SECONDS = 2.0
"""How long handlers have to end that are cancelled when the add-on stops."""
MOST_STARTS = 3
"""How often an event is begun whose handling never ended: it may itself end the process."""

Handle = Callable[[QueuedEvent], Awaitable[None]]


class Worker:
    """Handles stored events until it is stopped.

    Args:
        storage: Where events are stored.
        handle: Handles an event. It raises for nothing that the handler did.
        now: The time, in seconds since 1970.
        most: How many events may be handled at the same time: half of them of one installation and
            three quarters of one host, so that slow rooms and limits of one do not stop the others.
        pause: Waits before the storage is tried again, for tests.
    """

    def __init__(
        self,
        storage: Storage,
        handle: Handle,
        *,
        now: Callable[[], float],
        most: int = 32,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._storage = storage
        self._handle = handle
        self._now = now
        self._most = most
        self._pause = pause
        self._owner = token_hex(8)
        self._news = asyncio.Event()
        self._tasks: dict[asyncio.Task[None], QueuedEvent] = {}
        """The events that are being handled."""
        self._ended: list[int] = []
        """The events that were handled, and are still stored."""
        self._shares = {"oauth_id": max(1, most // 2), "host": max(1, most * 3 // 4)}
        """Member of events -> how many with the same value may be handled at the same time."""
        self._running = {name: Counter[str]() for name in self._shares}
        """Member -> its values, and how many events with each are being handled."""
        self._idle = asyncio.Event()
        self._is_stopping = False
        self._loops: list[asyncio.Task[NoReturn]] = []

    def start(self) -> None:
        """Start the tasks that claim events, and extend the claims."""
        self._loops = [
            asyncio.create_task(self._work()),
            asyncio.create_task(self._extend()),
        ]

    def wake(self) -> None:
        """Wake the worker: an event was stored."""
        self._news.set()

    async def extend(self) -> None:
        """Extend the claims on the events that are being handled."""
        until = self._now() + LEASE_SECONDS
        await self._storage.extend_events(owner=self._owner, until=until)

    async def drain(self) -> None:
        """Wait until no event is left that could be handled now, for tests."""
        self._idle.clear()
        self.wake()
        await self._idle.wait()

    async def stop(
        self, grace_seconds: float, *, cancel_seconds: float = CANCEL_SECONDS
    ) -> None:
        """Handle no further events; those being handled have some time to end.

        Args:
            grace_seconds: How long they have. What is cut off is handled again later.
            cancel_seconds: How long they have once they are cancelled.
        """
        self._is_stopping = True
        for each in self._loops:
            each.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self._wait(grace_seconds)
        for task in self._tasks:
            task.cancel()
        await self._wait(cancel_seconds)
        for task, event in [*self._tasks.items()]:
            LOGGER.error(
                "the handler %s does not end when it is cancelled: its event is for the next start",
                event.handler,
            )
            task.remove_done_callback(self._done)
            _close(task)
        try:
            await self._finish()
            await self._storage.release_events(owner=self._owner)
        except HipkitError:
            # They are free when their leases have run out.
            LOGGER.exception("claims on events cannot be given back")

    async def _wait(self, seconds: float) -> None:
        """Wait for what is being handled, but not for ever."""
        if self._tasks:
            await asyncio.wait([*self._tasks], timeout=seconds)

    async def _work(self) -> NoReturn:
        while True:
            self._news.clear()
            try:
                await self._finish()
                await self._claim()
            except Exception:
                # Whatever a storage raises, it is asked again.
                LOGGER.exception("events cannot be read from the storage, or removed")
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                pass

    async def _finish(self) -> None:
        """Remove the events that were handled: all at once, as each change has its price."""
        if ended := self._ended[:]:
            await self._storage.finish_events(ended, owner=self._owner)
            del self._ended[: len(ended)]

    async def _claim(self) -> None:
        """Start a task for each event that can be handled now."""
        while (free := self._most - len(self._tasks)) > 0:
            full, most = self._full(), min(free, self._open_share())
            events = await self._storage.claim_events(
                owner=self._owner,
                now=self._now(),
                lease_seconds=LEASE_SECONDS,
                most=most,
                but=full,
            )
            for event in events:
                task = asyncio.create_task(self._run(event))
                self._tasks[task] = event
                self._count(event, 1)
                task.add_done_callback(self._done)
            if len(events) < most:
                # Not if something came or ended while the storage was asked.
                if not self._tasks and not self._news.is_set():
                    self._idle.set()
                return

    def _full(self) -> list[str]:
        """Return the installations and hosts that have their share."""
        return [
            value
            for name, share in self._shares.items()
            for value, count in self._running[name].items()
            if count >= share
        ]

    def _open_share(self) -> int:
        """Return how many more events may be claimed, whoever they are of."""
        return min(
            share - count
            for name, share in self._shares.items()
            for count in (0, *self._running[name].values())
            if count < share
        )

    def _count(self, event: QueuedEvent, change: int) -> None:
        for name, running in self._running.items():
            value = getattr(event, name)
            running[value] += change
            if not running[value]:
                del running[value]

    def _done(self, task: asyncio.Task[None]) -> None:
        event = self._tasks.pop(task)
        self._count(event, -1)
        if task.cancelled() and self._is_stopping:
            return
        # A handler can cancel its own task, too.
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is not None:
            LOGGER.error(
                "an event for %s could not be handled, and is dropped",
                event.handler,
                exc_info=error,
            )
        self._ended.append(event.id)
        self.wake()

    async def _run(self, event: QueuedEvent) -> None:
        """Handle an event; again and again until the storage works, as its room waits for it."""
        if event.starts > MOST_STARTS:
            LOGGER.error(
                "an event for %s was begun %d times and never ended: it is dropped",
                event.handler,
                MOST_STARTS,
            )
            return
        while True:
            try:
                return await self._handle(event)
            except StorageError:
                LOGGER.exception("the storage fails while an event is handled")
            await self._pause(LOOK_SECONDS)

    async def _extend(self) -> NoReturn:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            try:
                await self.extend()
            except Exception:
                LOGGER.exception("claims on events cannot be extended")


def _close(task: asyncio.Task[None]) -> None:
    """End a task that was cancelled in vain, or else the event loop could not end, either."""
    coroutine = cast("Coroutine[object, None, None]", task.get_coro())
    with suppress(RuntimeError):  # Not if it waits again.
        coroutine.close()
    # Wakes it; nothing is left in it to run, which it reports as an error.
    task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    task.cancel()
