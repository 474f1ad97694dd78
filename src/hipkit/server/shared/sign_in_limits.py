"""Limits attempts to sign in: nobody finds a password by trying, and nobody locks others out.

Only failures count. From one network a name gets 20 in five minutes. After 200 within an hour,
wherever they came from, networks from which the name never signed in get one try in 30 seconds,
all of them together; those from which it did go on as before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from hipkit.api.errors import RateLimitError
from hipkit.server.observer import Observer
from hipkit.server.shared.limits import Counter

__all__ = ["Attempt", "MemorySignInLimits"]

FAILURE_SECONDS = 300.0
MOST_FAILURES = 20
"""Of one name from one network within that time."""
MOST_FAILURES_OF_NETWORK = 100
"""Of whatever names from one network, by those who need nothing else to try."""

NAME_SECONDS = 60 * 60.0
MOST_FAILURES_OF_NAME = 200
"""Of one name within that time, before unknown networks are slowed down."""
SLOW_SECONDS = 30.0

SHARED_COUNTERS = 1 << 16
"""Names that nobody has share so many. A flood of them then neither takes memory nor ends a
count, and no counter fills by chance: that would take millions of attempts in five minutes."""
MOST_USERS = 1 << 20
MOST_PLACES = 100_000
"""Pairs of user and network. To exceed this, hundreds of users' passwords have to be tried at once,
and their names are counted still."""

TOO_MANY_TRIES = "Rate Limit exceeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt to sign in.

    Attributes:
        group_id: The group that the name is looked up in.
        name: The name as it was sent, in lower case.
        user_id: The user of this name; `None` if there is none.
        network: Where the attempt comes from.
        is_known: Whether the user has signed in from there before.
        is_open: Whether it takes neither a client's secret nor a token.
    """

    group_id: int
    name: str
    user_id: int | None
    network: str
    is_known: bool
    is_open: bool

    @property
    def name_key(self) -> Hashable:
        """The key that counts the name: the user's id, by whichever name, or a shared one."""
        if self.user_id is not None:
            return self.user_id
        return _shared(self.group_id, self.name)

    @property
    def place_key(self) -> Hashable:
        """The key that counts the name at its network."""
        if self.user_id is not None:
            return self.user_id, self.network
        return _shared(self.group_id, self.name, self.network)


def _shared(*parts: Hashable) -> int:
    # Texts have other hashes in every process, so nobody can choose names that collide. For
    # the same reason processes that count together need a hash that all of them know.
    return hash(parts) % SHARED_COUNTERS


class _Failures:
    """Counters of names: those of users, or those that nobody has.

    They count alike, so that limits do not show which names exist, and apart, so that made-up
    names push no user's count out.
    """

    def __init__(
        self, clock: Callable[[], float], most_names: int, most_places: int
    ) -> None:
        self.of_place = Counter(FAILURE_SECONDS, clock, most=most_places)
        self.of_name = Counter(NAME_SECONDS, clock, most=most_names)
        self.slow_tries = Counter(SLOW_SECONDS, clock, most=most_names)


class MemorySignInLimits:
    """The `SignInLimits` of one process."""

    def __init__(
        self, clock: Callable[[], float], observer: Observer | None = None
    ) -> None:
        self._observer = observer or Observer()
        self._lock = threading.Lock()
        self._of_users = _Failures(clock, MOST_USERS, MOST_PLACES)
        self._of_nobody = _Failures(clock, SHARED_COUNTERS, SHARED_COUNTERS)
        self._of_network = Counter(FAILURE_SECONDS, clock)

    def check(self, attempt: Attempt, *, begins: bool = False) -> None:
        """Refuse an attempt that is one too many; see `SignInLimits.check`."""
        # Checks and counts come from the threads that hash passwords. Without the lock two slow
        # attempts could begin at once, each before the other was counted.
        with self._lock:
            if self._is_exceeded(attempt, begins=begins):
                self._observer.limit("sign-ins")
                raise RateLimitError(TOO_MANY_TRIES)

    def count_failure(self, attempt: Attempt) -> None:
        """Count a wrong password."""
        with self._lock:
            failures = self._failures(attempt)
            failures.of_place.take(attempt.place_key, MOST_FAILURES)
            failures.of_name.take(attempt.name_key, MOST_FAILURES_OF_NAME)
            if attempt.is_open:
                self._of_network.take(attempt.network, MOST_FAILURES_OF_NETWORK)

    def _is_exceeded(self, attempt: Attempt, *, begins: bool) -> bool:
        failures, name = self._failures(attempt), attempt.name_key
        if failures.of_place.count(attempt.place_key) >= MOST_FAILURES:
            return True
        if attempt.is_known:
            return False
        of_network = self._of_network.count(attempt.network)
        if attempt.is_open and of_network >= MOST_FAILURES_OF_NETWORK:
            return True
        if failures.of_name.count(name) < MOST_FAILURES_OF_NAME:
            return False
        if begins:
            return failures.slow_tries.take(name, 1).is_exceeded
        return failures.slow_tries.count(name) > 0

    def _failures(self, attempt: Attempt) -> _Failures:
        return self._of_nobody if attempt.user_id is None else self._of_users
