"""A delivery and its outcome: what an endpoint is sent, and what came back (values)."""

from __future__ import annotations

from dataclasses import dataclass, field

from hipkit.server.events.retry import Verdict, judge
from hipkit.server.storage.stores.events import EventRecord
from hipkit.server.storage.stores.subscriptions import SubscriptionRecord

__all__ = ["Delivery", "Outcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The next event of a subscription. Kinds extend it by what they send."""

    subscription: SubscriptionRecord
    event: EventRecord
    skip: str | None = None
    """Why the event is not sent, if it is not; that is settled like any other outcome."""
    is_slow: bool = False
    """Whether it is skipped because choosing it took too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The outcome of a delivery."""

    status: int | None = None
    """The response's; `None` where none came."""
    problem: str | None = None
    """What went wrong, in one line without anything that was sent."""
    verdict_is: Verdict | None = None
    """The verdict, where it does not follow from the status."""
    body: bytes = field(default=b"", repr=False)
    """The body of a success, without signatures; empty where it was not read to its end."""
    answer: str | None = field(default=None, repr=False)
    """The beginning of the response's body, to be shown."""
    asked_seconds: float | None = None
    """How long to wait, by `Retry-After`."""
    milliseconds: int | None = None

    @property
    def verdict(self) -> Verdict:
        """The verdict on the event."""
        return self.verdict_is or judge(self.status)
