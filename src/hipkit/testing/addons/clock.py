"""A clock that tests move forward."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

__all__ = ["TestClock"]


class TestClock:
    """The time of servers and add-ons: the system's, and what was added to it.

    Args:
        clock: The system's clock, in seconds since 1970.
        monotonic: The system's clock that never goes back.
    """

    __test__ = False

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._added = 0.0

    def now(self) -> float:
        """Return the time, in seconds since 1970."""
        return self._clock() + self._added

    def elapsed(self) -> float:
        """Return seconds that never go back."""
        return self._monotonic() + self._added

    def advance(self, by: timedelta | float) -> None:
        """Move the time forward.

        Args:
            by: How far; a number is in seconds.

        Raises:
            ValueError: It is less than nothing.
        """
        seconds = by.total_seconds() if isinstance(by, timedelta) else by
        if not seconds >= 0:
            raise ValueError("the clock only moves forward")
        self._added += seconds
