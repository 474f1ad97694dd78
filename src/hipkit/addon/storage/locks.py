"""Locks by key, for the tasks of all event loops of a process, and of other processes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from hipkit.client.oauth import LoopLock

__all__ = ["KeyLocks"]

FIRST_PAUSE_SECONDS = 0.005
LONGEST_PAUSE_SECONDS = 0.25


def _alone(_: str) -> bool:
    return True


def _nothing(_: str) -> None:
    pass


class KeyLocks:
    """Locks by key.

    Tasks of one event loop wait for each other in order. Other loops and processes are asked again
    and again: neither can wake a loop that waits.

    Args:
        acquire: Acquires a key among processes; returns whether it could. It must not wait.
        release: Releases it.
    """

    def __init__(
        self,
        acquire: Callable[[str], bool] = _alone,
        release: Callable[[str], None] = _nothing,
    ) -> None:
        self._acquire = acquire
        self._release = release
        self._guard = threading.Lock()
        self._held: set[str] = set()
        self._waiting: WeakValueDictionary[str, LoopLock] = WeakValueDictionary()

    @asynccontextmanager
    async def lock(self, key: str) -> AsyncIterator[None]:
        """Hold the lock of a key."""
        with self._guard:
            tasks = self._waiting.get(key)
            if tasks is None:
                tasks = self._waiting[key] = LoopLock()
        async with tasks:
            pause = FIRST_PAUSE_SECONDS
            while not self._try(key):
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            try:
                yield
            finally:
                with self._guard:
                    self._release(key)
                    self._held.discard(key)

    def _try(self, key: str) -> bool:
        with self._guard:
            if key in self._held or not self._acquire(key):
                return False
            self._held.add(key)
            return True
