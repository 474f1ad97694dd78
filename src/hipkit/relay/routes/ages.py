"""Tells which messages have waited for too long, whatever the clock is set to."""

from __future__ import annotations

from hipkit.server.services.context import Runtime
from hipkit.server.storage.stores.events import EventRecord
from hipkit.server.storage.stores.timestamps import SECOND_US

__all__ = ["Ages"]

LEAST_STEP_SECONDS = 2.0
"""By which the clock must be ahead of the seconds that passed to count as put forward."""


class Ages:
    """How long messages have waited, by their dates and the clock.

    What waits while the clock is put forward is never too old, as far as this process knows: its
    date and the clock disagree by as much as the clock was wrong. A computer that slept counts
    too. Before a start there is only the clock to go by.

    Args:
        runtime: The server's, with the clock and with the seconds that run evenly.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._offset_us = self._offset()
        self._kept_until = 0

    async def follow_clock(self) -> None:
        """Keep what waits if the clock was put forward since the last call, or the start."""
        before_us, self._offset_us = self._offset_us, self._offset()
        if self._offset_us - before_us >= LEAST_STEP_SECONDS * SECOND_US:
            self._kept_until = await self._runtime.stores.events.newest()

    def is_older(self, event: EventRecord, seconds: float) -> bool:
        """Return whether an event has waited for longer than some seconds, for sure."""
        if event.id <= self._kept_until:
            return False
        return event.created_us < self._runtime.now_us() - int(seconds * SECOND_US)

    def _offset(self) -> int:
        return self._runtime.now_us() - int(self._runtime.elapsed() * SECOND_US)
