"""What the last messages are called at their targets, before that is stored."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

from hipkit.relay.routes.delivery import RouteDelivery
from hipkit.relay.routes.settling import references_of
from hipkit.server.events.delivery import Outcome

__all__ = ["MOST_RECENT", "RecentReferences"]

MOST_RECENT = 1_000
"""More than are ever sent and not stored."""


class RecentReferences:
    """References of messages that were delivered, whether their outcomes are settled or not.

    Messages are sent before the outcomes of those before them are stored, and may belong to their
    threads.
    """

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[int, str], str] = OrderedDict()

    def add(self, delivery: RouteDelivery, outcome: Outcome) -> None:
        """Keep what a message is called, if it was delivered."""
        for key, reference in references_of(delivery, outcome).items():
            self._found[delivery.subscription.id, key] = reference
        while len(self._found) > MOST_RECENT:
            self._found.popitem(last=False)

    def complete(self, delivery: RouteDelivery) -> RouteDelivery:
        """Return a delivery with the reference of the thread that its message belongs to."""
        route, message = delivery.route, delivery.message
        if route is None or message is None or message.thread is None:
            return delivery
        thread = message.thread
        reference = self._found.get((delivery.subscription.id, route.key(thread)))
        if reference is None:
            return delivery
        return replace(delivery, references={**delivery.references, thread: reference})
