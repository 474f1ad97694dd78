"""Keeps the stored times of subscriptions right while the clock is set."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hipkit.server.events.retry import RetryPolicy
from hipkit.server.storage.protocol import Database, Stores
from hipkit.server.storage.stores.timestamps import SECOND_US

__all__ = ["StoredTimes"]

LEAST_STEP_SECONDS = 2.0
"""The least difference between two clocks that counts as one being set."""


class StoredTimes:
    """The times that subscriptions wait for and count from, in the database.

    Args:
        database: Where they are.
        policies: When subscriptions of each kind are tried again.
        now_us: The wall clock, in microseconds since 1970.
        elapsed: Seconds that run evenly: against them it shows that the clock was set.
    """

    def __init__(
        self,
        database: Database,
        policies: Mapping[str, RetryPolicy],
        *,
        now_us: Callable[[], int],
        elapsed: Callable[[], float],
    ) -> None:
        self._database = database
        self._policies = policies
        self._now_us = now_us
        self._elapsed = elapsed
        self._offset_us = self._offset()
        self._longest_us = max(
            (
                _us(max(one.longest_wait, one.longest_paused_wait))
                for one in policies.values()
            ),
            default=0,
        )

    async def follow_clock(self) -> None:
        """Move the times along with the clock, if that was set.

        Otherwise a clock put back would make subscriptions wait for as much longer, and one put
        forward would make those that fail look as if they had failed all the time, and pause them.
        """
        before_us, self._offset_us = self._offset_us, self._offset()
        step_us = self._offset_us - before_us
        if abs(step_us) < LEAST_STEP_SECONDS * SECOND_US:
            return
        try:
            await self._database.write(
                lambda stores: stores.subscriptions.shift(step_us)
            )
        except BaseException:
            self._offset_us -= step_us
            raise

    async def bound(self, *, is_first: bool) -> None:
        """Shorten waits beyond the longest that there is: an earlier clock may have been ahead.

        At a start every wait is checked; later only whether one exceeds every bound.
        """
        now_us = self._now_us()
        store = self._database.stores.subscriptions
        if not is_first and not await store.is_any_after(now_us + self._longest_us):
            return

        async def command(stores: Stores) -> None:
            for name, policy in self._policies.items():
                await stores.subscriptions.bound(
                    name,
                    now_us,
                    longest_us=_us(policy.longest_wait),
                    longest_paused_us=_us(policy.longest_paused_wait),
                )

        await self._database.write(command)

    def _offset(self) -> int:
        return self._now_us() - int(self._elapsed() * SECOND_US)


def _us(seconds: float) -> int:
    return int(seconds * SECOND_US)
