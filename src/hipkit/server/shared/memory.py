"""What calls share in the memory of the one process that serves them."""

from __future__ import annotations

from collections.abc import Callable

from hipkit.server.shared.limits import LimitSettings, MemoryLimits
from hipkit.server.shared.protocol import Limits, RecentCalls, Signals, SignInLimits
from hipkit.server.shared.recent_calls import MemoryRecentCalls
from hipkit.server.shared.sign_in_limits import MemorySignInLimits
from hipkit.server.shared.signals import MemorySignals

__all__ = ["MemoryState"]


class MemoryState:
    """A `SharedState` of one process.

    Args:
        settings: How much is allowed.
        clock: UNIX seconds.
        elapsed: Seconds that never go back, however the clock is set.
    """

    def __init__(
        self,
        settings: LimitSettings,
        clock: Callable[[], float],
        elapsed: Callable[[], float],
    ) -> None:
        self.limits: Limits = MemoryLimits(settings, clock, elapsed)
        self.sign_ins: SignInLimits = MemorySignInLimits(elapsed)
        self.recent_calls: RecentCalls = MemoryRecentCalls()
        self.signals: Signals = MemorySignals()

    async def exchange(self) -> None:
        """Return at once: there is no other process."""
