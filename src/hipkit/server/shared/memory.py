"""What calls share in the memory of the one process that serves them."""

from __future__ import annotations

import contextlib
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from itertools import islice, takewhile
from operator import itemgetter

from hipkit.server.observer import Observer
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
    CallCounts,
    CallFilter,
    RecentCall,
    RecordedCall,
    show_call,
)
from hipkit.server.shared.sign_in_limits import MemorySignInLimits
from hipkit.server.storage.stores.tokens import TokenRecord

__all__ = ["MemoryRecentCalls", "MemorySignals", "MemoryState"]

LONGEST_PEER = 64
TARGET_BYTES = 1024
HEADER_BYTES = 6 * 1024
"""How much memory the headers of one call may take."""
BYTES_AROUND_HEADER = 130
"""What Python needs for a header beside its letters: a tuple, two objects, and their place."""
LONGEST_PROBLEM = 600
LONGEST_ROOM = 100


class MemoryState:
    """A `SharedState` of one process.

    Args:
        settings: How much is allowed.
        clock: UNIX seconds.
        elapsed: Seconds that never go back, however the clock is set.
        observer: Told of attempts to sign in that are refused.
    """

    def __init__(
        self,
        settings: LimitSettings,
        clock: Callable[[], float],
        elapsed: Callable[[], float],
        observer: Observer | None = None,
    ) -> None:
        self.limits: Limits = MemoryLimits(settings, clock, elapsed)
        self.sign_ins: SignInLimits = MemorySignInLimits(elapsed, observer)
        self.recent_calls: RecentCalls = MemoryRecentCalls()
        self.signals: Signals = MemorySignals()

    async def exchange(self) -> None:
        """Return at once: there is no other process."""


class _Ring:
    """Calls by number, the oldest first: so many in all, and so many of one token."""

    def __init__(self, most: int, most_of_token: int) -> None:
        self.calls: OrderedDict[int, RecordedCall] = OrderedDict()
        self.numbers: dict[int | None, deque[int]] = {}
        self._most = most
        self._most_of_token = most_of_token

    def add(self, number: int, call: RecordedCall) -> None:
        """Keep a call in place of an older one."""
        self.calls[number] = call
        numbers = self.numbers.setdefault(call.token_id, deque())
        numbers.append(number)
        if len(numbers) > self._most_of_token:
            self._drop_oldest(call.token_id)
        elif len(self.calls) > self._most:
            self._drop_oldest(self._token_to_drop(call.token_id))

    def _token_to_drop(self, token_id: int | None) -> int | None:
        """Return the token that loses a call, now that one of `token_id` was one too many."""
        return next(iter(self.calls.values())).token_id

    def _drop_oldest(self, token_id: int | None) -> None:
        numbers = self.numbers[token_id]
        del self.calls[numbers.popleft()]
        if not numbers:
            del self.numbers[token_id]


class _FairRing(_Ring):
    """A ring in which the token with the most calls makes room."""

    def _token_to_drop(self, token_id: int | None) -> int | None:
        own = len(self.numbers[token_id])
        if own * len(self.numbers) >= len(self.calls):
            # Nobody is looked for while one token is alone in failing all the time.
            return token_id
        return max(self.numbers, key=lambda token: len(self.numbers[token]))


class MemoryRecentCalls:
    """The `RecentCalls` of one process: bounded in number, and of each call the beginning."""

    def __init__(
        self, most: int = 1000, most_of_token: int = 50, most_failed: int = 1000
    ) -> None:
        self._succeeded = _Ring(most, most_of_token)
        self._failed = _FairRing(most_failed, most_failed)
        self._last = 0

    def add(self, call: RecordedCall) -> None:
        """Keep a call in place of an older one."""
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
        call.room = call.room and call.room[:LONGEST_ROOM]
        self._last += 1
        ring = self._failed if call.is_failed else self._succeeded
        ring.add(self._last, call)

    def find(
        self,
        wanted: CallFilter,
        *,
        after: int = 0,
        before: int | None = None,
        count: int | None = None,
    ) -> list[RecentCall]:
        """Return calls, the newest first; see `RecentCalls.find`."""
        found = (
            show_call(number, call)
            for number, call in self._newest_first(after)
            if (before is None or number < before) and wanted.fits(call)
        )
        return list(islice(found, count))

    def count(self, wanted: CallFilter) -> CallCounts:
        """Return how many calls are kept."""
        calls = [call for _, call in self._newest_first() if wanted.fits(call)]
        return CallCounts(
            all=len(calls),
            failed=sum(call.is_failed for call in calls),
            operation_ids=frozenset(call.operation_id for call in calls),
        )

    def tokens(self, after: int = 0) -> dict[int | None, TokenRecord | None]:
        """Return the tokens with calls after a number; see `RecentCalls.tokens`."""
        found: dict[int | None, TokenRecord | None] = {}
        for _, call in self._newest_first(after):
            found.setdefault(call.token_id, call.token)
        return found

    def count_of(self, token_id: int) -> tuple[int, int]:
        """Return how many calls of a token are kept, and how many of them failed."""
        failed = len(self._failed.numbers.get(token_id, ()))
        return failed + len(self._succeeded.numbers.get(token_id, ())), failed

    def last_us(self, token_id: int) -> int | None:
        """Return when a token's latest call was, if it is kept."""
        latest = [
            (ring.numbers[token_id][-1], ring)
            for ring in (self._succeeded, self._failed)
            if token_id in ring.numbers
        ]
        if not latest:
            return None
        number, ring = max(latest, key=lambda pair: pair[0])
        return ring.calls[number].at_us

    def _newest_first(self, after: int = 0) -> Iterator[tuple[int, RecordedCall]]:
        """Yield the calls of both rings with their numbers, which belong to no other call."""
        if after > self._last:
            # A page that was open before the server started again sends such a number.
            after = 0
        rings = (self._succeeded, self._failed)
        numbered = (reversed(ring.calls.items()) for ring in rings)
        merged = merge(*numbered, key=itemgetter(0), reverse=True)
        return takewhile(lambda pair: pair[0] > after, merged)


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
