"""Logs what nobody would see otherwise: pauses, and events that did not reach their endpoint."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from hipkit.server.events.delivery import Delivery, Outcome
from hipkit.server.storage.stores.subscriptions import (
    SubscriptionRecord,
    SubscriptionState,
)

__all__ = ["log_pause", "log_undelivered"]

log = logging.getLogger("hipkit.server")

UNDELIVERED = {"refused": "was refused", "set_aside": "was set aside"}


def log_pause(before: SubscriptionRecord, after: SubscriptionState) -> None:
    """Log that a subscription is paused, or goes on: nobody looks at it all day."""
    if before.paused_us is None and after.paused_us is not None:
        log.warning("%s keeps failing and is paused: %s", before.title, after.problem)
    elif before.paused_us is not None and after.paused_us is None:
        log.warning("%s works again", before.title)


def log_undelivered(settled: Iterable[tuple[Delivery, Outcome]]) -> None:
    """Log each event that was refused or set aside: only by hand is it sent again."""
    for delivery, outcome in settled:
        if (became := UNDELIVERED.get(outcome.verdict)) is not None:
            title, problem = delivery.subscription.title, outcome.problem
            log.warning("%s: %s %s: %s", title, delivery.title, became, problem)
