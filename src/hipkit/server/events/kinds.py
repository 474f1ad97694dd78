"""What is special to one kind of subscription: what it chooses, sends, and does with answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from hipkit.server.events.delivery import Delivery, Outcome
from hipkit.server.events.retry import RetryPolicy
from hipkit.server.shared.protocol import Topic
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.events import EventRecord
from hipkit.server.storage.stores.subscriptions import SubscriptionRecord

__all__ = ["Effect", "Kind"]

S = TypeVar("S", bound=SubscriptionRecord)
D = TypeVar("D", bound=Delivery)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What an endpoint's answer changed."""

    posted_id: str | None = None
    """The message that was posted."""
    problem: str | None = None
    """Why the answer was not posted, in one line."""
    topics: frozenset[Topic] = frozenset()
    """Signals to give once the change is committed."""


class Kind(Protocol[S, D]):
    """One kind of subscription; `S` is its record, and `D` its delivery.

    Position, order, retries and deliveries are the same for all kinds.
    """

    @property
    def retry(self) -> RetryPolicy:
        """When subscriptions are tried again."""

    @property
    def keeps_undelivered(self) -> bool:
        """Whether deliveries that failed are kept beside as many that did not."""

    async def get(self, stores: Stores, subscription_id: int) -> S | None:
        """Return a subscription with what this kind stores of it."""

    def is_inactive(self, subscription: S) -> bool:
        """Return whether a subscription gets nothing, whatever waits for it.

        Whoever changes that sets its next try, which wakes it.
        """

    def settles_together(self, subscription: S) -> bool:
        """Return whether events may be sent before the outcomes of earlier ones are stored.

        Only where the endpoint can tell what it is sent again: after a crash it is.
        """

    async def choose(
        self, subscription: S, events: Sequence[EventRecord]
    ) -> Delivery | None:
        """Return the first of some events that the subscription wants, if there is one.

        It is not prepared yet, or says why the event is skipped.
        """

    async def prepare(self, stores: Stores, subscription: S, event: EventRecord) -> D:
        """Return an event ready to be sent, or one to skip."""

    async def post(self, delivery: D) -> Outcome:
        """Send an event once, within a time limit.

        Whatever goes wrong at the endpoint is an outcome, not an exception.
        """

    async def settle(
        self, stores: Stores, subscription: S, delivery: Delivery, outcome: Outcome
    ) -> Effect:
        """Take in the endpoint's answer, within the command that stores the outcome."""

    def close(self) -> None:
        """Release threads and the like."""
