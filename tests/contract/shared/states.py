"""The implementations that the suite runs on, each with clocks that tests set.

An implementation for several processes adds a function to `IMPLEMENTATIONS` that opens it twice:
what one counts, keeps or publishes, the other has to know once both have exchanged it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from hipkit.server.shared.limits import LimitSettings
from hipkit.server.shared.memory import MemoryState
from hipkit.server.shared.protocol import SharedState


class Clocks:
    """A wall clock, and one that never goes back."""

    def __init__(self) -> None:
        self.wall = 1_700_000_000.0
        self.passed = 5_000.0

    def go_on(self, seconds: float) -> None:
        self.wall += seconds
        self.passed += seconds


@dataclass(frozen=True)
class Two:
    """The state in two processes."""

    one: SharedState
    other: SharedState

    async def exchange(self) -> None:
        await self.one.exchange()
        await self.other.exchange()


Open = Callable[[LimitSettings, Clocks], AbstractContextManager[Two]]


@contextmanager
def open_memory(settings: LimitSettings, clocks: Clocks) -> Iterator[Two]:
    """Yield one state twice: there is only one process."""
    state = MemoryState(settings, lambda: clocks.wall, lambda: clocks.passed)
    yield Two(state, state)


IMPLEMENTATIONS: dict[str, Open] = {"memory": open_memory}
