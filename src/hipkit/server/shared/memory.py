"""What calls share in the memory of the one process that serves them."""

from __future__ import annotations

import contextlib
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile

from hipkit.server.shared.limits import LimitSettings, MemoryLimits
from hipkit.server.shared.protocol import (
    Limits,
    RecentCalls,
    Signals,
    SignInLimits,
    Topic,
)
from hipkit.server.shared.recent_calls import (
    ANSWER_BYTES,
    BODY_BYTES,
    RecentCall,
    RecordedCall,
    show_call,
)
from hipkit.server.shared.sign_in_limits import MemorySignInLimits

__all__ = ["MemoryRecentCalls", "MemorySignals", "MemoryState"]

LONGEST_PEER = 64
TARGET_BYTES = 1024
HEADER_BYTES = 6 * 1024
"""How much memory the headers of one call may take."""
BYTES_AROUND_HEADER = 130
"""What Python needs for a header beside its letters: a tuple, two objects, and their place."""
LONGEST_PROBLEM = 600


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


class MemoryRecentCalls:
    """The `RecentCalls` of one process: bounded in number, and of each call the beginning."""

    def __init__(self, most: int = 1000, most_of_token: int = 50) -> None:
        self._most = most
        self._most_of_token = most_of_token
        self._calls: OrderedDict[int, RecordedCall] = OrderedDict()
        self._numbers: dict[int | None, deque[int]] = {}
        self._last = 0

    def add(self, call: RecordedCall) -> None:
        """Keep a call in place of the oldest of its token, or of all."""
        call.peer = call.peer[:LONGEST_PEER]
        call.target = call.target[:TARGET_BYTES]
        left = HEADER_BYTES
        for index, (name, value) in enumerate(call.headers):
            left -= len(name) + len(value) + BYTES_AROUND_HEADER
            if left < 0:
                call.headers = call.headers[:index]
                break
        call.body = call.body[:BODY_BYTES]
        call.answer = call.answer[:ANSWER_BYTES]
        call.problem = call.problem and call.problem[:LONGEST_PROBLEM]
        call.note = call.note and call.note[:LONGEST_PROBLEM]
        self._last += 1
        self._calls[self._last] = call
        numbers = self._numbers.setdefault(call.token_id, deque())
        numbers.append(self._last)
        if len(numbers) > self._most_of_token:
            del self._calls[numbers.popleft()]
        elif len(self._calls) > self._most:
            _, oldest = self._calls.popitem(last=False)
            of_its_token = self._numbers[oldest.token_id]
            of_its_token.popleft()
            if not of_its_token:
                del self._numbers[oldest.token_id]

    def of_token(self, token_id: int | None, after: int = 0) -> list[RecentCall]:
        """Return a token's calls, the newest first: all, or those after a number."""
        if after > self._last:
            # A page that was open before the server started again sends such a number.
            after = 0
        numbers = self._numbers.get(token_id, ())
        newer = takewhile(lambda number: number > after, reversed(numbers))
        return [show_call(number, self._calls[number]) for number in newer]

    def last_us(self, token_id: int) -> int | None:
        """Return when a token's latest call was, if it is kept."""
        numbers = self._numbers.get(token_id)
        return self._calls[numbers[-1]].at_us if numbers else None


class MemorySignals:
    """The `Signals` of one process."""

    def __init__(self) -> None:
        self.listened: dict[Topic, list[Callable[[], None]]] = {}
        self._numbers: dict[Topic, int] = {}

    @contextlib.contextmanager
    def listening(self, topic: Topic, listener: Callable[[], None]) -> Iterator[None]:
        """Call `listener` at every signal on `topic` while the block runs.

        It is called in the thread that publishes, so it only wakes another:
        `loop.call_soon_threadsafe(event.set)`.
        """
        listeners = self.listened.setdefault(topic, [])
        listeners.append(listener)
        try:
            yield
        finally:
            listeners.remove(listener)
            # Another list stands there if this one was emptied and a new listener came.
            if not listeners and self.listened.get(topic) is listeners:
                del self.listened[topic]

    def publish_once(self, topic: Topic, number: int) -> None:
        """Publish a topic if its number has grown since the last time."""
        if number > self._numbers.get(topic, 0):
            self._numbers[topic] = number
            self.publish([topic])

    def publish(self, topics: Iterable[Topic]) -> None:
        """Call every listener of the topics once for each."""
        for topic in topics:
            # A copy: a listener may end the listening of another while this goes on.
            for listener in tuple(self.listened.get(topic, ())):
                listener()
