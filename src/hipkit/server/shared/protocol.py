"""What calls share, whether one process keeps it or several do.

No method waits: each is called in the middle of a call. An implementation for several processes
keeps what it needs in memory and exchanges it with the others beside the calls, so limits may be
exceeded by what the others counted since. `exchange` waits until nothing is left to exchange.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from hipkit.server.shared.limits import Allowance
from hipkit.server.shared.recent_calls import (
    CallCounts,
    CallFilter,
    RecentCall,
    RecordedCall,
)
from hipkit.server.shared.sign_in_limits import Attempt
from hipkit.server.storage.stores.tokens import TokenRecord

__all__ = [
    "ACCESS",
    "EVENTS",
    "Limits",
    "RecentCalls",
    "SharedState",
    "SignInLimits",
    "Signals",
    "Topic",
]

Topic = int | str
"""What a signal is about: the messages of the conversation with this id, or one of the below."""

ACCESS = "access"
"""Somebody may have lost access to something."""
EVENTS = "events"
"""There are new events for webhooks."""


class Limits(Protocol):
    """Counts calls and messages in windows of time."""

    def call(self, caller: Hashable, *, is_client: bool) -> Allowance:
        """Count a call, and return what is left."""

    def stranger(self, peer: str) -> Allowance:
        """Count a call without a valid token, by the network that it came from."""

    def address(self, peer: str, most: int) -> Allowance:
        """Count any call by the network that it came from: so many are allowed in a minute."""

    def uncounted(self) -> Allowance:
        """Return the allowance of a call that was refused before anybody was identified."""

    def message(self, caller: Hashable, conversation_id: int) -> Allowance:
        """Count a message to a room or user, and return what is left."""


class SignInLimits(Protocol):
    """Counts wrong passwords. Several threads may use it at once."""

    def check(self, attempt: Attempt, *, begins: bool = False) -> None:
        """Refuse an attempt that is one too many, without counting it.

        Args:
            attempt: The attempt.
            begins: Whether a password is tried now: where attempts are slowed down, this one
                takes the place of the next.

        Raises:
            RateLimitError: There were too many failures.
        """

    def count_failure(self, attempt: Attempt) -> None:
        """Count a wrong password."""


class RecentCalls(Protocol):
    """Keeps the latest calls: those that succeeded, and apart from them those that failed.

    Of both so many are kept, and of one token 50 that succeeded. Once there are too many failed
    calls, the token with the most of them loses its oldest: so neither a busy program nor a broken
    one pushes out the failed calls of another. Calls without a valid token count as one token's.
    """

    def add(self, call: RecordedCall) -> None:
        """Keep a call in place of an older one."""

    def find(
        self,
        wanted: CallFilter,
        *,
        after: int = 0,
        before: int | None = None,
        count: int | None = None,
    ) -> list[RecentCall]:
        """Return calls, the newest first.

        Args:
            wanted: Which ones.
            after: A call's number; only newer ones are returned.
            before: A call's number; only older ones are returned.
            count: How many at most.
        """

    def count(self, wanted: CallFilter) -> CallCounts:
        """Return how many calls are kept."""

    def tokens(self, after: int = 0) -> Mapping[int | None, TokenRecord | None]:
        """Return the tokens with calls after a number by their ids, each as it last called.

        `None` is among them if there are calls without a valid token.
        """

    def count_of(self, token_id: int) -> tuple[int, int]:
        """Return how many calls of a token are kept, and how many of them failed."""

    def last_us(self, token_id: int) -> int | None:
        """Return when a token's latest call was, if it is kept."""


class Signals(Protocol):
    """Wakes those who wait for something to be committed, in whichever process.

    A signal carries no data: its listener reads what is new from the database. So nothing is
    missed when several signals come at once, or when one came before the listening began.
    """

    @property
    def listened(self) -> Container[Topic]:
        """The topics that have listeners in this process."""

    def listening(
        self, topic: Topic, listener: Callable[[], None]
    ) -> AbstractContextManager[None]:
        """Call `listener` at every signal on `topic` while the block runs, in any thread."""

    def publish(self, topics: Iterable[Topic]) -> None:
        """Call every listener of the topics once for each."""

    def publish_once(self, topic: Topic, number: int) -> None:
        """Publish a topic if its number has grown since the last time."""


class SharedState(Protocol):
    """Everything that calls share."""

    limits: Limits
    sign_ins: SignInLimits
    recent_calls: RecentCalls
    signals: Signals

    async def exchange(self) -> None:
        """Wait until every process knows what this one counted, kept and published so far."""
