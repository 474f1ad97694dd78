"""The seams of delivering: an engine for many machines takes the place of what is behind them.

The promise on both sides: each event reaches each receiver at least once and in order, or is
seen to have failed; `Outbox.settle` is where it counts as done. An outbox that several senders
share gives a route to one of them at a time (a lease that ends by itself), and wakes them from
whichever machine wrote the event. Nothing else in the server knows how events are sent: services
write them (`services/webhooks/publishing.py`), and people look after webhooks in the same tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hipkit.server.events.delivery import Delivery, Outcome
from hipkit.server.storage.stores.subscriptions import DueRecord

__all__ = ["Outbox"]


class Outbox(Protocol):
    """Where events wait, and what became of them is kept."""

    async def woken(self) -> Sequence[DueRecord]:
        """Return routes that may have something to do since this was last asked.

        That is those with new events and those whose moment to try again has come, at the first
        time all that are behind. One too many does no harm.
        """

    async def next_delivery(self, webhook_id: int) -> Delivery | None:
        """Return the first event that a route is to get and has not got."""

    async def settle(self, delivery: Delivery, outcome: Outcome) -> bool:
        """Store what came of a delivery, and say whether the route may go on at once."""

    async def tidy(self) -> None:
        """Do a little housekeeping; called about once a second."""

    def close(self) -> None:
        """Let go of whatever is held."""
