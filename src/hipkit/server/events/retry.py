"""Back-off and pause: when a subscription is tried next (pure).

Only the first waiting event is tried, and those behind it wait, so that an endpoint gets the
events in the order in which they happened.
"""

from __future__ import annotations

from typing import Literal

from hipkit.server.storage.stores.subscriptions import (
    SubscriptionRecord,
    SubscriptionState,
)
from hipkit.server.storage.stores.timestamps import SECOND_US

__all__ = [
    "FIRST_WAIT_SECONDS",
    "LONGEST_ASKED_WAIT_SECONDS",
    "LONGEST_PROBE_SECONDS",
    "LONGEST_WAIT_SECONDS",
    "PAUSE_AFTER_SECONDS",
    "PROBE_SECONDS",
    "Verdict",
    "judge",
    "next_state",
    "wait_seconds",
]

Verdict = Literal["delivered", "refused", "waiting", "skipped"]
"""Accepted; rejected for good; to be tried again; never sent. All but `waiting` are final."""

FIRST_WAIT_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 15 * 60.0
LONGEST_ASKED_WAIT_SECONDS = 60 * 60.0
"""The longest wait that an endpoint can ask for with `Retry-After`."""

PAUSE_AFTER_SECONDS = 24 * 60 * 60
PROBE_SECONDS = 12 * 60 * 60.0
SPREAD = 0.25
"""The fraction by which waits vary, so that what failed together is not retried together."""
LONGEST_PROBE_SECONDS = PROBE_SECONDS * (1 + SPREAD)
MOST_SLOW_EVENTS = 5
"""Events in a row that it takes too long to choose, before the subscription is paused."""

TEMPORARY = frozenset({408, 425, 429})


def judge(status: int | None) -> Verdict:
    """Return what a response's status means; `None` is no response."""
    if status is not None and 200 <= status < 300:
        return "delivered"
    if status is None or status >= 500 or status in TEMPORARY:
        return "waiting"
    return "refused"


def wait_seconds(
    tries: int, chance: float, asked_seconds: float | None = None
) -> float:
    """Return how long to wait after a number of failed tries, at least 1.

    `chance`, 0 to 1, spreads simultaneous failures over half of the wait; `asked_seconds` is
    what the endpoint asked for.
    """
    doubled = FIRST_WAIT_SECONDS * 2.0 ** min(tries - 1, 30)
    wait = _spread(min(doubled, LONGEST_WAIT_SECONDS), chance)
    asked = min(asked_seconds or 0.0, LONGEST_ASKED_WAIT_SECONDS)
    return max(wait, asked)


def next_state(
    subscription: SubscriptionRecord,
    event_id: int,
    verdict: Verdict,
    *,
    now_us: int,
    chance: float,
    problem: str | None = None,
    asked_seconds: float | None = None,
    is_slow: bool = False,
) -> SubscriptionState:
    """Return the state of a subscription after its first waiting event was tried.

    With `is_slow` the event was skipped because choosing it took too long.
    """
    if verdict == "delivered":
        # A delivered event may have a problem all the same: an answer that was not posted.
        return SubscriptionState(position=event_id, problem=problem)
    since_us = subscription.failing_since_us
    since_us = now_us if since_us is None else since_us
    goes_on = verdict != "waiting"
    tries = subscription.tries + 1 if is_slow or not goes_on else 0
    is_paused = (
        subscription.paused_us is not None
        or now_us - since_us >= PAUSE_AFTER_SECONDS * SECOND_US
        or (is_slow and tries >= MOST_SLOW_EVENTS)
    )
    wait: float | None = None if goes_on else wait_seconds(tries, chance, asked_seconds)
    if is_paused:
        wait = _spread(PROBE_SECONDS, chance)
    return SubscriptionState(
        position=event_id if goes_on else subscription.position,
        tries=tries,
        failing_since_us=since_us,
        next_try_us=None if wait is None else now_us + int(wait * SECOND_US),
        paused_us=(subscription.paused_us or now_us) if is_paused else None,
        problem=problem,
    )


def _spread(seconds: float, chance: float) -> float:
    return seconds * (1 - SPREAD + 2 * SPREAD * chance)
