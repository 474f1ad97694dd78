"""What a route is sent, an event as the message that its target gets, and its outcome (values)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hipkit.relay.message import RelayMessage
from hipkit.relay.routes.route import Route
from hipkit.server.events.delivery import Delivery, Outcome

__all__ = ["RouteDelivery", "RouteOutcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteDelivery(Delivery):
    """The next message of a route."""

    route: Route | None = None
    """The route as the file has it now; `None` where it is not in the file, or counts only."""
    message: RelayMessage | None = field(default=None, repr=False)
    references: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What is known of the target, see `RenderOptions`."""
    unread: str | None = None
    """Why the event cannot be read, if it cannot."""
    stands_for: int = 0
    """How many messages a summary stands for; 0 for a message."""

    @property
    def title(self) -> str:
        """What it is called in the log: by its id, and by no text."""
        if self.message is None:
            return f"event {self.event.id}"
        kind = "summary" if self.stands_for else "message"
        return f"{kind} {self.message.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteOutcome(Outcome):
    """The outcome of a message."""

    reference: str | None = field(default=None, repr=False)
    """What the target calls the message."""
