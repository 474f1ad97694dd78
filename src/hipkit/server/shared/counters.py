"""Counts things in windows of time, in bounded memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

__all__ = ["MOST_WINDOWS", "Allowance", "Counter", "ForwardClock", "UnixTime"]

MOST_WINDOWS = 20_000
"""Beyond this the oldest windows are dropped, so that memory stays bounded."""

STEP_SECONDS = 1.0
"""By how much the wall clock has to be off before what is told follows it: less is noise, and one
window is to be told with one end."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """Where a caller stands."""

    limit: int
    remaining: int
    reset: int
    """When the window ends, in UNIX seconds."""
    is_exceeded: bool


class ForwardClock:
    """Counts the seconds that pass on a clock, without those by which it is put back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = clock()
        self._passed = 0.0

    def __call__(self) -> float:
        """Return how many have passed."""
        with self._lock:
            now = self._clock()
            self._passed += max(0.0, now - self._last)
            self._last = now
            return self._passed


class UnixTime:
    """Tells moments of a clock that never goes back in UNIX seconds."""

    def __init__(
        self, clock: Callable[[], float], monotonic: Callable[[], float]
    ) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._offset = clock() - monotonic()

    def of(self, moment: float) -> float:
        """Return what the wall clock will show at a moment, as it is set now."""
        offset = self._clock() - self._monotonic()
        if abs(offset - self._offset) > STEP_SECONDS:
            self._offset = offset
        return moment + self._offset


class Counter:
    """Counts in windows that begin with their first call.

    Args:
        seconds: How long a window is.
        clock: Seconds that never go back.
        unix: Turns a moment of that clock into UNIX seconds.
        most: How many windows are kept.
    """

    def __init__(
        self,
        seconds: float,
        clock: Callable[[], float],
        unix: Callable[[float], float] = float,
        most: int = MOST_WINDOWS,
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._unix = unix
        self._most = most
        # All windows are equally long, so the order in which they begin is that of their ends.
        self._windows: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()

    def take(self, key: Hashable, limit: int) -> Allowance:
        """Count one call, and say where its maker stands after it."""
        now = self._clock()
        ends, count = self._windows.get(key, (0.0, 0))
        if ends <= now:
            self._windows.pop(key, None)
            self._drop_old(now)
            ends, count = now + self._seconds, 0
        count += 1
        self._windows[key] = (ends, count)
        return self._allowance(limit, max(0, limit - count), ends, count > limit)

    def count(self, key: Hashable) -> int:
        """Return how often a key was counted in its window."""
        ends, count = self._windows.get(key, (0.0, 0))
        return count if ends > self._clock() else 0

    def untouched(self, limit: int) -> Allowance:
        """Say where a caller stands who is not counted."""
        return self._allowance(limit, limit, self._clock() + self._seconds, False)

    def _allowance(
        self,
        limit: int,
        remaining: int,
        ends: float,
        is_exceeded: bool,
    ) -> Allowance:
        return Allowance(limit, remaining, int(self._unix(ends)) + 1, is_exceeded)

    def _drop_old(self, now: float) -> None:
        while self._windows:
            oldest, (ends, _) = next(iter(self._windows.items()))
            if ends > now and len(self._windows) < self._most:
                return
            del self._windows[oldest]
