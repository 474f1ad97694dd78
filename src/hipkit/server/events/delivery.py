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
    last_event_id: int | None = None
    """The last event that it stands for, where it stands for several; they are done with when it
    is."""
    may_be_set_aside: bool = True
    """Whether it is set aside once it has been tried for as long as its kind's policy says."""

    @property
    def title(self) -> str:
        """What it is called in the log."""
        return f"event {self.event.id}"

    @property
    def until(self) -> int:
        """The last event that is done with when it is."""
        return self.event.id if self.last_event_id is None else self.last_event_id


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
    pause_seconds: float = 0.0
    """The least time until the endpoint gets the next event, after one that is done with."""
    milliseconds: int | None = None

    @property
    def seconds(self) -> float | None:
        """How long it took; `None` where nothing was sent."""
        return None if self.milliseconds is None else self.milliseconds / 1000

    @property
    def verdict(self) -> Verdict:
        """The verdict on the event."""
        return self.verdict_is or judge(self.status)
